"""A program that was stopped to be read (``dlv … --halt``): what a command will need is copied, and it goes on.

A command that asks for the heap needs all of the program's memory. Of others only they know what they read: they are
asked while it stands still, and once more, of what they read, when it has gone on. Where it takes less time to copy
all, all is copied.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NoReturn

from gdbext.errors import GdbextError
from gdbext.later import later
from gdbext.session import Engine, Session

with later("gdbext.golang"):
    from gdbext.golang import owned
    from gdbext.golang.reading import opening
    from gdbext.golang.runtime import runtime2

if TYPE_CHECKING:
    from gdbext.golang.reading.program import Program
    from gdbext.target import Hold, Target

BYTES_A_SECOND = 150e6
"""Over a connection on one machine."""
LEAST_SECONDS, EACH_SECONDS = 0.3, 70e-6
"""What a command takes that lists goroutines, and for each of them."""


class Needed(Exception):
    """All memory is."""


def _needed(session: Session) -> NoReturn:
    raise Needed


class Rehearsal(Session):
    """For a command whose answer nobody sees; it ends where the heap is asked for."""

    heap: Engine[NoReturn] = Engine(_needed)


def read(target: Target, hold: Hold, command: Callable[[Session], Iterable[str]]) -> None:
    """Reads what a command will need of a program that was stopped for it, and lets it go on.

    Raises GdbextError, the command's own too.
    """
    program = opening.open_program(target)
    try:
        ranges = owned.ranges(program)
    except GdbextError:  # nobody knows what all is: then what has been read is all that there will be
        _rehearse(command(Session(target)))
    else:
        if _is_quick(program, ranges) or not _suffices(command(Rehearsal(target))):
            owned.copy(program, hold, ranges)
    hold.let_go()


def _rehearse(answer: Iterable[str]) -> None:
    deque(answer, maxlen=0)


def _suffices(answer: Iterable[str]) -> bool:
    try:
        _rehearse(answer)
    except Needed:
        return False
    return True


def _is_quick(program: Program, ranges: Sequence[owned.Range]) -> bool:
    """Whether all is copied in less time than a command takes that lists goroutines."""
    return owned.size(ranges) / BYTES_A_SECOND < LEAST_SECONDS + EACH_SECONDS * len(runtime2.all_gs(program))
