"""How a command lets the program go on: what go-spanwatch asks of the debugger that holds it, or of nobody."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from gdbext.compute import control
from gdbext.errors import UnsupportedTarget

if TYPE_CHECKING:
    from gdbext.session import Session

LOOK_SECONDS = 0.05
"""How often somebody asks whether it is enough."""
INTERRUPTED = "Ctrl-C"
ENDED = "the program has ended"


class Going(Protocol):
    """Who lets the program go on."""

    stops: bool
    """Whether it is stopped for each look at it."""

    def check(self, session: Session, here: bool) -> None:
        """Raises UsageError or UnsupportedTarget with the reason where it cannot go on. ``here``: and must be a process
        of this machine."""

    def go_on(self, enough: Callable[[], bool]) -> str:
        """Lets it go on until that is so, which is asked every LOOK_SECONDS; what ended it sooner, "" for nothing."""

    def session(self) -> Session:
        """The program as it is now. Raises GdbextError where it is gone."""


class Unstopped:
    """A process that nobody stops."""

    stops = False

    def __init__(self, session: Session) -> None:
        self._session = session

    def check(self, session: Session, here: bool) -> None:
        """It goes on anyway."""

    def go_on(self, enough: Callable[[], bool]) -> str:
        """Waits."""
        from gdbext.target import procfs

        pid = self._session.target.identity.pid or 0
        try:
            while not enough():
                control.CONTROL.check()
                procfs.check_process(pid)
                time.sleep(LOOK_SECONDS)
        except UnsupportedTarget:
            return ENDED
        except KeyboardInterrupt:
            control.CONTROL.forget()
            return INTERRUPTED
        return ""

    def session(self) -> Session:
        """The same: nothing of what is asked is kept."""
        return self._session


__all__ = ["ENDED", "INTERRUPTED", "LOOK_SECONDS", "Going", "Unstopped"]
