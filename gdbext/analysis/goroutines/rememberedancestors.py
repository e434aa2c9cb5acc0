"""What a goroutine remembers of its ancestors, as ``runtime.Stack`` tells it (runtime/traceback.go).

It remembers them where GODEBUG=tracebackancestors=N is set: printAncestorTraceback.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from attrs import frozen

from gdbext.analysis.goroutines.grouping import NO_CREATOR, creator, locations
from gdbext.golang.runtime.ancestors import saved
from gdbext.golang.runtime.showframe import Shown
from gdbext.golang.runtime.symtab import Location

if TYPE_CHECKING:
    from gdbext.golang.runtime.ancestors import Origin
    from gdbext.golang.runtime.proc import Goroutines

INNER = 50
"""Frames that are remembered of a stack at most (tracebackInnerFrames)."""
MEMO = 1 << 12
FIRST = 1
"""The main goroutine, which nobody made."""


@frozen
class Place:
    """A function and line, and how far behind the function's start the code is."""

    location: Location
    offset: int


@frozen
class Remembered:
    """One ancestor when it ran the ``go`` statement. ``is_cut``: it was in more calls than are remembered."""

    goid: int
    calls: tuple[Place, ...]
    is_cut: bool
    created: Place | None
    """None where it is not said: of the main goroutine, and where the runtime made it itself."""


class Ancestors:
    """Of many goroutines. ``full``: the runtime's own calls too."""

    def __init__(self, goroutines: Goroutines, full: bool = False) -> None:
        self.goroutines, self.symtab, self.full = goroutines, goroutines.symtab, full
        self._shown = Shown(self.symtab)
        self._known: dict[tuple[int, bool], Place | None] = {}

    def of(self, row: int) -> list[Remembered] | None:
        """The ancestors that a goroutine remembers, its parent first; None where they cannot be read."""
        address = int(self.goroutines.g["ancestors"][row])
        if not address:
            return []
        return [self._remembered(each) for each in saved(self.goroutines.program, address)] or None

    def _remembered(self, each: Origin) -> Remembered:
        created = None if each.goid == FIRST else self._created(each.gopc)
        return Remembered(each.goid, tuple(self._calls(each.pcs)), len(each.pcs) == INNER, created)

    def _calls(self, pcs: tuple[int, ...]) -> Iterator[Place]:
        for number, pc in enumerate(pcs):
            key = pc, number == 0
            if key not in self._known:
                if len(self._known) >= MEMO:
                    self._known.clear()
                self._known[key] = self._call(*key)
            if (found := self._known[key]) is not None:
                yield found

    def _call(self, pc: int, first: bool) -> Place | None:
        """What is at the return address itself, as the runtime has it here: not what was called before it.

        Whether it is shown depends on the function that the code lies in, not on the one that is printed.
        """
        if self.symtab.function(pc) < 0:
            return None
        found = locations(self.symtab, pc, True)
        return self._place(found[0], pc) if self.full or self._shown.shows(found[-1], first) else None

    def _created(self, pc: int) -> Place | None:
        made = creator(self.goroutines, pc)
        return self._place(made, pc) if made != NO_CREATOR and self._shown.shows(made, first=False) else None

    def _place(self, location: Location, pc: int) -> Place:
        return Place(location, pc - self.symtab.entry(self.symtab.function(pc)))
