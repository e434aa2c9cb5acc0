"""What there is more of, on made dumps."""

from __future__ import annotations

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, strategies as st

from gdbext.analysis.dumps.growth import Growth, Survived
from gdbext.analysis.heap.histogram import Count
from gdbext.analysis.heap.kernels import objects as kernels
from gdbext.errors import UsageError
from tests.analysis.dumps import madedumps as made
from tests.analysis.dumps.madedumps import FREE, HEAP, PAGE, TYPES, UNTYPED, Span, dead, dump, live, site

ORDER, ITEM, TEXT = map(live, TYPES)


def counts(growth: Growth) -> dict[str, tuple[int, int, int]]:
    """Objects before, after, at the same address."""
    rows = growth.types
    return {row.name or str(row.elemsize): (row.before.objects, row.after.objects, row.same.objects) for row in rows}


def test_each_type_by_how_much() -> None:
    before = dump(Span(48, [ORDER, ORDER, FREE, dead("main.order")]), Span(64, [ITEM]))
    after = dump(Span(48, [ORDER, ITEM, ORDER, ORDER]), Span(64, [FREE]), Span(32, [UNTYPED], noscan=True))
    growth = Growth.of(before, after)
    assert counts(growth) == {"main.order": (2, 3, 1), "main.item": (1, 1, 0), "32": (0, 1, 0)}
    row = next(row for row in growth.types if row.name == "main.order")
    assert (row.before, row.after, row.same) == (Count(2, 96), Count(3, 144), Count(1, 48))
    assert [row.name for row in growth.types] == ["main.order", "", "main.item"], "the greatest difference first"


def test_types_are_the_same_by_their_descriptors_whatever_their_numbers() -> None:
    before = dump(Span(48, [ORDER, FREE]))
    after = dump(Span(48, [ORDER + 1, ORDER + 1]))
    after.types.row[:] += 1
    after = evolve(after, types=evolve(after.types, rows=len(TYPES) + 1, text=made.TEXT + 1))
    assert counts(Growth.of(before, after)) == {"main.order": (1, 2, 1)}


def test_what_is_only_likely_is_said() -> None:
    likely = live("main.item", kernels.TILED)
    before, after = dump(Span(64, [ITEM])), dump(Span(64, [likely]))
    (row,) = Growth.of(before, after).types
    assert not row.exact and row.same.objects == 1
    (row,) = Growth.of(before, before).types
    assert row.exact


@pytest.mark.parametrize(
    "after",
    [
        Span(64, [ORDER, ORDER], page=1),
        Span(48, [ORDER, ORDER]),
        Span(64, [ORDER]),
        Span(64, [ORDER, ORDER], noscan=True),
    ],
)
def test_spans_that_are_others_have_other_objects(after: Span) -> None:
    assert Growth.of(dump(Span(64, [ORDER, ORDER])), dump(after)).survived.count == Count(0, 0)


def test_they_are_the_same_ones_where_nothing_was_collected() -> None:
    before = dump(Span(48, [ORDER]))
    assert Growth.of(before, dump(Span(48, [ORDER]))).survived == Survived(Count(1, 48), True, 0, 0)
    assert not Growth.of(before, dump(Span(48, [ORDER]), sweepgen=12)).survived.proved
    assert not Growth.of(before, dump(Span(48, [ORDER]), stable=False)).survived.proved
    unswept = dump(Span(48, [ORDER]), swept=False)
    assert not Growth.of(unswept, before).survived.proved and Growth.of(before, unswept).survived.proved
    freeing = dump(Span(48, [ORDER]), frees=True)
    assert not Growth.of(freeing, freeing).survived.proved


def test_records_tell_new_objects_from_old_ones() -> None:
    """Of four that were sampled one is another type now, one has no record, one a record of another bucket."""
    stack, at = site("main.make"), [HEAP + 48 * one for one in range(4)]
    before = dump(Span(48, [ORDER] * 4), samples=[(one, 0x10, stack) for one in at])
    after = dump(Span(48, [ORDER] * 3 + [ITEM]), sweepgen=12, samples=[(at[0], 0x10, stack), (at[1], 0x20, stack)])
    assert Growth.of(before, after).survived == Survived(Count(3, 144), False, 3, 1)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"build_id": "other"}, "they are of two programs"),
        ({"go_version": "go1.26.8"}, "they are of two programs"),
        ({"start": 5, "pid": 8}, "one is of process 7, one of process 8 of the same program"),
        ({"start": 5}, "two processes of one program, both of them process 7 in their time"),
        ({"text": 5}, "two processes of one program, both of them process 7 in their time"),
        ({"start": 0, "pid": 8}, "one is of process 7, one of process 8"),
        ({"start": 0, "pid": None}, "one is of process 7, one of a process"),
    ],
)
def test_of_two_processes_nothing_is_compared(other: dict[str, object], why: str) -> None:
    with pytest.raises(UsageError) as raised:
        Growth.of(dump(), dump(**other))  # type: ignore[arg-type]
    assert str(raised.value) == f"the two cannot be compared: {why}; two heap dumps of one process can"


def test_another_namespace_has_another_pid() -> None:
    assert Growth.of(dump(), dump(pid=1, kind="live")).types == []
    assert Growth.of(dump(start=0), dump(start=0)).types == []


STATES = st.lists(st.sampled_from([FREE, UNTYPED, ORDER, ITEM, dead("main.order"), live("main.item", 2)]), max_size=9)


@given(STATES, STATES)
def test_slot_by_slot(before: list[int], after: list[int]) -> None:
    most = max(len(before), len(after), 1)
    sides = [[*states, *[FREE] * (most - len(states))] for states in (before, after)]
    growth = Growth.of(*(dump(Span(48, states), Span(PAGE, [ITEM])) for states in sides))
    names = [[_name(state) for state in states] for states in sides]
    wanted = {
        name: (names[0].count(name), names[1].count(name), sum(a == b == name for a, b in zip(*names, strict=True)))
        for name in {*names[0], *names[1]} - {""}
    }
    wanted["main.item"] = tuple(one + 1 for one in wanted.get("main.item", (0, 0, 0)))  # type: ignore[assignment]
    assert counts(growth) == wanted
    assert growth.survived.count.objects == sum(row[2] for row in wanted.values())
    assert np.array_equal(growth.pairs, [[0, 0], [1, 1]])


def _name(state: int) -> str:
    if state & UNTYPED != UNTYPED:
        return ""
    return TYPES[state & kernels.ROW] if (state & kernels.RANKS) >> kernels.RANK_SHIFT >= kernels.TILED else "48"
