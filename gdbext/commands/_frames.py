"""What go-goroutine asks of the debugger it runs in."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from gdbext.errors import GdbextError

if TYPE_CHECKING:
    from gdbext.analysis.goroutines.nativeframes import Standing


REFUSED = ("return", "finish", "reverse-finish", "until", "advance", "jump")
"""GDB's commands that take the selected frame for one of the thread's, and change its registers or run it to there."""
GO_BACK = ("step", "next", "stepi", "nexti", "reverse-step", "reverse-next", "reverse-stepi", "reverse-nexti")
"""Those that are right once the thread's own frames are back. Others that let the program go on raise an event."""
THREADS = ("thread", "thread apply", "thread apply all")
"""And those that somebody types who wants to see threads."""


class CommandFailed(GdbextError):
    """A command of the debugger's own went wrong; the message is the debugger's."""


class Frames(Protocol):
    """A debugger whose frames can be those of a goroutine."""

    @property
    def goid(self) -> int:
        """The goroutine that was selected and still is; 0 for none, and for one that is the selected thread's own."""

    @property
    def left(self) -> int:
        """How often what was selected had to be left: another number after a command means that the program went on."""

    @property
    def thread(self) -> int:
        """The OS thread that is selected, 0 for none."""

    @property
    def thread_name(self) -> str:
        """The same in the debugger's words."""

    def select(self, where: Standing) -> str:
        """Make a goroutine the selected one; returns how the debugger shows it. Raises UsageError."""

    def visit(self, where: Standing) -> AbstractContextManager[None]:
        """The same until the end of a ``with``; then what was selected before. Raises UsageError."""

    def shown(self) -> str:
        """How the debugger shows what is selected: where it came from, and the frame."""

    def off(self) -> str:
        """Back to the thread and frame of before; returns how the debugger shows that."""

    def execute(self, line: str) -> str:
        """What one of the debugger's commands prints. Raises CommandFailed."""


__all__ = ["GO_BACK", "REFUSED", "THREADS", "CommandFailed", "Frames"]
