"""From one moment to another by allocation site, as far as the memory profile sampled objects that are reachable."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import field, frozen

from gdbext.analysis.dumps.growth import greatest_first
from gdbext.analysis.heap.histogram import Count
from gdbext.golang.runtime import mprof

if TYPE_CHECKING:
    from gdbext.analysis.dumps.growth import Growth
    from gdbext.analysis.dumps.heapdump import HeapDump
    from gdbext.analysis.dumps.samples import Stack
    from gdbext.compute.arrays import I64

NOTHING = Count(0, 0)


@frozen
class Sampled:
    """``sampled`` objects, and what they stand for by the profile's rate."""

    sampled: int
    count: Count


@frozen
class SiteGrowth:
    """Objects of one type that one stack allocated (innermost first; none where nobody knows)."""

    name: str
    package: str
    stack: Stack = field(repr=False)
    before: Sampled
    after: Sampled


NONE = Sampled(0, NOTHING)


def sites(growth: Growth) -> list[SiteGrowth]:
    """Those with the greatest difference in bytes first."""
    before, after = by_site(growth.before, growth.numbers.before), by_site(growth.after, growth.numbers.after)
    names = growth.numbers.names
    rows = [
        SiteGrowth(*(names[number] if number < len(names) else ("", "")), stack, *(one.get(key, NONE) for one in both))
        for key in {**before, **after}
        for number, stack, both in [(*key, (before, after))]
    ]
    return sorted(rows, key=lambda row: greatest_first(row.before.count, row.after.count, row.name))


def by_site(dump: HeapDump, numbers: I64) -> dict[tuple[int, Stack], Sampled]:
    """Reachable objects by number and stack: sizes of one stack have a bucket each, and are one site. ``numbers``: by
    where ``tally`` counts an object."""
    samples = dump.samples
    alive = dump.alive(samples.id)
    ids, bucket = samples.id[alive], samples.bucket[alive].astype(np.int64)
    pairs = np.stack([numbers[dump.counted_as(ids)], bucket], axis=1)
    groups, times = np.unique(pairs, axis=0, return_counts=True)
    found: dict[tuple[int, Stack], Sampled] = {}
    for (number, which), many in zip(groups.tolist(), times.tolist(), strict=True):
        at = int(samples.stack[which])
        key = number, samples.stacks[at] if at >= 0 else ()
        more = Sampled(many, Count(*mprof.scaled(many, int(samples.size[which]), samples.rate)))
        found[key] = _together(found.get(key, NONE), more)
    return found


def _together(one: Sampled, other: Sampled) -> Sampled:
    count = Count(one.count.objects + other.count.objects, one.count.bytes + other.count.bytes)
    return Sampled(one.sampled + other.sampled, count)
