"""From one moment of a process to another: what there is more of, by type; and which objects are the same ones.

Go moves no object, so that one which is still there lies where it lay. Another one may have taken its place: only
where no collection has ended between can nothing have been freed, and what the memory profile sampled has its record
for as long as it lives.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from attrs import define, field, frozen

from gdbext.analysis.dumps import kernels
from gdbext.analysis.dumps.moment import difference, is_all_there
from gdbext.analysis.heap.histogram import LIVE, Count
from gdbext.analysis.heap.kernels.objects import BASE, CLASS, CLASS_SHIFT, FLAGS, LIMIT, SIZE
from gdbext.errors import UsageError
from gdbext.golang.runtime.sizeclasses import SIZES, SPAN_CLASSES

if TYPE_CHECKING:
    from gdbext.analysis.dumps.heapdump import HeapDump, Types
    from gdbext.compute.arrays import I64, U64, Bools, Rows

Name = tuple[object, ...]
"""What is the same type in both: its descriptor, or what we call it."""


@frozen
class TypeGrowth:
    """Reachable objects of a type. ``same``: those that are at the same address in both. ``exact``: all are certain to
    be of it. ``elemsize``, ``noscan``: of those without a type, as of a histogram's Entry."""

    name: str
    package: str
    before: Count
    after: Count
    same: Count
    exact: bool
    typed: bool = True
    elemsize: int = 0
    noscan: bool = False


@frozen
class Survived:
    """``count``: objects that are alive in both, at the same address, of the same type and size. ``proved``: they are
    the same ones, for nothing was freed between. ``sampled`` of them were by the memory profile before; ``recorded`` of
    these have their record yet, the others are new objects."""

    count: Count
    proved: bool
    sampled: int
    recorded: int


@define(eq=False)
class Numbers:
    """Types of both by one number. ``before``, ``after``: by where ``tally`` counts, -1 for none."""

    before: I64
    after: I64
    names: Sequence[tuple[str, str]]
    """(name, package) of each; behind them come span classes."""

    @classmethod
    def of(cls, before: Types, after: Types) -> Numbers:
        """The same descriptor is the same type; of types without one the same name is."""
        numbers, names = dict[Name, int](), list[tuple[str, str]]()
        for types in (before, after):
            for key, name in zip(_keys(types), zip(types.names, types.packages, strict=True), strict=True):
                if numbers.setdefault(key, len(names)) == len(names):
                    names.append(name)
        return cls(_numbered(before, numbers), _numbered(after, numbers), names)

    def __len__(self) -> int:
        return len(self.names) + SPAN_CLASSES


def _keys(types: Types) -> list[Name]:
    named = zip(types.address.tolist(), types.names, types.packages, strict=True)
    return [(address,) if address else (name, package) for address, name, package in named]


def _numbered(types: Types, numbers: dict[Name, int]) -> I64:
    """Sure and likely objects alike."""
    found = np.full(2 * types.rows + SPAN_CLASSES, -1, np.int64)
    mine = np.array([numbers[key] for key in _keys(types)], np.int64)
    found[2 * types.row.astype(np.int64)] = found[2 * types.row.astype(np.int64) + 1] = mine
    found[2 * types.rows :] = len(numbers) + np.arange(SPAN_CLASSES)
    return found


