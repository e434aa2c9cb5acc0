"""How a command is asked: with no debugger on a core, a running pid or a copy of it (live), in each GDB and over a
Delve's RPC on a core and a process."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen

from gdbext.store import home
from tests import conversation, headless, tools
from tests.programs import Core, Program, Running, core, run
from tests.waiting import HANG_SECONDS

Subject = Core | Running
INIT = tools.ROOT / "gdbext" / "gdbinit.py"
BEFORE = ("-nx", "-batch", "-iex", "set auto-load python-scripts off", "-iex", "set debuginfod enabled off")
LOAD = ("-x", str(INIT))
LIVES = "it lives"
INTERNAL = "A problem internal to GDB"


@frozen
class Said:
    """What a run printed."""

    out: str
    err: str
    status: int


@frozen
class Host:
    """``place``: "core" or "live" (what it is asked about); ``gdb``: None for ``python -m gdbext``, which ``dlv`` has
    read through a headless Delve, and ``copied`` stop the process for a copy of each command's own."""

    place: str
    gdb: tools.Gdb | None = None
    dlv: bool = False
    copied: bool = False

    def __str__(self) -> str:
        if self.dlv:
            return f"dlv-{self.place}"
        if self.gdb:
            return f"gdb{self.gdb.version}-{self.place}"
        if self.copied:
            return "live"
        return "core" if self.place == "core" else "pid"


class NoAnswer(AssertionError):
    """The command printed no JSON document."""


def hosts() -> tuple[Host, ...]:
    """Every host: core, pid, live, and each GDB and Delve on a core and on a process."""
    places = ("core", "live")
    debuggers = [Host(place, gdb) for gdb in tools.gdbs() for place in places]
    return (*map(Host, places), Host("live", copied=True), *debuggers, *(Host(place, dlv=True) for place in places))


@contextlib.contextmanager
def subject(host: Host, program: Program, *args: str) -> Iterator[Subject]:
    """The program as ``host`` meets it: a core by its own GDB (by the newest one where it has none), or the process.

    What ``ask`` and ``say`` ask of it from this host they ask one front end, which a GDB holds the process with.
    """
    with contextlib.ExitStack() as stack:
        if host.place == "core":
            found: Subject = core(program, f"gcore-{host.gdb or tools.gdbs()[-1]}", *args)
        else:
            found = stack.enter_context(run(program, *args))
        stack.enter_context(_asked(host, found))
        yield found


_conversations: dict[tuple[Host, int], list[conversation.Conversation]] = {}
"""By host and identity of the subject, while the subject is met: the front end that is asked, once one was needed."""
_servers: dict[int, str] = {}
"""By identity of a subject that a headless Delve holds: the address."""


@contextlib.contextmanager
def _asked(host: Host, subject: Subject) -> Iterator[None]:
    _conversations[host, id(subject)] = []
    try:
        with _held(host, subject):
            yield
    finally:
        for started in _conversations.pop((host, id(subject))):
            started.close()


@contextlib.contextmanager
def _held(host: Host, subject: Subject) -> Iterator[None]:
    """One Delve for all that is asked."""
    if not host.dlv:
        yield
        return
    with headless.serving(headless.target(subject)) as server:
        _servers[id(subject)] = server.address
        try:
            yield
        finally:
            del _servers[id(subject)]


def _front_end(host: Host, subject: Subject) -> conversation.Conversation:
    if host.gdb:
        return conversation.with_gdb(gdb_line(host.gdb, subject), environment(host.gdb))
    return conversation.without(_line(host, subject)[3:], environment(None))


def ask(host: Host, subject: Subject, *command: str, seconds: float = HANG_SECONDS) -> dict[str, Any]:
    """The JSON document of ``command`` (its words; --json is added)."""
    said = say(host, subject, *command, "--json", seconds=seconds)
    if not (document := find_document(said.out, command[0])):
        asked = f"{host} gave no JSON for {' '.join(command)}: status {said.status}"
        raise NoAnswer(f"{asked}\n{said.out[-2000:]}\n{said.err[-4000:]}")
    if host.copied:
        _check_stop(subject, document)
    return document


def _check_stop(subject: Subject, document: dict[str, Any]) -> None:
    """The first note tells for how long the process stood still; the others are those of any host."""
    assert isinstance(subject, Running)
    seconds = document["target"]["stopped_ns"] / 1e9
    said = f"process {subject.pid} was stopped for {seconds:.2f} s: all this is of that moment"
    assert document["notes"].pop(0) == said


