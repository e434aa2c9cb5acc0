"""The same commands without a debugger: ``python -m gdbext core EXE CORE go-ctxtree``."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import sys
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from gdbext import __doc__ as purpose, __version__
from gdbext.errors import GdbextError, UsageError
from gdbext.frontend import internal_error
from gdbext.frontend.progress import Progress
from gdbext.store import home

if TYPE_CHECKING:
    from gdbext.commands import Command, Look
    from gdbext.session import Session
    from gdbext.target import Hold

ANSWERED, CANNOT, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130

USAGE = """\
usage: gdbext core EXE CORE COMMAND …   a core file
       gdbext pid PID COMMAND …         a running process; it is never stopped
       gdbext live PID COMMAND …        the same, stopped for as long as copying it takes: all is of one moment
       gdbext dlv ADDRESS EXE [--halt] COMMAND …
                                        what a headless Delve holds; --halt: a program that runs
                                        is stopped for as long as copying takes what is asked for
       gdbext rss --run 'COMMAND' …     how fast the memory of programs grows, side by side
       gdbext go-diff BEFORE AFTER      two files that go-heapdump wrote
       gdbext COMMAND --help            what a command does

options, first:
  --traceback   show where an error came from
  --version     print the version
  --markdown    print COMMANDS.md
"""

HOSTS = {"core": ("EXE", "CORE"), "pid": ("PID",), "live": ("PID",), "dlv": ("ADDRESS", "EXE")}
"""What names the target."""
HALT = "--halt"
LOOK = "GDBEXT_LOOK"
"""In the environment: how a debugger that has us answer in its place wants it, as JSON."""


class _CannotWrite(Exception):
    """The disk is full, say. Not of the target's files, whose errors are not ours to name."""


def main(words: Sequence[str]) -> int:
    """Run one command line; returns the exit status: 0 answered, 1 cannot (the reason is on stderr), 2 wrong usage."""
    trace, words = _take_traceback(list(words))
    try:
        return _main(words)
    except UsageError as error:
        return _fail(str(error), WRONG_USAGE, trace)
    except GdbextError as error:
        return _fail(str(error), CANNOT, trace)
    except BrokenPipeError:  # `| head` has read enough
        _drop_output()
        return ANSWERED
    except _CannotWrite as error:
        _drop_output()
        return _fail(f"the answer could not be written: {error}", CANNOT, trace)
    except KeyboardInterrupt:
        _drop_output()
        return _fail("interrupted", INTERRUPTED, False)
    except Exception as error:  # noqa: BLE001  an error of ours is one line too
        return _fail(internal_error(error, "--traceback"), CANNOT, trace)


