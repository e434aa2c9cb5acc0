"""What the heap's spans and the runtime's counters say of each other, on made memory."""

from __future__ import annotations

import pytest

from gdbext.analysis.heap import selfcheck
from gdbext.session import Session
from tests.counters import Counters
from tests.synthetic import HEAP, PAGE, Span, World

SPANS = (
    Span(HEAP, 48, 170, freeindex=30, alloc=(100,)),
    Span(HEAP + PAGE, 48, 170, freeindex=170, marks=range(50), behind=-2, noscan=True),
)


def world(*spans: Span, minor: int = 27) -> World:
    """All that they hold is counted, and their pages are."""
    made = World(minor)
    for span in spans or SPANS:
        made.span(span)
    made.mheap()
    return made


def counters(made: World, **shard: int) -> Counters:
    counted = Counters(made)
    counted.shards[0] = {
        "smallAllocCount.5": 301,
        "smallFreeCount.5": 100,
        **{k.replace("__", "."): v for k, v in shard.items()},
    }
    counted.pacer["heapInUse"] = 2 * PAGE
    return counted


def said(counted: Counters) -> list[str]:
    return Session(counted.finish().target).heap_check


@pytest.mark.parametrize("minor", [21, 27])
def test_agreement_says_nothing(minor: int) -> None:
    """Dead objects of spans that are not swept yet are counted as long as the runtime does."""
    assert said(counters(world(minor=minor))) == []


def test_counters_that_know_more_than_spans() -> None:
    assert said(counters(world(), smallAllocCount__5=3001)) == [
        "the heap's spans hold 201 objects of 9,648 bytes together, by the runtime's own counters there are 2,901 of "
        "139,248 bytes"
    ]


def test_a_span_given_back_just_then_is_no_mismatch() -> None:
    """Its objects are counted twice until it is out of its cache."""
    made = world(Span(HEAP, 48, 170, freeindex=30), Span(HEAP + PAGE, 48, 170, freeindex=171 - 1))
    counted = counters(made)
    counted.shards[0] = {"smallAllocCount.5": 200 - 18}
    counted.cache({10: counted.cached(made.spans[0], 0)})
    assert said(counted) == []


def test_other_bitmaps_than_counts() -> None:
    made = world(Span(HEAP, 48, 170, freeindex=30, taken=40), Span(HEAP + PAGE, 48, 170, freeindex=170, taken=161))
    assert said(counters(made)) == ["2 of 2 heap spans count other slots than their bitmaps have: 19 slots"]


def test_an_allocation_half_done_is_none() -> None:
    made = world(Span(HEAP, 48, 170, freeindex=31, taken=30), Span(HEAP + PAGE, 48, 170, freeindex=170))
    counted = counters(made)
    counted.shards[0] = {"smallAllocCount.5": 170 + 30}
    counted.cache({10: counted.cached(made.spans[0], 30)})
    assert said(counted) == []


def test_more_alive_than_the_span_counts() -> None:
    made = world(SPANS[0], Span(HEAP + PAGE, 48, 170, freeindex=170, marks=range(50), behind=-2, taken=40))
    assert said(counters(made, smallAllocCount__5=171)) == [
        "1 of 2 heap spans count other slots than their bitmaps have: 10 slots"
    ]


def test_other_pages() -> None:
    counted = counters(world())
    counted.pacer["heapInUse"] = 3 * PAGE
    assert said(counted) == ["heap spans in use have 16,384 bytes of pages, by the runtime's own counters 24,576"]


def test_counters_that_cannot_be_read() -> None:
    counted = counters(world())
    target = counted.finish().target
    del counted.world.symbols["runtime.memstats"]
    found = Session(target).heap_check
    assert found == [
        "the heap was not compared with what the runtime itself counts: the binary has no symbol runtime.memstats"
    ]


def test_what_a_running_program_did_meanwhile_explains_a_difference() -> None:
    made = world()
    counted = counters(made)
    session = Session(counted.finish().target)
    before, later = selfcheck.Counters.of(session.program), counters(made, smallAllocCount__5=321)
    after = selfcheck.Counters.of(later.finish().program)
    assert selfcheck.notes(session.heap, before, after) == []
    much = counters(made, smallAllocCount__5=5321)
    far = selfcheck.Counters.of(much.finish().program)
    assert selfcheck.notes(session.heap, before, far) == []
    assert selfcheck.notes(session.heap, far, far) != []
