"""What would become garbage with all objects of a type, or of a package's types: sets of objects, not one by one.

Two objects of a set may keep a third one between them that neither dominates, so that nothing of dominators can be
added up: which objects are reached without a set is found for 64 sets at once.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from gdbext.analysis.heap.histogram import LIVE, Count, Entry, Histogram
from gdbext.analysis.heap.kernels import dominators as kernels, spanning
from gdbext.compute.arrays import I32, I64

if TYPE_CHECKING:
    from gdbext.analysis.heap.dominators import Dominators
    from gdbext.analysis.heap.kernels.dominators import Tree

TOGETHER = 64
"""Sets that are looked at in one go: a bit of a word for each."""


@frozen
class RetainedSet:
    """Objects that are alike, and what they retain. ``entry``: as a histogram has them, with their own count."""

    entry: Entry
    retained: Count


def retained_sets(found: Dominators, histogram: Histogram, by: str) -> list[RetainedSet]:
    """The sets of live objects, those that retain the most bytes first. ``by``: one of ``histogram.BY``."""
    sets = _sets(histogram.entries(LIVE, by))
    member = members(found, histogram, [one.counted for one in sets])
    counts = lost(found.graph.tree, member, found.graph.sizes(found.flowed), len(sets))
    made = [RetainedSet(one, Count(*row)) for one, row in zip(sets, counts.tolist(), strict=True)]
    return sorted(made, key=lambda one: (-one.retained.bytes, -one.entry.count.bytes))


def _sets(entries: Sequence[Entry]) -> list[Entry]:
    """Objects that are certain to be of a type and those that are likely to be as one."""
    groups: dict[Hashable, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.row if entry.row >= 0 and len(entry.counted) == 1 else entry.counted, []).append(entry)
    return [each[0] if len(each) == 1 else _joined(each) for each in groups.values()]


def _joined(entries: Sequence[Entry]) -> Entry:
    first, counted = entries[0], tuple(at for entry in entries for at in entry.counted)
    objects, size = (sum(column) for column in zip(*((e.count.objects, e.count.bytes) for e in entries), strict=True))
    return Entry(first.name, first.package, first.row, False, Count(objects, size), counted=counted)


def members(found: Dominators, histogram: Histogram, counted: Sequence[Sequence[int]]) -> I32:
    """Of each place the set whose rows of the histogram count what is in it, -1 for none."""
    set_of = np.full(len(histogram.counts), -1, np.int32)
    for number, rows in enumerate(counted):
        set_of[list(rows)] = number
    member, table = np.full(len(found.graph), -1, np.int32), found.flowed.table
    objects = found.flowed.laid.objects
    spanning.members(objects, found.graph.number, len(table), table.text, set_of, member)
    return member


def lost(tree: Tree, member: I32, sizes: I64, sets: int) -> I64:
    """What is not reached without each of the sets that places are members of: rows are objects and bytes."""
    out = np.zeros((sets, 2), np.int64)
    for first in range(0, sets, TOGETHER):
        reached = np.zeros(len(member), np.int64)
        reached[0] = -1
        while kernels.without(tree, member, reached, first):
            pass
        some = out[first : first + TOGETHER]
        kernels.lost(reached, sizes, len(some), some)
    return out
