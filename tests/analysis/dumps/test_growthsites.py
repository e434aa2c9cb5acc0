"""What there is more of by allocation site, on made dumps."""

from __future__ import annotations

from gdbext.analysis.dumps.growth import Growth
from gdbext.analysis.dumps.growthsites import NONE, Sampled, SiteGrowth, sites
from gdbext.analysis.heap.histogram import Count
from gdbext.golang.runtime import mprof
from tests.analysis.dumps.madedumps import HEAP, PAGE, TYPES, Span, dead, dump, live, site

ORDER, ITEM, _ = map(live, TYPES)
MAKE, LOOP = site("main.make", "main.main"), site("main.loop", "main.main")


def test_by_type_and_stack() -> None:
    """Sizes of one stack are one site; what is garbage does not count."""
    at = [HEAP + 48 * one for one in range(4)]
    before = dump(
        Span(48, [ORDER, ORDER, ITEM, dead("main.order")]),
        samples=[(at[0], 1, MAKE), (at[2], 1, MAKE), (at[3], 1, MAKE)],
    )
    after = dump(
        Span(48, [ORDER] * 4),
        Span(64, [ORDER]),
        samples=[(at[0], 1, MAKE), (at[1], 1, MAKE), (at[3], 2, LOOP), (HEAP + PAGE, 3, MAKE)],
    )
    assert sites(Growth.of(before, after)) == [
        SiteGrowth("main.order", "app/main", MAKE, Sampled(1, Count(1, 48)), Sampled(3, Count(3, 160))),
        SiteGrowth("main.order", "app/main", LOOP, NONE, Sampled(1, Count(1, 48))),
        SiteGrowth("main.item", "app/main", MAKE, Sampled(1, Count(1, 48)), NONE),
    ]


def test_samples_stand_for_as_many_as_the_profile_says() -> None:
    one = dump(Span(48, [ORDER, ORDER]), samples=[(HEAP, 1, MAKE), (HEAP + 48, 1, MAKE)], rate=512 << 10)
    (row,) = sites(Growth.of(dump(), one))
    assert row.after == Sampled(2, Count(*mprof.scaled(2, 48, 512 << 10)))
    assert row.after.count.objects > 10_000