@define(eq=False)
class Growth:
    """From ``before`` to ``after``."""

    before: HeapDump = field(repr=False)
    after: HeapDump = field(repr=False)
    numbers: Numbers = field(repr=False)

    @classmethod
    def of(cls, before: HeapDump, after: HeapDump) -> Growth:
        """Raises UsageError where they are not of one process."""
        if why := difference(before.moment, after.moment):
            raise UsageError(f"the two cannot be compared: {why}", "two heap dumps of one process can")
        return cls(before, after, Numbers.of(before.types, after.types))

    @cached_property
    def pairs(self) -> I64:
        """Rows (span before, span after) of spans with the same slots."""
        one, other = self.before.spans, self.after.spans
        _, first, second = np.intersect1d(one[:, BASE], other[:, BASE], True, return_indices=True)
        pairs = np.stack([first, second], axis=1)[alike(one[first], other[second])]
        return np.ascontiguousarray(pairs, np.int64)

    @cached_property
    def _same(self) -> I64:
        out, one, other = np.zeros((len(self.numbers), 2), np.int64), self.before, self.after
        texts = np.array([one.types.rows, other.types.rows, one.types.text, other.types.text], np.int64)
        kernels.same(one.objects, other.objects, self.pairs, texts, self.numbers.before, self.numbers.after, out)
        return out

    @cached_property
    def types(self) -> list[TypeGrowth]:
        """What there is of each type in either, those with the greatest difference in bytes first."""
        before, after = (_counted(dump, numbers, len(self.numbers)) for dump, numbers in self._sides)
        used = np.flatnonzero(before[:, 0] + after[:, 0])
        rows = [self._row(at, before[at].tolist(), after[at].tolist(), self._same[at].tolist()) for at in used.tolist()]
        return sorted(rows, key=lambda row: greatest_first(row.before, row.after, row.name))

    @property
    def _sides(self) -> tuple[tuple[HeapDump, I64], tuple[HeapDump, I64]]:
        return (self.before, self.numbers.before), (self.after, self.numbers.after)

    def _row(self, at: int, before: Sequence[int], after: Sequence[int], same: Sequence[int]) -> TypeGrowth:
        counts = Count(*before[:2]), Count(*after[:2]), Count(*same)
        if at < len(self.numbers.names):
            return TypeGrowth(*self.numbers.names[at], *counts, not before[2] and not after[2])
        number = at - len(self.numbers.names)
        return TypeGrowth("", "", *counts, False, False, SIZES[number // 2], bool(number % 2))

    @cached_property
    def survived(self) -> Survived:
        """Which objects may be the same ones, and how sure that is."""
        count = Count(*self._same.sum(axis=0).tolist())
        return Survived(count, is_all_there(self.before.moment, self.after.moment), *self._recorded())

    def _recorded(self) -> tuple[int, int]:
        """How many of those that are the same ones were sampled before, and how many of these still are recorded."""
        slots, address = self._sampled(self.before)
        ids, others = self.before.ids(slots), self.after.ids(slots)
        there = (others >= 0) & self.before.alive(ids)
        there[there] &= self.after.alive(others[there])
        slots, address, ids, others = slots[there], address[there], ids[there], others[there]
        same = self.numbers.before[self.before.counted_as(ids)] == self.numbers.after[self.after.counted_as(others)]
        same &= alike(self.before.spans_of(ids), self.after.spans_of(others))
        now = set(zip(*(column.tolist() for column in self._sampled(self.after)), strict=True))
        mine = list(zip(slots[same].tolist(), address[same].tolist(), strict=True))
        return len(mine), sum(one in now for one in mine)

    @staticmethod
    def _sampled(dump: HeapDump) -> tuple[U64, U64]:
        """(where the slots begin that were sampled, which bucket they have)."""
        return dump.slots(dump.samples.id), dump.samples.address[dump.samples.bucket]


def alike(some: Rows, others: Rows) -> Bools:
    """Which spans that begin at the same addresses end at the same ones, with slots of the same size and class."""
    mask = np.array([0, np.iinfo(np.uint64).max, np.iinfo(np.uint64).max, CLASS << CLASS_SHIFT], np.uint64)
    columns = (BASE, LIMIT, SIZE, FLAGS)
    found: Bools = (some[:, columns] & mask == others[:, columns] & mask).all(axis=1)
    return found


def _counted(dump: HeapDump, numbers: I64, many: int) -> I64:
    """By number of a type: reachable objects, bytes, and how many of them are only likely of it."""
    out = np.zeros((many, 3), np.int64)
    mine = np.flatnonzero((dump.counts[:, LIVE] > 0) & (numbers >= 0))
    np.add.at(out, numbers[mine], np.stack([*dump.counts[mine, LIVE : LIVE + 2].T, _likely(dump, mine)], axis=1))
    return out


def _likely(dump: HeapDump, rows: I64) -> I64:
    found: I64 = np.where((rows < 2 * dump.types.rows) & (rows % 2 == 1), dump.counts[rows, LIVE], 0)
    return found


def greatest_first(before: Count, after: Count, name: str) -> tuple[int, int, int, str]:
    """An order: what differs by most bytes, then by most objects, then what is largest."""
    return -abs(after.bytes - before.bytes), -abs(after.objects - before.objects), -after.bytes, name
