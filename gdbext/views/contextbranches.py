"""The folded forest of contexts as branches of a page: every context is in a line, named there or among its members."""

from __future__ import annotations

import argparse
from collections import deque
from typing import TYPE_CHECKING

import numpy as np
from attrs import define, field

from gdbext.analysis.contexts.alike import alike, children
from gdbext.report import Address
from gdbext.report.counts import plural
from gdbext.report.html import Branch, Forest as Branches
from gdbext.views.contextlines import Lines
from gdbext.views.contexts import Phrase, sentence

if TYPE_CHECKING:
    from gdbext.analysis.contexts.rows import Rows
    from gdbext.analysis.contexts.tree import Folds, Forest
    from gdbext.analysis.leaks.judged import Judged
    from gdbext.compute.arrays import I64, U64, Bools
    from gdbext.report import Cell

LINES = 1_500
"""Of the whole forest. A line with all above it comes before those below it."""
FAMILY = 60
"""Of one family, while others have lines as well."""
LEVELS = 80
SEARCHED = 1_000_000
"""Contexts whose addresses are in a page."""
UNSEARCHED = "the search knows the addresses of {:,} of {}".format
CUT = "{} not drawn: the search finds them by address, go-ctxtree 0xADDR draws them".format


@define(eq=False)
class _Line:
    """A branch that is being made. ``below``: the children of all contexts that it stands for."""

    text: list[Cell]
    members: I64 = field(repr=False)
    children: list[_Line] = field(factory=list)

    def branch(self, addresses: U64, room: list[int]) -> Branch:
        """``room``: how many addresses the page still takes."""
        many = len(self.members) if len(self.members) <= room[0] else 0
        room[0] -= many
        hidden = addresses[self.members] if many > 1 else None
        return Branch(self.text, [one.branch(addresses, room) for one in self.children], hidden)


class _Grower:
    """Makes lines, the highest first, until there are enough."""

    def __init__(self, forest: Forest, rows: Rows, judged: Judged | None, values: bool) -> None:
        args = argparse.Namespace(values=values, depth=None, all=False, limit=None)
        self.forest, self.lines = forest, Lines(forest, rows, args, judged)
        self.seen: Bools = np.zeros(len(forest.contexts), np.bool_)
        self.waiting: deque[tuple[list[_Line], Folds, I64, int]] = deque()
        self.room = LINES

    def grow(self) -> list[_Line]:
        """The lines of the roots, with all below them that there is room for."""
        roots, made = self.forest.roots(), list[_Line]()
        self.waiting.append((made, self.forest.folds(roots), roots, 0))
        while self.waiting and self.room > 0:
            self._family(*self.waiting.popleft())
        return made

    def _family(self, into: list[_Line], folds: Folds, family: I64, level: int) -> None:
        for number in range(min(len(folds), FAMILY, self.room)):
            fold = folds[number]
            every, last = alike(self.forest, fold, family)
            self.seen[every] = True
            line = _Line(self.lines.line(fold, level), every)
            into.append(line)
            self.room -= 1
            below = self.forest.below(fold.example)
            if len(below) and level < LEVELS:
                self.waiting.append((line.children, self.forest.folds(below), children(self.forest, last), level + 1))


def branches(forest: Forest, rows: Rows, judged: Judged | None = None, values: bool = False) -> Branches:
    """All that are kept. ``judged``: where it is known what becomes of each; ``values``: whether they are shown."""
    grower = _Grower(forest, rows, judged, values)
    made = grower.grow()
    rest = np.flatnonzero(forest.kept & ~grower.seen)
    addresses, room = forest.contexts.address, [SEARCHED]
    grown = [line.branch(addresses, room) for line in made + _undrawn(forest, rest)]
    return Branches(grown, cut=_cut(len(rest), int(np.count_nonzero(forest.kept))))


def _cut(undrawn: int, kept: int) -> str:
    """What a page has not, or nothing."""
    said = [CUT(plural(undrawn, "context"))] if undrawn else []
    said += [UNSEARCHED(SEARCHED, plural(kept, "context"))] if kept > SEARCHED else []
    return "; ".join(said)


def _undrawn(forest: Forest, rest: I64) -> list[_Line]:
    """A line for each kind of what has none."""
    kinds = forest.contexts.kind[rest]
    found = []
    for kind in np.unique(kinds).tolist():
        mine = rest[kinds == kind]
        first = Address(int(forest.contexts.address[mine[0]]))
        phrases: list[Phrase] = [[f"×{len(mine):,}", _name(forest, kind)], ["not drawn"], ["e.g.", first]]
        found.append(_Line(sentence(phrases), mine))
    return found


def _name(forest: Forest, kind: int) -> str:
    return forest.contexts.types.kinds[kind].name
