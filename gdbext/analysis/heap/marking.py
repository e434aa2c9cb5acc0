"""What is reached when some edges are cut: a mark without types, that goes on from where it stopped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import NamedTuple

import numpy as np
from attrs import evolve, field, frozen

from gdbext.analysis.heap.flow import MANY, PIECES
from gdbext.analysis.heap.kernels import marking as kernels, meeting
from gdbext.analysis.heap.kernels.marking import CALLERS, CUTS, EVERY, QUEUE, REACHED, Colours, Edges, Found, Marks
from gdbext.analysis.heap.kernels.objects import FIRST
from gdbext.analysis.heap.kernels.words import Mask
from gdbext.analysis.heap.objects import Laid
from gdbext.compute import parallel
from gdbext.compute.arrays import I32, U8, U64, Bools
from gdbext.golang.reading.words import word_filter
from gdbext.golang.types.flat.table import TypeTable

ROOM = 1 << 10
"""Pointers that are met before they are looked up."""
SLOT = np.uint64((1 << 32) - 1)


class Count(NamedTuple):
    """Objects and their slots' bytes."""

    objects: int
    bytes: int

    def __add__(self, other: object) -> Count:
        assert isinstance(other, Count)
        return Count(self.objects + other.objects, self.bytes + other.bytes)

    def __sub__(self, other: Count) -> Count:
        return Count(self.objects - other.objects, self.bytes - other.bytes)


@frozen(eq=False)
class Marking:
    """A mark under way. ``marks``: a byte for each slot. What is reached is kept: more roots may follow."""

    laid: Laid
    table: TypeTable
    edges: Edges
    marks: Marks
    front: Found
    backs: Sequence[Found] = field(repr=False)
    colours: Colours = field(repr=False)
    begins: I32 = field(repr=False)
    """Scratch of ``meeting.arrange``."""

    @classmethod
    def of(cls, laid: Laid, table: TypeTable, itabs: U64, functions: U64) -> Marking:
        """Of a heap of which nothing is reached. ``itabs``: sorted; pointers behind one of them can be cut, and are all
        cut at first. ``functions``: sorted entries; objects that begin with one are noted when they are reached."""
        slots = laid.heap.spans.slots
        edges = Edges(itabs, word_filter(itabs), functions, word_filter(functions), np.array([EVERY], np.int64))
        works = [_found(slots) for _ in range(1 + parallel.threads())]
        marks, none = _marks(laid, np.zeros(slots, np.uint8)), np.zeros(0, np.uint8)
        colours, begins = _colours(none.astype(np.int32), none), np.zeros(len(laid.objects.spans) + 1, np.int32)
        return cls(laid, table, edges, marks, works[0], works[1:], colours, begins)

    def again(self, rule: int) -> Marking:
        """One that goes on from here, and leaves this one as it is."""
        edges = self.edges._replace(rule=np.array([rule], np.int64))
        return evolve(
            self, edges=edges, marks=_marks(self.laid, self.marks.of.copy()), front=_found(len(self.marks.of))
        )

    def coloured(self, state: I32, member: U8) -> Marking:
        """One in which colours flow, as ``kernels.Colours`` says."""
        return evolve(self, front=_found(len(self.marks.of)), colours=_colours(state, member))

    def flag(self, ids: np.ndarray, bit: int) -> None:
        """Say something of slots: ``kernels.OPAQUE`` …"""
        self.marks.of[ids] |= np.uint8(bit)

    def unflag(self, bit: int) -> None:
        """Say it of none."""
        self.marks.of[:] &= np.uint8(255 & ~bit)

    def mark(self, words: U64, tags: U64 | None = None) -> None:
        """Follow everything from what the words point into. ``tags``: where colours flow, the state of each word."""
        words = np.ascontiguousarray(words)
        given, objects = np.zeros(0, np.uint64) if tags is None else tags, self.laid.objects

        def some(begin: int, end: int, found: Found) -> None:
            kernels.mark_roots(objects, self.edges, self.marks, self.colours, words, given, begin, end, found)

        self._level(len(words), some)
        self._run()

    def reached(self, ids: np.ndarray) -> Bools:
        """Which slots are; -1 for none never is."""
        return self.flagged(ids, REACHED)

    def flagged(self, ids: np.ndarray, bit: int) -> Bools:
        """Of which slots that is said; of -1 nothing is."""
        found: Bools = ids >= 0
        found[found] = self.marks.of[ids[found]] & np.uint8(bit) != 0
        return found

    @property
    def callers(self) -> U64:
        """The ids of the slots that begin with one of the functions, in the order they were met."""
        return self._ids(self.front.callers[: int(self.front.tops[CALLERS])])

    @property
    def cuts(self) -> U64:
        """Where the edges that were cut point to."""
        return self.front.cuts[: int(self.front.tops[CUTS])]

    def count(self) -> Count:
        """What is reached."""
        laid = self.laid

        def some(begin: int, end: int) -> np.ndarray:
            out = np.zeros(2, np.int64)
            kernels.count(laid.objects, self.marks, begin, end, out)
            return out

        found = sum(parallel.split(len(laid.objects.spans), some, PIECES), np.zeros(2, np.int64))
        return Count(*found.tolist())

    def _ids(self, entries: U64) -> U64:
        first = np.ascontiguousarray(self.laid.objects.spans.T[FIRST])
        ids: U64 = first[(entries >> np.uint64(32)).astype(np.int64)] + (entries & SLOT)
        return ids

    def _run(self) -> None:
        memory, laid, described, front = self.laid.heap.image.memory, self.laid, self.table.described, self.front
        while front.tops[QUEUE]:
            kernels.mark_levels(
                memory, laid.objects, described, self.edges, self.marks, self.colours, front, self.backs[0],
                Mask.none(), MANY,
            )  # fmt: skip
            if count := int(front.tops[QUEUE]):
                front.tops[QUEUE] = 0
                meeting.arrange(front.queue, count, self.begins, self.backs[0].queue)
                self._level(count, self._objects)

    def _objects(self, begin: int, end: int, found: Found) -> None:
        memory, laid = self.laid.heap.image.memory, self.laid
        kernels.mark_objects(
            memory, laid.objects, self.table.described, self.edges, self.marks, self.colours, self.front.queue,
            begin, end, found, Mask.none(),
        )  # fmt: skip

    def _level(self, count: int, follow: Callable[[int, int, Found], None]) -> None:
        """Follow so many entries side by side, and give what was found to the next level."""
        free: SimpleQueue[Found] = SimpleQueue()
        for back in self.backs:
            free.put(back)

        def some(begin: int, end: int) -> None:
            found = free.get()
            try:
                follow(begin, end, found)
            finally:
                free.put(found)

        parallel.split(count, some, min(count, PIECES))
        for back in self.backs:
            kernels.gather(self.front, back)


def _marks(laid: Laid, of: U8) -> Marks:
    hosts = [one.ctypes.data for one in (of, laid.objects.spans, laid.objects.state)]
    return Marks(of, np.array(hosts, np.uint64))


def _colours(state: I32, member: U8) -> Colours:
    return Colours(state, member, np.array([state.ctypes.data], np.uint64))


def _found(slots: int) -> Found:
    """Queues that never run over: pages that stay untouched cost nothing."""
    return Found(
        np.empty(slots + 1, np.uint64), np.empty((ROOM, 2), np.uint64), np.empty(slots + ROOM, np.uint64),
        np.empty(slots + 1, np.uint64), np.zeros(kernels.TOPS, np.int64),
    )  # fmt: skip
