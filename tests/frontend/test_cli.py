"""``python -m gdbext``: exit status, errors on stderr, nothing else on stdout."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gdbext import __version__
from gdbext.commands import registry
from gdbext.frontend import cli
from tests import hosts, programs, tools
from tests.waiting import HANG_SECONDS


def run(*words: str, **more: str) -> hosts.Said:
    env = {**hosts.environment(None), **more}
    command = [sys.executable, "-m", "gdbext", *words]
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=HANG_SECONDS)
    return hosts.Said(done.stdout, done.stderr, done.returncode)


def test_asked_nothing_it_lists_the_commands() -> None:
    said = run()
    assert said.status == 0
    assert said.err == ""
    for name, command in registry().items():
        assert f"  {name:<16}{command.help}\n" in said.out
    assert run("--help") == said


def test_the_version() -> None:
    assert run("--version") == hosts.Said(f"gdbext {__version__}\n", "", 0)


def test_a_full_disk_is_one_line() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "gdbext", "--help"],
            stdout=full, stderr=subprocess.PIPE, text=True, env=hosts.environment(None), timeout=HANG_SECONDS,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "gdbext: the answer could not be written: No space left on device\n"


def test_a_closed_output_is_one_line() -> None:
    line = f"exec {sys.executable} -m gdbext --version >&-"
    done = subprocess.run(
        ["sh", "-c", line], capture_output=True, text=True, env=hosts.environment(None), timeout=HANG_SECONDS
    )
    said = "gdbext: standard output is closed; there is nowhere to write an answer\n"
    assert (done.returncode, done.stderr) == (2, said)


@pytest.mark.parametrize("name", registry())
def test_help_of_a_command_needs_no_program(name: str) -> None:
    assert run(name, "--help") == hosts.Said(registry()[name].help_text() + "\n", "", 0)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["core", "exe"], "wanted: gdbext core EXE CORE COMMAND …; gdbext --help lists the commands"),
        (["core", "exe", "core"], "wanted: gdbext core EXE CORE COMMAND …; gdbext --help lists the commands"),
        (["pid", "1"], "wanted: gdbext pid PID COMMAND …; gdbext --help lists the commands"),
        (["pid", "x", "go-doctor"], "x is not a process id"),
        (["go-doctor"], "which program?; gdbext core EXE CORE COMMAND, or gdbext pid PID COMMAND"),
        (["go-doctor", "--nope"], "go-doctor: unrecognized arguments: --nope; go-doctor --help explains"),
    ],
)
def test_wrong_usage_is_status_2(words: list[str], line: str) -> None:
    assert run(*words) == hosts.Said("", f"gdbext: {line}\n", 2)


def test_an_unknown_command_names_those_that_there_are() -> None:
    said = run("pid", "1", "go-nonsense")
    assert said.status == 2
    assert said.err == f"gdbext: no command go-nonsense; there are {', '.join(registry())}\n"


def test_what_cannot_be_answered_is_status_1_and_one_line(tmp_path: Path) -> None:
    no_core = tmp_path / "core"
    no_core.write_bytes(b"no core at all")
    said = run("core", sys.executable, str(no_core), "go-doctor")
    assert (said.out, said.status) == ("", 1)
    assert said.err.startswith("gdbext: ")
    assert said.err.count("\n") == 1


def test_a_traceback_when_it_is_asked_for(tmp_path: Path) -> None:
    said = run("--traceback", "core", str(tmp_path / "none"), str(tmp_path / "none"), "go-doctor")
    assert said.status == 1
    assert said.err.startswith("Traceback (most recent call last)")


def test_missing_dependencies_are_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("gdbext.store.home.activate", lambda: "gdbext: numba not found for Python 3.11; run install.sh")
    assert cli.main(["--help"]) == 1
    assert capsys.readouterr().err == "gdbext: numba not found for Python 3.11; run install.sh\n"


def test_a_bug_of_ours_is_one_line_with_its_place(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "overview", lambda: {}["no\nkey"])
    assert cli.main([]) == 1
    said = capsys.readouterr().err
    assert said.startswith("gdbext: internal error at test_cli.py:")
    assert said.endswith(": KeyError: 'no\\nkey'; --traceback shows more\n")


def test_a_reader_that_leaves_early_is_no_error() -> None:
    shell = f"{sys.executable} -m gdbext --markdown | head -1; echo ${{PIPESTATUS[0]}}"
    env = hosts.environment(None)
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, env=env)
    assert (done.stdout, done.stderr) == ("# Commands\n0\n", "")


def test_ctrl_c_is_quiet() -> None:
    slow = "cli.overview = lambda: print('asked', file=sys.stderr, flush=True) or time.sleep(1e6)"
    script = f"import sys, time; from gdbext.frontend import cli; {slow}; sys.exit(cli.main([]))"
    process = subprocess.Popen(
        [sys.executable, "-c", script], stderr=subprocess.PIPE, text=True, env=hosts.environment(None)
    )
    assert process.stderr is not None and process.stderr.readline() == "asked\n"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=HANG_SECONDS)
    assert (process.returncode, said) == (130, "gdbext: interrupted\n")


def test_nothing_but_ascii_can_be_written_where_the_terminal_has_no_more() -> None:
    said = run("--markdown", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert (said.status, said.err) == (0, "")


def test_commands_md_is_current() -> None:
    current = (tools.ROOT / "COMMANDS.md").read_text()
    assert run("--markdown").out == current, "refresh it: python -m gdbext --markdown > COMMANDS.md"


def test_json_alone_is_on_stdout() -> None:
    core = programs.core(programs.build("ctxforest", "1.27.3"), f"gcore-{tools.gdbs()[-1]}")
    said = run("core", str(core.exe), str(core.path), "go-doctor", "--json")
    assert (said.err, said.status) == ("", 0)
    assert json.loads(said.out)["command"] == "go-doctor"
