"""How soon Ctrl-C is answered, with what, and whether the next command answers: ``python -m tests.bench.interrupts``.

Every host and command is interrupted at moments spread over the whole of its answer; one line of the table for each.
TimeoutError where no prompt comes, or the command after it does not answer.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen
from tabulate import tabulate

from tests import hosts, tools
from tests.programs import Core, build, core
from tests.waiting import HANG_SECONDS

COMMANDS = (
    "go-histogram",
    "go-ctxtree",
    "go-ctxtree --json",
    "go-ctxchain --all",
    "go-goroutines --all",
    "go-stacks --all",
    "go-ctxleaks",
    "go-retained --limit 9",
    "go-cycles",
)
MOST_SECONDS = HANG_SECONDS
QUIET_SECONDS = 10
"""Without a word: the answer is there, and shorter."""
MOST_KEPT = 1 << 20
SEARCHING = 0.0
"""The moment at which the core has been mapped: contexts are looked for."""
HEADERS = (
    "host",
    "command",
    "answered before",
    "interrupted",
    "median s",
    "longest s",
    "said",
    "status",
)
CONTROLS = re.compile(rb"\x1b\[[0-9;?]*[a-zA-Z]|\r")


class Ended(Exception):
    """The host ended."""


class Talk:
    """A host that was started, and what it says. ``pid`` gets the signal."""

    def __init__(self, pid: int, reader: int, writer: int) -> None:
        self.pid, self.reader, self.writer, self.said = pid, reader, writer, b""
        self.keeps_first = False
        """How an answer ended stands at its beginning, and not at its end."""
        self.status: int | None = None
        """Once it was waited for."""

    def read(self, seconds: float) -> bool:
        """Take what comes within that time; whether something came."""
        if not select.select([self.reader], [], [], seconds)[0]:
            return False
        try:
            more = os.read(self.reader, 1 << 20)
        except OSError:  # a terminal whose other side has gone
            more = b""
        if not more:
            raise Ended
        said = self.said + more
        self.said = said[:MOST_KEPT] if self.keeps_first else said[-MOST_KEPT:]
        return True

    def until(self, wanted: re.Pattern[bytes]) -> re.Match[bytes]:
        """Wait for what is said, and take all up to it."""
        limit = time.monotonic() + MOST_SECONDS
        while not (found := wanted.search(self.said)):
            self.read(max(0.0, limit - time.monotonic()))
            if time.monotonic() > limit:
                raise TimeoutError(f"no {wanted.pattern!r} after {self.said[-300:]!r}")
        self.said = self.said[found.end() :]
        return found

    def write(self, data: bytes) -> None:
        os.write(self.writer, data)

    def wait(self) -> int:
        """Read on until it ends; its status, below 0 for a signal."""
        with contextlib.suppress(Ended):
            while self.read(MOST_SECONDS):
                pass
            raise TimeoutError(f"does not end after {self.said[-300:]!r}")
        self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.status

    def close(self) -> None:
        """Whatever hangs goes."""
        for file in {self.reader, self.writer}:
            os.close(file)
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)


class Host:
    """How one kind of host is talked to."""

    name: str
    answered: re.Pattern[bytes]
    """What ends an answer, and tells how it ended."""

    def start(self, taken: Core, command: str) -> Talk:
        raise NotImplementedError

    def ask(self, talk: Talk, command: str) -> None:
        raise NotImplementedError

    def interrupt(self, talk: Talk) -> None:
        os.kill(talk.pid, signal.SIGINT)

    def leave(self, talk: Talk) -> None:
        raise NotImplementedError


def _default_sigint() -> None:
    """A shell starts what stands in the background with SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _debugger(gdb: tools.Gdb, *options: str) -> list[str]:
    return [gdb.path, "-nx", "-q", *hosts.BEFORE[2:], *options, "-x", str(hosts.INIT)]


def _piped(command: list[str], gdb: tools.Gdb | None) -> Talk:
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=hosts.environment(gdb),
        cwd=tempfile.gettempdir(), preexec_fn=_default_sigint,
    )  # fmt: skip
    assert process.stdin and process.stdout
    talk = Talk(process.pid, os.dup(process.stdout.fileno()), os.dup(process.stdin.fileno()))
    process.stdin.close()
    process.stdout.close()
    process.returncode = 0  # waited for by its pid
    return talk