def say(host: Host, subject: Subject, *command: str, seconds: float = HANG_SECONDS) -> Said:
    """What the command printed."""
    started = _conversations.get((host, id(subject)))
    if started is None:
        return say_alone(host, subject, *command, seconds=seconds)
    if not started:
        started.append(_front_end(host, subject))
    return Said(*started[0].say(*command), 0)


def say_alone(host: Host, subject: Subject, *command: str, seconds: float = HANG_SECONDS) -> Said:
    """The same of a front end that is started for this one command."""
    if host.gdb:
        return batch(host.gdb, [*place(subject), *LOAD], " ".join(command), seconds=seconds)
    with _held(host, subject) if id(subject) not in _servers else contextlib.nullcontext():
        said = _run(_line(host, subject, command), environment(None), seconds)
    assert said.status >= 0, f"it died of signal {-said.status}"
    return said


def batch(
    gdb: tools.Gdb,
    where: Sequence[str],
    *lines: str,
    together: bool = False,
    env: Mapping[str, str] | None = None,
    seconds: float = HANG_SECONDS,
) -> Said:
    """What a GDB with the options ``where`` said to the lines; it must have lived after the last one.

    The status alone tells nothing: GDB may end with 1 after an internal error too, and with 0 after any last line that
    was fine. ``together``: errors stand in the output, where they came.
    """
    typed = [word for line in (*lines, f"echo {LIVES}\\n") for word in ("-ex", line)]
    said = _run([gdb.path, *BEFORE, *where, *typed], {**environment(gdb), **(env or {})}, seconds, together)
    before, mark, after = said.out.rpartition(f"{LIVES}\n")
    dead = not mark or said.status or INTERNAL in said.out + said.err
    assert not dead, f"GDB ended with {said.status}:\n{said.out[-3000:]}\n{said.err[-3000:]}"
    return Said(before + after, said.err, said.status)


def _run(line: Sequence[str], env: Mapping[str, str], seconds: float, together: bool = False) -> Said:
    errors = subprocess.STDOUT if together else subprocess.PIPE
    done = subprocess.run(
        line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, timeout=seconds, env=env
    )
    out, err = ((text or b"").decode(errors="replace") for text in (done.stdout, done.stderr))
    return Said(out, err, done.returncode)


def find_document(text: str, command: str) -> dict[str, Any] | None:
    """The JSON object with ``"command": command`` that starts a line: a debugger prints lines of its own around it."""
    decoder = json.JSONDecoder()
    for at in [0, *(place + 1 for place, letter in enumerate(text) if letter == "\n")]:
        if text.startswith("{", at):
            try:
                document, _ = decoder.raw_decode(text, at)
            except json.JSONDecodeError:
                continue
            if isinstance(document, dict) and document.get("command") == command:
                return document
    return None


def environment(gdb: tools.Gdb | None) -> dict[str, str]:
    """The environment of a run: an installed private folder serves as it is; else this Python's packages do.

    What the tests' own PYTHONPATH names was made for this Python; a GDB may embed another one.
    """
    env = dict(os.environ, DEBUGINFOD_URLS="", TERM="dumb")
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # compiling our modules at each start would take longer than a command
    ours = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if gdb:
        env.pop("PYTHONPATH", None)
    if (gdb.python if gdb else ours) == ours and not (home.folder() / f"py{ours}").is_dir():
        env["PYTHONPATH"] = os.pathsep.join((str(tools.ROOT), sysconfig.get_path("purelib")))
    return env


def _line(host: Host, subject: Subject, command: Sequence[str] = ()) -> list[str]:
    if host.dlv:
        return [sys.executable, "-m", "gdbext", "dlv", _servers[id(subject)], str(subject.exe), *command]
    if host.copied:
        assert isinstance(subject, Running)
        return [sys.executable, "-m", "gdbext", "live", str(subject.pid), *command]
    return plain_line(subject, command)


def plain_line(subject: Subject, command: Sequence[str] = ()) -> list[str]:
    """The command line without a debugger."""
    program = [sys.executable, "-m", "gdbext"]
    if isinstance(subject, Core):
        return [*program, "core", str(subject.exe), str(subject.path), *command]
    return [*program, "pid", str(subject.pid), *command]


def gdb_line(gdb: tools.Gdb, subject: Subject) -> list[str]:
    """The command line of a GDB in batch mode."""
    return [gdb.path, *BEFORE, *place(subject), *LOAD]


def place(subject: Subject) -> list[str]:
    """The options that open a core, or attach."""
    return [str(subject.exe), str(subject.path)] if isinstance(subject, Core) else ["-p", str(subject.pid)]
