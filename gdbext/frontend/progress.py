"""One line on the terminal while a command works longer than a second: what it does, and for how long."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Generator, Iterable

from gdbext.compute import deaf

FIRST_SECONDS = 1.0
LOOK_SECONDS = 0.1
STDERR = 2
ERASE = "\r\x1b[K"


class Progress:
    """Says ``doing()`` once a second on a terminal, until it is stopped or the first output comes.

    What ``expected()`` says, as a long pass begins, is a line of its own that stays there. All goes to the file
    descriptor: a debugger's own stream must not be used by another thread.
    """

    def __init__(
        self, doing: Callable[[], str], expected: Callable[[], str] = lambda: "", terminal: int = STDERR
    ) -> None:
        self.doing, self.expected, self._terminal = doing, expected, terminal
        self._done, self._gone, self._started = deaf.Said(), deaf.Said(), list[int]()

    def until_output(self, pieces: Iterable[str]) -> Generator[str, None, None]:
        """The pieces; the line is shown before the first one and gone when that is handed on."""
        self._start()
        try:
            for piece in pieces:
                self._stop()
                yield piece
        finally:
            self._stop()

    def _start(self) -> None:
        if not os.isatty(self._terminal):
            return
        deaf.start(self._started, self._run, [()])

    def _stop(self) -> None:
        self._done.say()
        if self._started:
            self._gone.wait()

    def _run(self) -> None:
        try:
            self._say_from_time_to_time()
        finally:
            self._gone.say()

    def _say_from_time_to_time(self) -> None:
        began = time.monotonic()
        due, shown, told = began + FIRST_SECONDS, "", self.expected()
        with contextlib.suppress(OSError):
            while not self._done.within(LOOK_SECONDS):
                now = time.monotonic()
                if (expected := self.expected()) != told:
                    told, shown = expected, self._write(f"{expected}\n")
                if now >= due:
                    due, shown = now + 1, self._write(f"{self.doing()} … {now - began:.0f} s")
            if shown and not shown.endswith("\n"):
                self._write("")

    def _write(self, line: str) -> str:
        os.write(self._terminal, f"{ERASE}{line}".encode())
        return line
