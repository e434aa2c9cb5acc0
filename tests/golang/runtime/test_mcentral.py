"""The central sets on made memory: queues of blocks, which change places with each sweep."""

from __future__ import annotations

import pytest

from gdbext.errors import InconsistentRuntime
from gdbext.golang.runtime import mcentral
from gdbext.golang.runtime.mcentral import FULL_SWEPT, FULL_UNSWEPT, PARTIAL_SWEPT, PARTIAL_UNSWEPT
from tests.counters import ENTRIES, Sets
from tests.synthetic import HEAP, PAGE, SWEEPGEN, Span, World

ODD = SWEEPGEN // 2 % 2
"""The index of swept sets."""


def world(count: int, minor: int = 27, **fields: int) -> World:
    """A heap of ``count`` spans of class 10; all but the first have to be swept."""
    made = World(minor, heap_pages=1)
    for number in range(count):
        made.span(Span(HEAP + number * PAGE, 48, 170, taken=number % 171, behind=-2 if number else 0))
    made.mheap()
    return made


def rows(found: mcentral.Central) -> list[tuple[int, int, int, bool]]:
    columns = (found.spanclass, found.kind, found.address, found.passed)
    return sorted(zip(*(column.tolist() for column in columns), strict=True))


@pytest.mark.parametrize("minor", [21, 22, 24, 25, 27])
def test_sets_by_class(minor: int) -> None:
    made = world(6, minor)
    sets, spans = Sets(made), made.spans
    sets.put(10, "partial", ODD, spans[:1])
    sets.put(10, "partial", 1 - ODD, spans[1:3])
    sets.put(135, "full", 1 - ODD, spans[3:4])
    sets.put(0, "full", ODD, spans[4:])
    found = mcentral.central(made.program)
    assert rows(found) == sorted(
        [
            (0, FULL_SWEPT, spans[4], False),
            (0, FULL_SWEPT, spans[5], False),
            (10, PARTIAL_SWEPT, spans[0], False),
            (10, PARTIAL_UNSWEPT, spans[1], False),
            (10, PARTIAL_UNSWEPT, spans[2], False),
            (135, FULL_UNSWEPT, spans[3], False),
        ]
    )
    assert found.unreadable == 0 and found.counts()[10].tolist() == [1, 2, 0, 0]
    members = mcentral.members(made.program, found, 10)
    assert members.address.tolist() == spans[:3] and members.span["taken"].tolist() == [0, 1, 2]


def test_the_sets_change_places() -> None:
    made = world(1)
    made.put("runtime.mheap", made.symbols["runtime.mheap_"], sweepgen=SWEEPGEN + 2)
    Sets(made).put(10, "partial", ODD, made.spans)
    assert rows(mcentral.central(made.program)) == [(10, PARTIAL_UNSWEPT, made.spans[0], False)]


@pytest.mark.parametrize("head", [0, 1, ENTRIES - 1, ENTRIES, 3 * ENTRIES + 7])
def test_what_was_taken_is_gone(head: int) -> None:
    made = world(ENTRIES + 30)
    Sets(made).put(10, "full", ODD, made.spans, head)
    found = mcentral.central(made.program)
    assert sorted(found.address.tolist()) == sorted(made.spans) and found.unreadable == 0


def test_swept_by_somebody_else() -> None:
    made = world(4)
    made.put("runtime.mspan", made.spans[1], sweepgen=SWEEPGEN)
    made.put("runtime.mspan", made.spans[2], state=0)
    made.put("runtime.mspan", made.spans[3], sweepgen=SWEEPGEN - 1)
    Sets(made).put(10, "full", 1 - ODD, made.spans[1:])
    found = mcentral.central(made.program)
    assert [(row[2], row[3]) for row in rows(found)] == [
        (made.spans[1], True),
        (made.spans[2], True),
        (made.spans[3], False),
    ]
    assert found.counts().sum() == 1


def test_a_place_that_is_being_filled_is_passed_over() -> None:
    made = world(2)
    Sets(made).put(10, "full", ODD, [made.spans[0], 0, made.spans[1]])
    assert sorted(mcentral.central(made.program).address.tolist()) == sorted(made.spans)


@pytest.mark.parametrize(
    "wrong",
    [
        {"index": 0xFFFFFFFF},  # more than there are spans
        {"index": 5 << 32 | 600},
        {"spineLen": 0},
        {"spine": 0x10},
    ],
)
def test_damaged_sets_are_counted_and_the_others_read(wrong: dict[str, int]) -> None:
    made = world(3)
    sets = Sets(made)
    sets.put(10, "full", ODD, made.spans[:2])
    made.put("runtime.spanSet", sets.put(12, "full", ODD, made.spans[2:]), **wrong)
    found = mcentral.central(made.program)
    assert found.address.tolist() == made.spans[:2] and found.unreadable == 1


def test_a_block_that_is_not_there() -> None:
    made = world(2)
    at = Sets(made).put(10, "full", ODD, made.spans)
    spine = made.off_heap.take(8)
    made.words(spine, 0x10)
    made.put("runtime.spanSet", at, spine=spine)
    found = mcentral.central(made.program)
    assert len(found.address) == 0 and found.unreadable == 1


def test_a_torn_list_of_spans_is_refused() -> None:
    made = world(1)
    made.words(made.symbols["runtime.mheap_"] + made.offset("runtime.mheap", "allspans") + 8, 1 << 40)
    with pytest.raises(InconsistentRuntime, match="allspans"):
        mcentral.central(made.program)


def test_any_bytes_are_taken() -> None:
    made = world(2)
    central = made.binary.layout("runtime.mheap").fields["central"]
    made.write(made.symbols["runtime.mheap_"] + central.offset, b"\xff" * central.size)
    assert len(mcentral.central(made.program).address) == 0
