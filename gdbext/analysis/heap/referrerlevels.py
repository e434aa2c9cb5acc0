"""Who refers to an object, who refers to those, and so on: breadth first, one pass over the heap for each level."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from attrs import define, field, frozen

from gdbext.analysis.heap import referrers
from gdbext.analysis.heap.flow import Flowed
from gdbext.analysis.heap.lookup import Lookup, Object
from gdbext.compute.arrays import I32, I64, U64
from gdbext.golang.runtime.mgcmark import Roots


@frozen(eq=False)
class Words:
    """Pointer words by level, then by the object they point into, then by address.

    ``where``, ``says``: as of ``referrers.pointing_to``. ``to``, ``holder``: the objects that a word points into and
    that it lies in. ``level``: 1 for words that point into the object that was asked about. ``total``: how many there
    are, with those that nobody wanted to see.
    """

    where: U64
    says: U64
    to: I64
    holder: I64
    level: I64
    total: int


@frozen(eq=False)
class Held:
    """Roots in the same order. ``number``: as in Roots."""

    number: I64
    to: I64
    level: I64
    total: int


@frozen(eq=False)
class Levels:
    """Objects are numbered in the order in which they were met; 0 is the one that was asked about.

    ``slots`` and ``bases``: of each, its slot's number and where it begins.
    """

    slots: I64
    bases: U64
    words: Words
    roots: Held

    @property
    def left_out(self) -> int:
        """How many words and roots there are besides."""
        return self.words.total + self.roots.total - len(self.words.to) - len(self.roots.to)

    @cached_property
    def first(self) -> I64:
        """Of each object the row of the word by which it was met; -1 for object 0."""
        found = np.full(len(self.slots), -1, np.int64)
        met, rows = np.unique(self.words.holder, return_index=True)
        found[met] = rows
        found[0] = -1
        return found

    def stands_above(self, row: int) -> bool:
        """Whether the holder of a word, which other words led to before, stands above it in an outline: all that a
        word leads to is drawn right below it."""
        words = self.words
        first, at = int(self.first[words.holder[row]]), row
        while words.level[at] > words.level[first]:
            at = int(self.first[words.to[at]])
        return at >= first


def levels(lookup: Lookup, roots: Roots, target: Object, depth: int, most: int | None) -> Levels:
    """Up to ``depth`` levels. The first ``most`` words are kept and as many roots, all where that is None."""
    search = _Search.of(lookup.flowed, roots, target, most)
    for level in range(1, depth + 1):
        search.step(level)
        if not search.front:
            break
    return search.found()


@define(eq=False)
class _Kept:
    """Rows, as columns, level by level."""

    most: int | None
    total: int = 0
    _parts: list[Sequence[I64]] = field(factory=list)

    def add(self, level: int, *columns: I64) -> None:
        """The rows of a level; that is one more column."""
        room = len(columns[0]) if self.most is None else max(self.most - self.total, 0)
        self.total += len(columns[0])
        kept = [one[:room].copy() for one in columns]
        self._parts.append([*kept, np.full(len(kept[0]), level, np.int64)])

    def columns(self) -> list[I64]:
        """All rows that there was room for."""
        return [np.concatenate(column) for column in zip(*self._parts, strict=True)]


@define(eq=False)
class _Search:
    """A search under way. ``_numbers``: of each slot, 1 + its object's number, 0 where it was not met; ``front``: how
    many objects the level before met, which have the highest numbers."""

    _flowed: Flowed
    _roots: I64
    """The slot that each root points into, -1 for none."""
    _numbers: I32
    _met: list[I64]
    _words: _Kept
    _held: _Kept
    front: int = 1
    _count: int = 1

    @classmethod
    def of(cls, flowed: Flowed, roots: Roots, target: Object, most: int | None) -> _Search:
        heap = flowed.laid.heap
        numbers = np.zeros(heap.spans.slots, np.int32)
        numbers[target.id] = 1
        met = [np.array([target.id], np.int64)]
        return cls(flowed, _inside(flowed, roots.value), numbers, met, _Kept(most), _Kept(most))

    def step(self, level: int) -> None:
        """Who refers to the objects that were met last."""
        self._step_roots(level)
        where, says = self._pointers().T
        slots = _inside(self._flowed, says)
        order = np.flatnonzero(slots >= 0)  # a malloc header is no part of an object
        to = self._numbers[slots[order]].astype(np.int64) - 1
        by_object = np.argsort(to, kind="stable")
        order, to = order[by_object], to[by_object]
        holders = self._flowed.laid.heap.ids(where[order])
        self._meet(holders)
        numbers = self._numbers[holders].astype(np.int64) - 1
        self._words.add(level, *(one[order].astype(np.int64) for one in (where, says)), to, numbers)

    def _step_roots(self, level: int) -> None:
        least = self._count - self.front
        mine = np.flatnonzero(self._roots >= 0)
        to = self._numbers[self._roots[mine]].astype(np.int64) - 1
        mine, to = mine[to >= least], to[to >= least]
        order = np.argsort(to, kind="stable")
        self._held.add(level, mine[order], to[order])

    def _pointers(self) -> U64:
        heap, front = self._flowed.laid.heap, self._met[-1]
        low = heap.addresses(front)
        high = low + heap.elemsizes(front)
        least = self._count - self.front + 1
        return referrers.pointing_into(self._flowed, int(low.min()), int(high.max()), self._numbers, least)

    def _meet(self, holders: I64) -> None:
        """Number those that were not met yet, in the order in which they stand there."""
        some = holders[self._numbers[holders] == 0]
        _, first = np.unique(some, return_index=True)
        new = some[np.sort(first)]
        self._numbers[new] = np.arange(self._count + 1, self._count + 1 + len(new))
        self._met.append(new)
        self.front, self._count = len(new), self._count + len(new)

    def found(self) -> Levels:
        """What was found."""
        where, says, to, holder, level = self._words.columns()
        words = Words(where.astype(np.uint64), says.astype(np.uint64), to, holder, level, self._words.total)
        slots = np.concatenate(self._met)[: 1 + int(holder.max(initial=0))]
        number, to, level = self._held.columns()
        shown = to < len(slots)
        roots = Held(number[shown], to[shown], level[shown], self._held.total)
        return Levels(slots, self._flowed.laid.heap.addresses(slots), words, roots)


def _inside(flowed: Flowed, addresses: U64) -> I64:
    """The slots of the objects that the addresses point into, -1 for none."""
    heap = flowed.laid.heap
    found = heap.ids(addresses)
    some = np.flatnonzero(found >= 0)
    before = heap.addresses(found[some]) > addresses[some]
    found[some[before]] = -1
    return found
