"""Who refers to an object, level by level, as rows of JSON and as an outline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import frozen

from gdbext.analysis.heap import referrers
from gdbext.report import Address, Cell, Hostile, Node
from gdbext.views import pathlines

if TYPE_CHECKING:
    from gdbext.analysis.heap.lookup import Lookup
    from gdbext.analysis.heap.referrerlevels import Levels
    from gdbext.analysis.heap.referrers import Referrer
    from gdbext.analysis.heap.rootnames import RootNames
    from gdbext.compute.arrays import I64


@frozen(eq=False)
class Referrers:
    """What was found, and what names it."""

    found: Levels
    lookup: Lookup
    names: RootNames

    def rows(self) -> Iterator[dict[str, Any]]:
        """The pointer words as JSON, by level."""
        words = self.found.words
        for row in range(len(words.to)):
            known = pathlines.referrer_object(self.lookup, self._word(row))
            yield {**known, **self._step(int(words.level[row]), int(words.to[row]))}

    def roots(self) -> Iterator[dict[str, Any]]:
        """The roots as JSON, by level."""
        roots = self.found.roots
        for number, to, level in zip(roots.number.tolist(), roots.to.tolist(), roots.level.tolist(), strict=True):
            yield {**pathlines.root_object(self.names.name(number)), **self._step(level, to)}

    def _step(self, level: int, to: int) -> dict[str, Any]:
        return {"depth": level, "to": Address(int(self.found.bases[to]))}

    def _word(self, row: int) -> Referrer:
        words = self.found.words
        return referrers.made(self.lookup, int(words.where[row]), int(words.says[row]))

    def lines(self) -> Iterator[str]:
        """The roots and the words, a line each, of one level."""
        for number in self.found.roots.number.tolist():
            yield f"root: {self.names.name(number).text}"
        for row in range(len(self.found.words.to)):
            one = self._word(row)
            kind = pathlines.type_of(self.lookup, one.holder)
            yield f"{one.word:#x} {one.field or pathlines.UNKNOWN} of {one.holder.base:#x} {kind}"

    def outline(self) -> Node:
        """The object, below it who refers to it, below these who refers to them."""
        target = self.lookup.numbered(int(self.found.slots[0]))
        kind = Hostile(pathlines.type_of(self.lookup, target))
        return Node([Address(target.base), kind], self._below(0))

    def _below(self, number: int) -> Iterator[Node]:
        """Who refers to an object."""
        for row in _those(self.found.roots.to, number):
            yield Node(["root:", Hostile(self.names.name(int(self.found.roots.number[row])).text)])
        for row in _those(self.found.words.to, number):
            yield self._node(row)

    def _node(self, row: int) -> Node:
        one, holder = self._word(row), int(self.found.words.holder[row])
        kind = Hostile(pathlines.type_of(self.lookup, one.holder))
        field, base = Hostile(one.field or pathlines.UNKNOWN), Address(one.holder.base)
        line: list[Cell] = [Address(one.word), field, "of", base, kind]
        if int(self.found.first[holder]) == row:
            return Node(line, self._below(holder))
        return Node([*line, self._again(row, holder)])

    def _again(self, row: int, holder: int) -> str:
        """What is said of an object that has its line elsewhere."""
        if holder == 0:
            return ", the object itself"
        return f", shown {'above' if self.found.stands_above(row) else 'below'}"


def _those(to: I64, number: int) -> range:
    """The rows of what points into an object."""
    return range(*np.searchsorted(to, [number, number + 1]).tolist())


__all__ = ["Referrers"]
