"""Which sites allocated the objects of each type: those that the runtime's memory profile sampled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from attrs import field, frozen

from gdbext.analysis.heap.allocsite import hidden, stack_of
from gdbext.analysis.heap.histogram import LIVE, Entry
from gdbext.analysis.heap.kernels import objects as states
from gdbext.golang.runtime import mprof

if TYPE_CHECKING:
    from gdbext.analysis.heap.histogram import Histogram
    from gdbext.compute.arrays import I64, U64
    from gdbext.golang.reading.program import Program
    from gdbext.golang.runtime.special import Specials
    from gdbext.golang.runtime.symtab import Location, Symtab


@frozen
class TypeSite:
    """Sampled objects of one type that the same stack allocated. ``objects``, ``bytes``: what they stand for by the
    profile's rate. ``pcs``: as of a bucket; None where the bucket cannot be read."""

    entry: Entry
    sampled: int
    objects: int
    bytes: int
    pcs: tuple[int, ...] | None = field(repr=False)

    def stack(self, symtab: Symtab) -> Sequence[Location]:
        """Innermost first, without the allocator's frames; none where nobody knows."""
        stack = stack_of(symtab, self.pcs or ())
        return stack[hidden(stack) :]


@frozen(eq=False)
class Sites:
    """``rows``: those of one entry side by side, in the order of the entries, the most samples first.

    ``sampled`` of ``objects`` that the entries count were sampled, one for each ``rate`` bytes allocated.
    """

    rows: Sequence[TypeSite] = field(repr=False)
    sampled: int
    objects: int
    rate: int


def sites(program: Program, specials: Specials, found: Histogram, entries: Sequence[Entry], which: int) -> Sites:
    """Of the LIVE or DEAD objects that some entries count. Raises MissingSymbol, MemoryFault."""
    rate = mprof.profile_rate(program)
    counted, bucket = _samples(program, specials, found, which)
    of = {at: number for number, entry in enumerate(entries) for at in entry.counted}
    number = np.array([of.get(at, -1) for at in counted.tolist()], np.int64)
    pairs = np.stack([number[number >= 0].astype(np.uint64), bucket[number >= 0]], axis=1)
    groups, times = np.unique(pairs, axis=0, return_counts=True)
    rows = list(_rows(program, entries, groups, times, rate))
    objects = sum(entry.count.objects for entry in entries)
    return Sites(rows, len(pairs), objects, rate)


def _samples(program: Program, specials: Specials, found: Histogram, which: int) -> tuple[I64, U64]:
    """Of each sampled object where ``tally`` counts it, and its bucket; 0 for one that cannot be read."""
    laid, table = found.flowed.laid, found.flowed.table
    rows = specials.rows("Profile")
    ids = laid.heap.ids(specials.slot[rows])
    rows, ids = rows[ids >= 0], ids[ids >= 0]
    state = found.flowed.state[ids].astype(np.int64)
    chosen = ((state & states.MARKED) != 0) == (which == LIVE)
    rows, ids, state = rows[chosen], ids[chosen], state[chosen]
    records, readable = specials.records(program, mprof.PROFILE, rows)
    spans = laid.heap.spans
    of_class = spans.spanclass[np.searchsorted(spans.first, ids, "right") - 1].astype(np.int64)
    return counted_as(state, of_class, len(table), table.text), np.where(readable, records["bucket"], 0).astype(
        np.uint64
    )


def counted_as(state: I64, of_class: I64, types: int, text: int) -> I64:
    """As ``kernels.counted_as`` has it, for many."""
    rank, row = (state & states.RANKS) >> states.RANK_SHIFT, state & states.ROW
    likely = ~((rank >= states.FITTING) | (row == text))
    return np.where(rank >= states.TILED, 2 * row + likely, 2 * types + of_class)


def _rows(program: Program, entries: Sequence[Entry], groups: U64, times: I64, rate: int) -> Iterator[TypeSite]:
    """The groups (entry, bucket) as rows: sizes of one stack have a bucket each, and are one site."""
    buckets, which = np.unique(groups[:, 1], return_inverse=True)
    known = mprof.stacks(program, buckets)
    merged: dict[tuple[int, tuple[int, ...] | None], list[int]] = {}
    for number, bucket, many in zip(groups[:, 0].tolist(), which.reshape(-1).tolist(), times.tolist(), strict=True):
        objects, size = mprof.scaled(many, int(known.size[bucket]), rate)
        sums = merged.setdefault((number, known.pcs[bucket]), [0, 0, 0])
        for at, more in enumerate((many, objects, size)):
            sums[at] += more
    order = sorted(merged.items(), key=lambda item: (item[0][0], -item[1][0], item[0][1] or ()))
    for (number, pcs), (sampled, objects, size) in order:
        yield TypeSite(entries[number], sampled, objects, size, pcs)
