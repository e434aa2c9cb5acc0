"""How many collections objects survived, on made dumps, and against a count slot by slot."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, strategies as st

from gdbext.analysis.dumps.lifetimes import Lifetimes
from gdbext.analysis.heap.histogram import Count
from gdbext.errors import UsageError
from tests.analysis.dumps.madedumps import FREE, HEAP, TYPES, UNTYPED, Span, dead, dump, live, site

ORDER, ITEM, _ = map(live, TYPES)
MAKE, OTHER = site("main.make"), site("main.other")


def rows(found: Lifetimes) -> list[tuple[str, int, int, int]]:
    return [(row.name or str(row.elemsize), row.since, row.survived, row.count.objects) for row in found.rows]


def test_since_when() -> None:
    first = dump(Span(48, [ORDER, ORDER, FREE, FREE]), sweepgen=10)
    second = dump(Span(48, [ORDER, FREE, ITEM, FREE]), sweepgen=14)
    third = dump(Span(48, [ORDER, ORDER, ITEM, ORDER]), Span(32, [UNTYPED], noscan=True), sweepgen=20)
    found = Lifetimes.of([first, second, third])
    assert found.collections == [5, 3, 0]
    assert rows(found) == [
        ("main.order", 0, 5, 1),
        ("main.item", 1, 3, 1),
        ("main.order", 2, 0, 2),  # one of them was there in the first, and not in the second
        ("32", 2, 0, 1),
    ]
    assert found.total(2) == Count(3, 96 + 32)


def test_what_died_between_or_is_of_another_type_is_new() -> None:
    first, second = dump(Span(64, [ORDER, dead("main.order"), ITEM])), dump(Span(64, [ITEM, ORDER, ITEM]))
    assert rows(Lifetimes.of([first, second])) == [
        ("main.item", 0, 0, 1),
        ("main.item", 1, 0, 1),
        ("main.order", 1, 0, 1),
    ]


def test_where_most_of_them_were_made() -> None:
    samples = [(HEAP, 1, OTHER), (HEAP + 48, 2, MAKE), (HEAP + 96, 2, MAKE), (HEAP + 144, 1, OTHER)]
    first = dump(Span(48, [ORDER, ORDER, ORDER, FREE]))
    last = dump(Span(48, [ORDER] * 4), samples=samples)
    old, new = Lifetimes.of([first, last]).rows
    assert (old.stack, old.sampled, new.stack, new.sampled) == (MAKE, 3, OTHER, 1)


def test_another_order_is_refused() -> None:
    with pytest.raises(UsageError, match=r"dump 2 is older than dump 1, .* order of time"):
        Lifetimes.of([dump(sweepgen=14), dump(sweepgen=10)])


def test_between_two_collections_what_was_allocated_tells_the_order() -> None:
    first, second, unknown = dump(allocated=1000), dump(allocated=1001), dump()
    with pytest.raises(UsageError, match="dump 3 is older than dump 2"):
        Lifetimes.of([first, second, first])
    for moments in ([first, first, second], [second, unknown, first], [second, dump(sweepgen=12, allocated=1000)]):
        assert Lifetimes.of(moments).collections[-1] == 0


def test_another_process_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot be compared"):
        Lifetimes.of([dump(), dump(), dump(start=5)])


SLOTS = 9
STATE = st.sampled_from([FREE, ORDER, ITEM, dead("main.order")])
STATES = st.lists(st.lists(STATE, min_size=SLOTS, max_size=SLOTS), min_size=1, max_size=6)


@given(STATES)
def test_slot_by_slot(moments: list[list[int]]) -> None:
    found = Lifetimes.of([dump(Span(48, states)) for states in moments])
    truth: Counter[tuple[str, int]] = Counter()
    for slot in range(SLOTS):
        history = [states[slot] for states in moments]
        if history[-1] in (ORDER, ITEM):
            gaps = [at for at, state in enumerate(history) if state != history[-1]]
            truth[TYPES[(ORDER, ITEM).index(history[-1])], max(gaps, default=-1) + 1] += 1
    assert {(row.name, row.since): row.count.objects for row in found.rows} == truth
