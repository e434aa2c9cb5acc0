"""The commands inside GDB: help, errors, settings, completion, pager, colours, events, DAP."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gdbext.commands import registry
from tests import hosts, programs, tools
from tests.waiting import HANG_SECONDS

INSIDE = tools.ROOT / "tests" / "frontend" / "inside.py"
ANSI = re.compile("\x1b\\[[0-9;?]*[a-zA-Z]")


def batch(gdb: tools.Gdb, *lines: str, before: tuple[str, ...] = (), after: tuple[str, ...] = ()) -> hosts.Said:
    """What GDB said to the lines, typed after the extension was loaded."""
    return hosts.batch(gdb, [*before, *hosts.LOAD, *after], *lines)


def inside(gdb: tools.Gdb, *lines: str) -> hosts.Said:
    return batch(gdb, *lines, after=("-x", str(INSIDE)))


def test_loading_says_nothing_and_loading_twice_changes_nothing(gdb: tools.Gdb) -> None:
    said = batch(gdb, after=hosts.LOAD)
    assert (said.out, said.err) == ("", "")


def test_help_is_the_same_text_both_ways(gdb: tools.Gdb) -> None:
    asked = [(f"help {name}", "echo ---\\n", f"{name} --help", "echo ---\\n") for name in registry()]
    said = batch(gdb, *(line for lines in asked for line in lines)).out.split("---\n")
    texts = [command.help_text().strip() for command in registry().values()]
    assert [text.strip() for text in said] == [text for text in texts for _ in range(2)] + [""]


def test_help_lists_them_together(gdb: tools.Gdb) -> None:
    topic, mine = batch(gdb, "help go-", "echo ---\\n", "help user-defined").out.split("---\n")
    for name, command in registry().items():
        assert f"{name} -- {command.help}" in topic
        assert f"{name} -- {command.help}" in mine


def test_gdb_survives_any_usage(gdb: tools.Gdb) -> None:
    """A SystemExit inside a command would end GDB 18, and with it a core that took minutes to load."""
    usages = ("--nope", "-h", "--limit x", "a b c --nope", "'open", "--limit")
    said = batch(gdb, *(f"{name} {arguments}" for name in registry() for arguments in usages))
    assert "Traceback" not in said.err
    assert "SystemExit" not in said.err


def test_without_a_program_one_line_says_what_to_do(gdb: tools.Gdb) -> None:
    assert batch(gdb, "go-doctor").err == "no process and no core; attach PID, run, or core-file FILE first\n"


def test_a_script_learns_that_its_last_command_failed(gdb: tools.Gdb) -> None:
    line = [gdb.path, *hosts.BEFORE, *hosts.LOAD, "-ex", "go-doctor"]
    assert subprocess.run(line, capture_output=True, timeout=HANG_SECONDS, env=hosts.environment(gdb)).returncode == 1


def test_a_name_taken_by_another_stays_theirs(gdb: tools.Gdb) -> None:
    theirs = "define go-doctor\n  echo theirs\\n\nend\n"
    said = batch(gdb, "go-doctor", "help go-goroutines", before=("-iex", f"python gdb.execute({theirs!r})"))
    assert said.out.startswith("theirs\n")
    assert said.err == "gdbext: go-doctor is a command of another extension already; ours is not loaded\n"


FAILURES = {
    "fault": "cannot read 8 bytes at 0xc000: not in the target's readable memory",
    "gdb": 'GDB says: No symbol table is loaded. Use the "file" command.',
    "memory": "there is no memory left for this",
    "deep": "internal error at inside.py:NN: RecursionError: maximum recursion depth exceeded",
    "key": "internal error at inside.py:NN: KeyError: 'a key\\nof two lines'; set go-traceback on shows more",
    "interrupt": "interrupted; nothing is lost",
    "exit": "internal error at inside.py:NN: SystemExit: 3; set go-traceback on shows more",
}


def test_what_goes_wrong_is_one_line_and_gdb_lives(gdb: tools.Gdb) -> None:
    said = inside(gdb, *(f"go-testfail {how}" for how in FAILURES))
    assert said.out == ""
    lines = re.sub(r"py:\d+", "py:NN", said.err).splitlines()
    assert len(lines) == len(FAILURES)
    assert [line for line, start in zip(lines, FAILURES.values(), strict=True) if not line.startswith(start)] == []


def test_a_traceback_when_it_is_asked_for(gdb: tools.Gdb) -> None:
    said = inside(gdb, "set go-traceback on", "go-testfail key")
    assert "Traceback (most recent call last)" in said.err
    assert said.err.count("KeyError") == 2


def test_settings_are_shown_and_obeyed(gdb: tools.Gdb) -> None:
    said = inside(gdb, "show go-limit", "set go-limit 3", "go-testshow", "set go-limit unlimited", "show go-limit")
    assert said.out == (
        "How many rows go- commands show: 100.\n"
        "Head\n"
        "\n"
        "n  address  why     value\n"
        "0  0xc000   (torn)  secret False\n"
        "1  0xc001   (torn)  secret False\n"
        "2  0xc002   (torn)  secret False\n"
        "How many rows go- commands show: unlimited.\n"
    )


def test_a_json_document_has_no_other_limit_than_its_own(gdb: tools.Gdb) -> None:
    said = inside(gdb, "set go-limit 3", "go-testshow --json", "go-testshow --json --limit 5")
    first, second = said.out.split("\n}\n")[0], said.out
    assert json.JSONDecoder().raw_decode(first)[0]["limit"] is None
    assert second.count('"limit": 5') == 1
    assert f'"gdb": "{gdb.version}' in said.out


def test_colours_on_request_only(gdb: tools.Gdb) -> None:
    said = inside(gdb, "go-testshow --limit 1", "echo ---\\n", "set go-color on", "go-testshow --limit 1")
    plain, colored = said.out.split("---\n")
    assert "\x1b" not in plain
    assert "\x1b[01mHead" in colored


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("go-testshow --j", ["go-testshow --json"]),
        ("go-testshow --json --l", ["go-testshow --json --limit"]),
        ("go-testshow a", ["go-testshow alpha"]),
        ("go-testshow --json beta-o", ["go-testshow --json beta-one"]),
        ("go-testshow 0xc", ["go-testshow 0xc000"]),
        ("set go-color a", ["set go-color auto"]),
    ],
)
def test_completion(gdb: tools.Gdb, typed: str, found: list[str]) -> None:
    assert inside(gdb, f"complete {typed}").out.splitlines() == found


def test_output_goes_where_gdb_sends_it(gdb: tools.Gdb, tmp_path: Path) -> None:
    log = tmp_path / "log"
    said = inside(
        gdb,
        "pipe go-testshow --limit 1 | tr a-z A-Z",
        f"set logging file {log}",
        "set logging redirect on",
        "set logging enabled on",
        "go-testshow --limit 2",
        "set logging enabled off",
        'python print(len(gdb.execute("go-testshow --limit 1", to_string=True).splitlines()))',
    )
    assert "0  0XC000   (TORN)  SECRET FALSE\n" in said.out
    assert "1  0xc001   (torn)" in log.read_text()
    assert said.out.rstrip().endswith("4")


def test_large_output_goes_where_gdb_sends_it(gdb: tools.Gdb, tmp_path: Path) -> None:
    """What GDB catches, pipes or logs is all there; only what comes out at once goes past it."""
    show, small = "go-testshow --limit 500", "python from gdbext.frontend import straight; straight.LARGE = 9000"
    whole = inside(gdb, show).out
    assert len(whole) > 15_000 and inside(gdb, small, "echo before\\n", show, "echo after\\n").out == (
        f"before\n{whole}after\n"
    )
    for redirected in ("on", "off"):
        log = tmp_path / redirected
        logged = f"set logging redirect {redirected}", f"set logging file {log}", "set logging enabled on"
        said = inside(gdb, small, *logged, show, "set logging enabled off")
        assert whole in log.read_text() and (whole in said.out) == (redirected == "off")
    caught = (
        f"python text = gdb.execute({show!r}, to_string=True); print(len(text), len(gdb.execute('echo', False, True)))"
    )
    assert inside(gdb, small, caught).out == f"{len(whole)} 0\n"
    assert inside(gdb, small, f"pipe {show} | tr a-z A-Z").out == whole.upper()


def test_loading_imports_only_what_every_session_needs(gdb: tools.Gdb) -> None:
    """What it costs is in the bench; here is why it costs less than a tenth of a second."""
    show = "python print(*sys.modules)"
    bare = set(hosts.batch(gdb, [], "python import sys", show).out.split())
    loaded = set(batch(gdb, "python import sys", show).out.split()) - bare
    ours = {name for name in loaded if name.startswith("gdbext.")}
    assert {name.partition(".")[0] for name in loaded} <= {"gdb", "gdbext", *sys.stdlib_module_names}
    layers = {name.split(".")[1] for name in ours}
    assert layers == {"commands", "later", "compute", "errors", "frontend", "store"}


# At a terminal


class Terminal:
    """GDB on a terminal of its own."""

    def __init__(self, gdb: tools.Gdb, *options: str) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            env = {**hosts.environment(gdb), "TERM": "xterm"}
            command = [gdb.path, "-nx", "-q", *hosts.BEFORE[2:], "-x", str(hosts.INIT), "-x", str(INSIDE), *options]
            os.execve(gdb.path, command, env)
        self.until_prompt()

    def type(self, line: str) -> str:
        """What is printed until the next prompt."""
        os.write(self.fd, line.encode() + b"\n")
        return self.until_prompt()

    def until_prompt(self, prompt: bytes = b"(gdb) ", seconds: float = HANG_SECONDS) -> str:
        said, limit = b"", time.monotonic() + seconds
        while not ANSI.sub("", said.decode(errors="replace")).encode().endswith(prompt):
            assert time.monotonic() < limit, f"no prompt after {said!r}"
            if select.select([self.fd], [], [], 0.2)[0]:
                said += os.read(self.fd, 65536)
        return said.decode().replace("\r\n", "\n")

    def close(self) -> None:
        os.write(self.fd, b"kill\nquit\n")
        with contextlib.suppress(OSError):  # a terminal that nobody has open any more is an error to read
            while os.read(self.fd, 65536):
                pass
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        assert status == 0


@pytest.fixture
def terminal(gdb: tools.Gdb) -> Iterator[Terminal]:
    opened = Terminal(gdb)
    yield opened
    opened.close()


def test_at_a_terminal_answers_are_coloured_and_secrets_shown(terminal: Terminal) -> None:
    said = terminal.type("go-testshow --limit 1")
    assert re.search("\x1b\\[[0-9;]+mHead", said)
    assert "secret True" in said


def test_colours_end_with_gdbs_own(terminal: Terminal) -> None:
    terminal.type("set style enabled off")
    assert not re.search("\x1b\\[[0-9;]+mHead", terminal.type("go-testshow --limit 1"))


def test_nothing_coloured_and_no_secret_goes_into_a_pipe(terminal: Terminal) -> None:
    said = terminal.type("pipe go-testshow --limit 1 | cat")
    assert not re.search("\x1b\\[[0-9;]+mHead", said)
    assert "secret False" in said


def test_leaving_the_pager_is_quiet(terminal: Terminal) -> None:
    terminal.type("set height 10")
    os.write(terminal.fd, b"go-testshow --limit 5000\n")
    terminal.until_prompt(b"c to continue without paging--")
    said = ANSI.sub("", terminal.type("q"))
    assert "rror" not in said
    assert "alive" in terminal.type("echo alive\\n")


def test_ctrl_c_returns_to_the_prompt_at_once(terminal: Terminal) -> None:
    os.write(terminal.fd, b"go-testfail stop\n")
    terminal.until_prompt(b"it goes on\r\n")
    os.write(terminal.fd, b"\x03")
    said = terminal.until_prompt()
    assert "interrupted; nothing is lost" in said
    assert "alive" in terminal.type("echo alive\\n")


# With a program


@pytest.fixture(scope="module")
def core() -> programs.Core:
    return programs.core(programs.build("ctxforest", "1.27.3"), f"gcore-{tools.gdbs()[-1]}")


def test_the_session_goes_when_the_program_may_have_changed(gdb: tools.Gdb, core: programs.Core) -> None:
    """The same Session for two commands in a row; another one after another core was opened."""
    find = "python S = [c for c in __import__('gc').get_objects() if type(c).__name__ == 'Sessions'][0]; kept = []"
    keep = "python kept.append(S.current())"
    same = "python print('same', kept[-1] is kept[-2])"
    again = f"core-file {core.path}"
    lines = [find, keep, keep, same, again, keep, same, "core-file", again, keep, same]
    said = batch(gdb, *lines, before=(str(core.exe), str(core.path)))
    assert re.findall(r"same \w+", said.out) == ["same True", "same False", "same False"], said.err


def test_thread_and_frame_stay_selected(gdb: tools.Gdb, core: programs.Core) -> None:
    where = "python print('at', gdb.selected_thread().num, gdb.selected_frame().level())"
    said = batch(gdb, "thread 3", "up", where, "go-doctor", where, before=(str(core.exe), str(core.path)))
    first, second = re.findall(r"at \d+ \d+", said.out)
    assert first == second == "at 3 1"


def test_the_context_behind_an_expression_is_an_address_for_other_expressions(
    gdb: tools.Gdb, core: programs.Core
) -> None:
    address = next(at for at, one in core.truth.contexts.items() if one["kind"] == "*context.cancelCtx")
    lines = (
        f"p/x $go_ctx({address:#x})",
        f"p/x $go_ctx({address:#x}) + 1",
        "p $go_ctx(5)",
        f"p $go_ctx({address + 1:#x})",
    )
    said = batch(gdb, *lines, before=(str(core.exe), str(core.path)))
    assert re.findall(r"\$\d = (\w+)", said.out) == [f"{address:#x}", f"{address + 1:#x}"]
    assert "a value of type int is no context; give a context, a pointer or an address" in said.err
    assert f"no context is known to lie at {address + 1:#x}; go-ctxtree lists all" in said.err


def test_an_editor_gets_answers_through_dap(core: programs.Core) -> None:
    """What VS Code does: GDB has the protocol since release 14."""
    gdb = tools.gdbs()[-1]
    with Editor(gdb) as editor:
        editor.ask("initialize", adapterID="gdbext")
        attach = editor.send("attach", program=str(core.exe), coreFile=str(core.path))
        editor.ask("configurationDone")
        assert editor.response(attach)["success"]
        good = editor.ask("evaluate", expression="go-doctor --json", context="repl")
        assert json.loads(good["body"]["result"])["go_version"] == "go1.27.3"
        bad = editor.ask("evaluate", expression="go-doctor --nope", context="repl")
        assert not bad["success"]
        assert bad["message"] == "go-doctor: unrecognized arguments: --nope; go-doctor --help explains"
        assert editor.ask("evaluate", expression="go-doctor -h", context="repl")["success"]


class Editor:
    """A client of GDB's Debug Adapter Protocol."""

    def __init__(self, gdb: tools.Gdb) -> None:
        command = [gdb.path, "-nx", *hosts.BEFORE[2:], "-i", "dap", "-x", str(hosts.INIT)]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=hosts.environment(gdb))
        self.sent = 0

    def __enter__(self) -> Editor:
        return self

    def __exit__(self, *exception: object) -> None:
        self.send("disconnect", terminateDebuggee=True)
        self.process.communicate(timeout=HANG_SECONDS)
        assert self.process.returncode == 0

    def send(self, command: str, **arguments: object) -> int:
        self.sent += 1
        request = {"seq": self.sent, "type": "request", "command": command, "arguments": arguments}
        body = json.dumps(request).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()
        return self.sent

    def response(self, number: int) -> dict[str, Any]:
        while True:
            message = self.read()
            if message.get("request_seq") == number:
                return message

    def ask(self, command: str, **arguments: object) -> dict[str, Any]:
        return self.response(self.send(command, **arguments))

    def _line(self) -> bytes:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "GDB has ended, or knows no DAP (it came with release 14)"
        return line.strip()

    def read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        length = 0
        while (line := self._line()) or not length:
            name, _, value = line.partition(b":")
            length = int(value) if name == b"Content-Length" else length
        message: dict[str, Any] = json.loads(self.process.stdout.read(length))
        return message