class Terminal(Host):
    answered = re.compile(rb"\(gdb\) \Z")

    def __init__(self, gdb: tools.Gdb) -> None:
        self.gdb, self.name = gdb, f"GDB {gdb.version}, terminal"

    def start(self, taken: Core, command: str) -> Talk:
        pid, fd = pty.fork()
        if not pid:
            _default_sigint()
            line = _debugger(self.gdb, "-ex", "set height 0", "-ex", "set width 200", str(taken.exe), str(taken.path))
            os.execve(line[0], line, {**hosts.environment(self.gdb), "TERM": "dumb"})
        talk = Talk(pid, fd, fd)
        talk.until(self.answered)
        return talk

    def ask(self, talk: Talk, command: str) -> None:
        talk.write(command.encode() + b"\n")

    def interrupt(self, talk: Talk) -> None:
        talk.write(b"\x03")

    def leave(self, talk: Talk) -> None:
        talk.write(b"quit\n")


class Machine(Host):
    answered = re.compile(rb"(?:^|\n)\d+\^([^\n]*)\n\(gdb\) \n")

    def __init__(self, gdb: tools.Gdb) -> None:
        self.gdb, self.name = gdb, f"GDB {gdb.version}, mi3"

    def start(self, taken: Core, command: str) -> Talk:
        talk = _piped(_debugger(self.gdb, "-i", "mi3", str(taken.exe), str(taken.path)), self.gdb)
        talk.until(re.compile(rb"\(gdb\) \n"))
        return talk

    def ask(self, talk: Talk, command: str) -> None:
        talk.write(b'1-interpreter-exec console "%s"\n' % command.encode())

    def leave(self, talk: Talk) -> None:
        talk.write(b"-gdb-exit\n")


class Editor(Host):
    answered = re.compile(rb'"command": "evaluate", ("success": (?:true|false)[^\r\n]{0,80})')

    def __init__(self, gdb: tools.Gdb) -> None:
        self.gdb, self.name, self.sent = gdb, f"GDB {gdb.version}, dap", 0

    def send(self, talk: Talk, command: str, **arguments: object) -> int:
        self.sent += 1
        request = {"seq": self.sent, "type": "request", "command": command, "arguments": arguments}
        body = json.dumps(request).encode()
        talk.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        return self.sent

    def start(self, taken: Core, command: str) -> Talk:
        talk = _piped(_debugger(self.gdb, "-i", "dap"), self.gdb)
        talk.keeps_first = True
        self.send(talk, "initialize", adapterID="gdbext")
        self.send(talk, "attach", program=str(taken.exe), coreFile=str(taken.path))
        self.send(talk, "configurationDone")
        talk.until(re.compile(rb'"command": "attach"|"attach"[^}]*"success": true'))
        while talk.read(0.5):
            pass
        talk.said = b""
        return talk

    def ask(self, talk: Talk, command: str) -> None:
        talk.said = b""
        self.asked = self.send(talk, "evaluate", expression=command, context="repl")

    def interrupt(self, talk: Talk) -> None:
        self.send(talk, "cancel", requestId=self.asked)

    def leave(self, talk: Talk) -> None:
        self.send(talk, "disconnect", terminateDebuggee=True)


class Plain(Host):
    """Ends with its answer: its next command is another process."""

    name = "python -m gdbext"

    def start(self, taken: Core, command: str) -> Talk:
        return _piped(hosts.plain_line(taken, command.split()), None)


@frozen
class Round:
    """One interruption: None where the answer was there before. The next command has answered."""

    seconds: float | None
    said: str
    status: int


def interrupted(host: Host, taken: Core, command: str, moment: float) -> Round:
    talk = host.start(taken, command)
    try:
        if isinstance(host, Plain):
            return _plain(talk, taken, moment)
        return _asked(host, talk, taken, command, moment)
    finally:
        talk.close()


