"""The engine in another interpreter: for a GDB whose own Python has no numba, as there may be no wheel for it yet.

What is typed runs in the reader without a debugger that install.sh wrote, on the same core, and looks the same.
"""

from __future__ import annotations

import codecs
import json
import os
import selectors
import shlex
import signal
import subprocess
import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from gdbext.compute.control import CONTROL
from gdbext.errors import GdbextError, UnsupportedTarget, UsageError
from gdbext.frontend.cli import LOOK

if TYPE_CHECKING:
    from gdbext.commands import Command, Look

LOOK_SECONDS = 0.05
PIECE = 1 << 16
SAYS = "gdbext: "


class Elsewhere(NamedTuple):
    """``program``: the reader without a debugger."""

    program: str

    def run(self, command: Command, line: str, look: Look) -> Generator[str, None, None]:
        """What the command prints, as it comes. Raises GdbextError with what it says when it fails."""
        words = [command.name, *_words(line)]
        if words[-1] in ("-h", "--help"):
            yield f"{command.help_text()}\n"
            return
        if command.runs_commands:
            raise UsageError(f"{command.name} needs numba in {python()}", "go-stacks N shows a goroutine's stack")
        asked = [self.program, "core", *self._core(words), *words]
        with _started(asked, look) as process:
            yield from _output(process)

    def _core(self, words: Sequence[str]) -> tuple[str, str]:
        """The program and the core that GDB has."""
        from gdbext.target import inferior

        found = inferior.core_and_program()
        if isinstance(found, tuple):
            return found
        why = f"{python()} has no numba, and only cores are read by another interpreter"
        typed = f"in another terminal: {shlex.join([self.program, 'pid', str(found), *words])}"
        raise UnsupportedTarget(why, typed if found else "type generate-core-file FILE, then core-file FILE")


def python() -> str:
    """Which one has no numba."""
    return f"GDB's Python {sys.version_info[0]}.{sys.version_info[1]}"


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:  # an expression with a quote of its own
        return line.split()


@contextmanager
def _started(asked: Sequence[str], look: Look) -> Iterator[subprocess.Popen[bytes]]:
    """Ctrl-C reaches it through us alone, whoever got it; it is gone at the end."""
    shown = {name: getattr(look, name) for name in ("limit", "color", "width", "terminal", "debugger")}
    pipe, env = subprocess.PIPE, {**os.environ, LOOK: json.dumps(shown)}
    process = subprocess.Popen(
        asked, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, env=env, start_new_session=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        with process:
            pass


def _output(process: subprocess.Popen[bytes]) -> Iterator[str]:
    said, decoder = bytearray(), codecs.getincrementaldecoder("utf-8")("replace")
    for is_answer, data in _pieces(process):
        if is_answer:
            yield decoder.decode(data)
        else:
            said += data
    if process.wait():
        lines = said.decode(errors="replace").strip().splitlines() or [f"{process.args!r} said nothing"]
        raise GdbextError(lines[-1].removeprefix(SAYS))


def _pieces(process: subprocess.Popen[bytes]) -> Iterator[tuple[bool, bytes]]:
    """What comes, as it comes: (whether it is of the answer, the bytes)."""
    with selectors.DefaultSelector() as pipes:
        assert process.stdout is not None and process.stderr is not None
        pipes.register(process.stdout, selectors.EVENT_READ)
        pipes.register(process.stderr, selectors.EVENT_READ)
        while pipes.get_map():
            for key, _ in pipes.select(LOOK_SECONDS):
                if data := os.read(key.fd, PIECE):
                    yield key.fileobj is process.stdout, data
                else:
                    pipes.unregister(key.fileobj)
            CONTROL.check()
