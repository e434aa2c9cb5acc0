"""Which objects were there in several moments of a process, one after the other: how many collections they survived.

An object of the last moment is as old as the first of the moments that have it, without a gap: at the same address, of
the same type and size. Another one may have taken the place of one that was freed between; see ``growth.py``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from attrs import define, evolve, field, frozen

from gdbext.analysis.dumps import kernels
from gdbext.analysis.dumps.growth import Growth, Numbers
from gdbext.analysis.dumps.samples import NOWHERE
from gdbext.analysis.heap.histogram import Count
from gdbext.errors import UsageError
from gdbext.golang.runtime import mheap
from gdbext.golang.runtime.sizeclasses import SIZES

if TYPE_CHECKING:
    from gdbext.analysis.dumps.heapdump import HeapDump
    from gdbext.analysis.dumps.samples import Stack
    from gdbext.compute.arrays import I32, I64

STEP = 2
"""What a collection adds to sweepgen."""
MOST = 64
"""Moments."""


@frozen
class Lifetime:
    """Reachable objects of a type that are there since the moment ``since``, and ``survived`` so many collections.
    ``stack``: where most of the ``sampled`` ones were allocated. ``typed`` …: as of a TypeGrowth."""

    name: str
    package: str
    since: int
    survived: int
    count: Count
    stack: Stack
    sampled: int
    typed: bool = True
    elemsize: int = 0
    noscan: bool = False


@define(eq=False)
class Lifetimes:
    """``collections``: from each moment to the last one. ``rows``: the oldest first, then what has most bytes."""

    dumps: Sequence[HeapDump] = field(repr=False)
    collections: Sequence[int]
    rows: Sequence[Lifetime] = field(repr=False)

    @classmethod
    def of(cls, dumps: Sequence[HeapDump]) -> Lifetimes:
        """Of moments in their order. Raises UsageError where they are not of one process, or in another order."""
        last = dumps[-1]
        collections = [int(mheap.ahead(last.moment.sweepgen, dump.moment.sweepgen)) // STEP for dump in dumps]
        since = _since(dumps)
        _check_order(dumps)
        rows = sorted(_rows(dumps, collections, since), key=lambda row: (row.since, -row.count.bytes, row.name))
        return cls(dumps, collections, rows)

    def total(self, since: int) -> Count:
        """Of all that are there since a moment."""
        mine = [row.count for row in self.rows if row.since == since]
        return Count(sum(one.objects for one in mine), sum(one.bytes for one in mine))


def _check_order(dumps: Sequence[HeapDump]) -> None:
    """Of one process, as those are that could be compared."""
    for number, (one, other) in enumerate(pairwise(dumps), 1):
        if other.moment.older(one.moment):
            counted = "as the program counts collections and what it allocates"
            raise UsageError(
                f"dump {number + 1} is older than dump {number}, {counted}", "name them in the order of time"
            )


def _since(dumps: Sequence[HeapDump]) -> I32:
    """Of each slot of the last moment the number of the first one that has its object."""
    since = np.zeros(len(dumps[0].state), np.int32)
    for number, (one, other) in enumerate(pairwise(dumps), 1):
        growth, later = Growth.of(one, other), np.full(len(other.state), number, np.int32)
        texts = np.array([one.types.rows, other.types.rows, one.types.text, other.types.text], np.int64)
        common = growth.numbers
        kernels.carry(one.objects, other.objects, growth.pairs, texts, common.before, common.after, since, later)
        since = later
    return since


def _rows(dumps: Sequence[HeapDump], collections: Sequence[int], since: I32) -> Iterator[Lifetime]:
    last, times = dumps[-1], len(dumps)
    numbers = Numbers.of(last.types, last.types)
    out = np.zeros((len(numbers) * times, 2), np.int64)
    texts = np.array([last.types.rows, last.types.text, times], np.int64)
    kernels.ages(last.objects, texts, since, numbers.after, out)
    sites = _sites(last, numbers.after, since, times)
    for at in np.flatnonzero(out[:, 0]).tolist():
        number, first = divmod(at, times)
        stack, sampled = sites.get(at, ((), 0))
        named = number < len(numbers.names)
        name, package = numbers.names[number] if named else ("", "")
        made = Lifetime(name, package, first, collections[first], Count(*out[at].tolist()), stack, sampled)
        yield made if named else _untyped(made, number - len(numbers.names))


def _untyped(row: Lifetime, span_class: int) -> Lifetime:
    return evolve(row, typed=False, elemsize=SIZES[span_class // 2], noscan=bool(span_class % 2))


def _sites(dump: HeapDump, common: I64, since: I32, times: int) -> dict[int, tuple[Stack, int]]:
    """(where most were allocated, how many were sampled) by row of ``ages``."""
    samples = dump.samples
    alive = dump.alive(samples.id)
    ids, bucket = samples.id[alive], samples.bucket[alive]
    row = common[dump.counted_as(ids)] * times + since[ids]
    found: dict[int, Counter[int]] = {}
    for at, stack in zip(row.tolist(), samples.stack[bucket].tolist(), strict=True):
        found.setdefault(at, Counter())[stack] += 1
    return {at: (_stack(dump, counted), counted.total()) for at, counted in found.items()}


def _stack(dump: HeapDump, counted: Counter[int]) -> Stack:
    ((stack, _),) = counted.most_common(1)
    return () if stack == NOWHERE else dump.samples.stacks[stack]
