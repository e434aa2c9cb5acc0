"""A heap as a profile: of each type how much there is, and which stacks allocated it.

How many objects of a type there are, and what they take, is counted. Which of them a stack allocated is known of those
that the runtime's memory profile sampled; the others are shared out as these are. What a type retains is what would
become garbage with all of its objects, so that types overlap there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
from attrs import field, frozen

from gdbext.analysis.dumps.growthsites import Sampled, by_site
from gdbext.analysis.heap.retainedsets import retained_sets

if TYPE_CHECKING:
    from gdbext.analysis.dumps.heapdump import HeapDump
    from gdbext.analysis.dumps.samples import Stack
    from gdbext.analysis.heap.dominators import Dominators
    from gdbext.analysis.heap.histogram import Entry, Histogram
    from gdbext.analysis.heap.retainedsets import RetainedSet


@frozen
class Share:
    """Reachable objects of a type that one stack allocated, () where nobody knows. ``sampled``: how many of the type's
    ``of`` the stack is known of."""

    entry: Entry
    stack: Stack = field(repr=False)
    objects: int
    bytes: int
    retained: int
    sampled: int
    of: int


def shares(dump: HeapDump, histogram: Histogram, dominators: Dominators) -> Iterator[Share]:
    """Of each type, those that retain the most first."""
    sets = retained_sets(dominators, histogram, "type")
    numbers = np.full(len(histogram.counts), -1, np.int64)
    for number, one in enumerate(sets):
        numbers[list(one.entry.counted)] = number
    found = sorted(by_site(dump, numbers).items(), key=lambda item: item[0][0])
    sites = {number: [(key[1], site) for key, site in some] for number, some in groupby(found, lambda item: item[0][0])}
    for number, one in enumerate(sets):
        yield from _shared_out(one, sites.get(number, []))


def _shared_out(one: RetainedSet, sites: Sequence[tuple[Stack, Sampled]]) -> Iterator[Share]:
    """A type's counts by its sites; sampled ones whose stack is not known have one too, ()."""
    count, retained = one.entry.count, one.retained.bytes
    if not sites:
        yield Share(one.entry, (), count.objects, count.bytes, retained, 0, count.objects)
        return
    objects = shared_out(count.objects, [site.count.objects for _, site in sites])
    sizes = [site.count.bytes for _, site in sites]
    bytes_, kept = shared_out(count.bytes, sizes), shared_out(retained, sizes)
    for at, (stack, site) in enumerate(sites):
        yield Share(one.entry, stack, objects[at], bytes_[at], kept[at], site.sampled, count.objects)


def shared_out(whole: int, weights: Sequence[int]) -> list[int]:
    """A number in parts that add up to it, as near to the weights as whole numbers can be."""
    total = sum(weights) or len(weights)
    exact = [whole * weight for weight in (weights if sum(weights) else [1] * len(weights))]
    parts = [one // total for one in exact]
    rest = sorted(range(len(parts)), key=lambda at: (-(exact[at] % total), at))
    for at in rest[: whole - sum(parts)]:
        parts[at] += 1
    return parts