def _pass(talk: Talk, taken: Core, moment: float) -> None:
    """Read as a front end does until the moment comes; SEARCHING, or below 0, until so many characters have."""
    while moment == SEARCHING and str(taken.path) not in Path(f"/proc/{talk.pid}/maps").read_text():
        talk.read(0.001)
    while moment < 0 and len(talk.said) < -moment and talk.read(QUIET_SECONDS):
        pass
    limit = time.monotonic() + moment
    while (left := limit - time.monotonic()) > 0:
        talk.read(left)


def _asked(host: Host, talk: Talk, taken: Core, command: str, moment: float) -> Round:
    host.ask(talk, command)
    _pass(talk, taken, moment)
    before = host.answered.search(talk.said) is not None
    began = time.monotonic()
    if not before:
        host.interrupt(talk)
    answer = host.answered.search(talk.said) or talk.until(host.answered)
    seconds = time.monotonic() - began
    while talk.read(0.3):  # nothing of the old answer may come now
        pass
    late = talk.said.strip() if not before and isinstance(host, Terminal) else b""
    talk.said = b""
    host.ask(talk, r"echo \141live")  # what is typed comes back from a terminal
    talk.until(re.compile(b"alive"))
    host.leave(talk)
    said = _said(answer[1] if answer.re.groups else answer.string[: answer.start()])
    said += f", then {late[-40:]!r}" if late else ""
    return Round(None if before else seconds, said, talk.wait())


def _plain(talk: Talk, taken: Core, moment: float) -> Round:
    try:
        _pass(talk, taken, moment)
    except Ended:
        return Round(None, "", talk.wait())
    began = time.monotonic()
    os.kill(talk.pid, signal.SIGINT)
    status = talk.wait()
    return Round(time.monotonic() - began, _said(talk.said), status)


def _said(text: bytes) -> str:
    """How an answer ended: its last line, without what is the answer's own."""
    last = CONTROLS.sub(b"", text).strip().rsplit(b"\n", 1)[-1].decode(errors="replace")
    if "interrupted; nothing is lost" in last or last.endswith("gdbext: interrupted"):
        return "interrupted"
    return "done" if last.startswith(("done", '"success": true')) else last[-60:]


def every_host() -> Iterator[Host]:
    for gdb in tools.gdbs():
        yield Terminal(gdb)
        yield Machine(gdb)
    yield Editor(tools.gdbs()[-1])
    yield Plain()


def row(host: Host, taken: Core, command: str, moments: list[float]) -> list[object]:
    rounds = [interrupted(host, taken, command, moment) for moment in moments]
    times = sorted(one.seconds for one in rounds if one.seconds is not None)
    said = sorted({one.said for one in rounds if one.seconds is not None})
    middle, longest = (f"{times[len(times) // 2]:.3f}", f"{times[-1]:.3f}") if times else ("", "")
    statuses = " ".join(map(str, sorted({one.status for one in rounds})))
    return [
        host.name,
        command,
        len(rounds) - len(times),
        len(times),
        middle,
        longest,
        "; ".join(said),
        statuses,
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.interrupts", description=__doc__)
    parser.add_argument("--contexts", type=int, default=400_000)
    parser.add_argument("--goroutines", type=int, default=20_000)
    parser.add_argument("--moments", type=float, nargs="+", default=[0.02, 0.1, 0.3, 0.6, 1.0, 1.5, 2.2])
    parser.add_argument("--host", default="", help="only hosts whose name holds this")
    args = parser.parse_args()
    os.environ["PYTHONPATH"] = os.pathsep.join((str(tools.ROOT), os.environ.get("PYTHONPATH", "")))
    flags = ("-contexts", str(args.contexts), "-goroutines", str(args.goroutines))
    taken = core(build("scale", tools.EVERY_GO[-1]), f"gcore-{tools.gdbs()[-1]}", *flags)
    wanted = [host for host in every_host() if args.host in host.name]
    rows = []
    for host in wanted:
        rows += [row(host, taken, command, args.moments) for command in COMMANDS]
        print(f"{host.name}: done", file=sys.stderr)
    print(tabulate(rows, HEADERS, disable_numparse=True))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