def _drop_output() -> None:
    """What is still to be written goes nowhere: the reader may be gone, and after Ctrl-C nothing more is printed."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _take_traceback(words: list[str]) -> tuple[bool, list[str]]:
    if words and words[0] == "--traceback":
        return True, words[1:]
    return False, words


def _fail(line: str, status: int, trace: bool) -> int:
    if trace:
        traceback.print_exc()
    print(f"gdbext: {line}", file=sys.stderr)
    return status


def _main(words: list[str]) -> int:
    if sys.stdout is None:
        raise UsageError("standard output is closed", "there is nowhere to write an answer")
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # LC_ALL=C cannot write guides
    missing = home.activate()
    if missing:
        raise GdbextError(missing.removeprefix("gdbext: "))
    if not words or words[0] in ("-h", "--help"):
        return _write(overview())
    if words[0] == "--version":
        return _write(f"gdbext {__version__}\n")
    if words[0] == "--markdown":
        return _write(markdown())
    if words[0] == "rss":
        return _record(words[1:])
    return _command(words)


def _record(words: list[str]) -> int:
    from gdbext.frontend.rss import command

    for piece in command.answer(words, _look()):
        _put(piece)
    _flush()
    return ANSWERED


def markdown() -> str:
    """COMMANDS.md."""
    from gdbext.commands import registry
    from gdbext.frontend.markdown import render_markdown
    from gdbext.frontend.rss import options

    return "".join(render_markdown(registry().values(), options.help_text()))


def overview() -> str:
    """What is printed when nothing is asked."""
    from gdbext.commands import registry

    lines = [f"  {command.name:<16}{command.help}\n" for command in registry().values()]
    return f"{purpose}\n\n{USAGE}\ncommands:\n{''.join(lines)}"


def _command(words: list[str]) -> int:
    from gdbext.commands import run_line
    from gdbext.compute.control import CONTROL

    host, where, rest = _target(words)
    command = _find(rest[0])
    session: list[Session] = []

    def open_session() -> Session:
        session.append(_open(host, where))
        hold = session[0].target.hold
        if hold is not None and hold.halted:
            _read_halted(session[0], hold, lambda stopped: run_line(command, rest[1:], lambda: stopped, _look()))
        return session[0]

    try:
        with CONTROL.watched():
            pieces = _while_it_stands(run_line(command, rest[1:], open_session, _look()), session)
            for piece in _progress(session).until_output(pieces):
                _put(piece)
                _flush()
            for opened in session:
                opened.keep()
    finally:
        for opened in session:
            opened.close()
    return ANSWERED


def _progress(session: Sequence[Session]) -> Progress:
    return Progress(
        lambda: session[0].progress if session else "opening", lambda: session[0].expected if session else ""
    )


def _read_halted(session: Session, hold: Hold, ask: Callable[[Session], Iterable[str]]) -> None:
    from gdbext.frontend import halted

    session.doing = "copying the program's memory while it is stopped"
    halted.read(session.target, hold, ask)


def _while_it_stands(pieces: Iterator[str], session: Sequence[Session]) -> Generator[str, None, None]:
    """The answer. Of a target that is held for it all of it, and only then anything of it."""
    for first in pieces:
        holds = [opened.target.hold for opened in session if opened.target.hold is not None]
        whole = [first, *pieces] if holds else itertools.chain([first], pieces)
        for hold in holds:
            hold.let_go()
        yield from whole


def _target(words: list[str]) -> tuple[str, list[str], list[str]]:
    """(host, what names the target, the command and its arguments)."""
    host = words[0]
    if host not in HOSTS:
        return "", [], words
    first = 1 + len(HOSTS[host])
    halt = [word for word in words[first : first + 1] if host == "dlv" and word == HALT]
    rest = words[first + len(halt) :]
    if not rest:
        raise UsageError(f"wanted: gdbext {host} {' '.join(HOSTS[host])} COMMAND …", "gdbext --help lists the commands")
    return host, words[1:first] + halt, rest


def _find(name: str) -> Command:
    from gdbext.commands import registry

    commands = registry()
    if name not in commands:
        raise UsageError(f"no command {name}", f"there are {', '.join(commands)}")
    return commands[name]


def _open(host: str, where: list[str]) -> Session:
    from gdbext.session import Session
    from gdbext.target import opening

    if host == "core":
        return Session(opening.open_core(*where))
    if host == "pid":
        return Session(opening.open_pid(_pid(where[0])))
    if host == "live":
        from gdbext.golang import snapshots

        return Session(snapshots.snapshot(_pid(where[0])))
    if host == "dlv":
        from gdbext.golang import owned  # noqa: F401  before the program is stopped

        return Session(opening.open_delve(where[0], where[1], HALT in where[2:]))
    raise UsageError("which program?", "gdbext core EXE CORE COMMAND, or gdbext pid PID COMMAND")


def _pid(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise UsageError(f"{text} is not a process id")
    return int(text)


def _look() -> Look:
    from gdbext.commands import Look

    if wanted := os.environ.get(LOOK):
        return Look(**json.loads(wanted))
    terminal = sys.stdout.isatty()
    color = terminal and os.environ.get("TERM", "dumb") != "dumb" and not os.environ.get("NO_COLOR")
    return Look(color=color, width=shutil.get_terminal_size().columns if terminal else None, terminal=terminal)


def _write(text: str) -> int:
    _put(text)
    _flush()
    return ANSWERED


@contextlib.contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _CannotWrite(error.strerror) from error


def _put(text: str) -> None:
    with _writing():
        sys.stdout.write(text)


def _flush() -> None:
    with _writing():
        sys.stdout.flush()
