"""From one moment to another by contexts that are alike: what becomes of them, their kind, whom they end with, the key
right above them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
from attrs import field, frozen

from gdbext.analysis.dumps.contextrows import NO_KEY
from gdbext.analysis.dumps.growth import greatest_first
from gdbext.analysis.heap.histogram import Count
from gdbext.analysis.heap.kernels.objects import SIZE
from gdbext.analysis.leaks.groups import VARIOUS
from gdbext.analysis.leaks.sites import outside
from gdbext.analysis.leaks.verdicts import MANY, PROVED, VERDICTS
from gdbext.golang.reading.words import index_in

if TYPE_CHECKING:
    from gdbext.analysis.dumps.contextrows import ContextRows
    from gdbext.analysis.dumps.growth import Growth
    from gdbext.analysis.dumps.heapdump import HeapDump
    from gdbext.analysis.dumps.samples import Stack
    from gdbext.compute.arrays import I64, U64, Bools

UNSAMPLED = -2
Key = tuple[str, str, int, str | None]
"""(verdict, kind, what they end with, key above)."""


@frozen
class GroupGrowth:
    """Contexts that are alike. ``above``: the address of what they end with, 0 for nothing, VARIOUS for others each.

    ``before``, ``after``: how many, and the bytes of themselves. ``same``: how many are at the same address, of the
    same kind, in both. ``example``: one of them, one that was not there before where there is any. ``stack``: who made
    most of those that were sampled.
    """

    verdict: str
    kind: str
    above: int
    key: str | None
    before: Count
    after: Count
    same: int
    example: int
    sampled: int
    stack: Stack = field(repr=False)


@frozen
class Fated:
    """``contexts``, and what only they keep."""

    contexts: int
    kept: Count


@frozen
class Fate:
    """How many contexts have a verdict that nothing can cancel them any more."""

    verdict: str
    before: Fated
    after: Fated


def fates(growth: Growth) -> list[Fate]:
    """Each verdict that is proved; none where at one of the moments nothing was."""
    sides = growth.before.contexts, growth.after.contexts
    if not all(len(rows.kept) for rows in sides):
        return []
    return [Fate(VERDICTS[number], *(_fated(rows, number) for rows in sides)) for number in PROVED]


def _fated(rows: ContextRows, number: int) -> Fated:
    return Fated(int(np.count_nonzero(rows.verdict == number)), Count(*rows.kept[number].tolist()))


@frozen(eq=False)
class _Side:
    """The contexts of one moment. ``by_key``: those of each key. ``size``: of each its own bytes, 0 of one that is no
    heap object; ``stack``: what made it, UNSAMPLED; ``both``: whether the other moment has it too."""

    dump: HeapDump
    by_key: Mapping[Key, I64]
    size: I64
    stack: I64
    both: Bools

    @classmethod
    def of(cls, dump: HeapDump, other: HeapDump, named: U64) -> _Side:
        """``named``: what contexts are told apart by that end with it; by keys only where both have them."""
        rows, samples, ids = dump.contexts, dump.samples, dump.ids(dump.contexts.address)
        size, stack = np.zeros(len(rows), np.int64), np.full(len(rows), UNSAMPLED, np.int64)
        inside = np.flatnonzero(ids >= 0)
        size[inside] = dump.spans_of(ids[inside])[:, SIZE]
        at = np.searchsorted(samples.id, ids[inside])
        known = at < len(samples.id)
        known[known] = samples.id[at[known]] == ids[inside[known]]
        stack[inside[known]] = samples.stack[samples.bucket[at[known]]]
        keyed = rows.keyed and other.contexts.keyed
        return cls(dump, dict(_by_key(dump, named, keyed)), size, stack, _in(rows, other.contexts))

    def indices(self, key: Key) -> I64:
        return self.by_key.get(key, np.zeros(0, np.int64))

    def count(self, key: Key) -> Count:
        mine = self.indices(key)
        return Count(len(mine), int(self.size[mine].sum()))


def groups(growth: Growth) -> list[GroupGrowth]:
    """Those with the greatest difference first."""
    one, other = growth.before, growth.after
    named = _named(one, other)
    before, after = _Side.of(one, other, named), _Side.of(other, one, named)
    rows = [_row(key, before, after) for key in {**before.by_key, **after.by_key}]
    return sorted(rows, key=lambda row: (*greatest_first(row.before, row.after, row.kind), row.verdict, row.above))


def _in(rows: ContextRows, others: ContextRows) -> Bools:
    """Which are among others: the same address, the same kind."""
    place = index_in(others.address, rows.address)
    numbers = {kind: number for number, kind in enumerate(others.kinds)}
    kinds = np.array([numbers.get(kind, -1) for kind in rows.kinds], np.int64)
    found: Bools = place >= 0
    found[found] = kinds[rows.kind[found]] == others.kind[place[found]]
    return found


def _named(*sides: HeapDump) -> U64:
    """What MANY contexts end with at one of the moments."""
    found = [np.unique(dump.contexts.above, return_counts=True) for dump in sides]
    return np.unique(np.concatenate([above[times >= MANY] for above, times in found]))


def _by_key(dump: HeapDump, named: U64, keyed: bool) -> Iterator[tuple[Key, I64]]:
    rows = dump.contexts
    single = (rows.above != 0) & ~np.isin(rows.above, named)
    above, place = np.unique(np.where(single, np.uint64(0), rows.above), return_inverse=True)
    shape = len(VERDICTS), max(len(rows.kinds), 1), len(rows.keys) + 1, 2, max(len(above), 1)
    columns = rows.verdict, rows.kind, (rows.key + 1) * keyed, single, place.reshape(-1)
    codes = np.ravel_multi_index([column.astype(np.int64) for column in columns], shape)
    order = np.argsort(codes, kind="stable")
    found, begins = np.unique(codes[order], return_index=True)
    told = np.stack(np.unravel_index(found, shape), axis=1).tolist()
    for (verdict, kind, key, various, at), some in zip(told, np.split(order, begins[1:]), strict=False):
        text = rows.keys[key - 1] if key - 1 != NO_KEY else None
        yield (VERDICTS[verdict], rows.kinds[kind], VARIOUS if various else int(above[at]), text), some


def _row(key: Key, before: _Side, after: _Side) -> GroupGrowth:
    side = after if len(after.indices(key)) else before
    mine = side.indices(key)
    fresh = mine[~side.both[mine]]
    example = int(side.dump.contexts.address[(fresh if len(fresh) else mine)[0]])
    same = int(np.count_nonzero(after.both[after.indices(key)]))
    return GroupGrowth(*key, before.count(key), after.count(key), same, example, *_most(side, mine))


def _most(side: _Side, mine: I64) -> tuple[int, Stack]:
    """(how many were sampled, the commonest stack of them from the first function outside of package context on)."""
    stacks = side.stack[mine]
    known, times = np.unique(stacks[stacks >= 0], return_counts=True)
    best = side.dump.samples.stacks[int(known[np.argmax(times)])] if len(known) else ()
    return int(np.count_nonzero(stacks != UNSAMPLED)), tuple(outside(best))
