"""One span by address, and spans by state, on made memory."""

from __future__ import annotations

import pytest

from gdbext.errors import InconsistentRuntime
from gdbext.golang.runtime import mspan
from gdbext.golang.runtime.mspan import State
from tests.synthetic import HEAP, PAGE, Span, World

FAR = HEAP + 8 * PAGE


def world(minor: int = 27) -> World:
    made = World(minor)
    made.span(Span(HEAP, 8192 * 2, 1, npages=2, sizeclass=0))
    made.span(Span(HEAP + 2 * PAGE, 48, 170, state=2))
    made.span(Span(FAR, 48, 170, state=0))
    made.mheap()
    return made


@pytest.mark.parametrize("minor", [21, 24, 27])
def test_the_span_of_an_address(minor: int) -> None:
    made = world(minor)
    first, second, dead = made.spans
    for address in (HEAP, HEAP + PAGE, HEAP + 2 * PAGE - 1, first):
        assert mspan.find(made.program, address) == first
    assert mspan.find(made.program, HEAP + 2 * PAGE) == second
    assert mspan.find(made.program, dead) == dead
    record = mspan.whole(made.program, first)
    assert (int(record["base"]), int(record["npages"]), int(record["elemsize"])) == (HEAP, 2, 16384)
    assert ("large_type" in record.dtype.names) == (minor > 21)


@pytest.mark.parametrize("address", [0, 7, HEAP + 3 * PAGE, FAR, (1 << 64) - 1])
def test_addresses_without_a_span(address: int) -> None:
    """Pages that no span has, or had."""
    assert mspan.find(world().program, address) == 0


def test_states() -> None:
    made = world()
    made.put("runtime.mspan", made.span(Span(HEAP + 5 * PAGE, 48, 170)), state=9)
    made.mheap()
    assert mspan.states(made.program) == [
        State("dead", 1, None),
        State("in use", 1, 2 * PAGE),
        State("manual", 1, PAGE),
        State("unknown state 9", 1, PAGE),
    ]


def test_states_of_what_is_no_list() -> None:
    made = world()
    made.words(made.symbols["runtime.mheap_"] + made.offset("runtime.mheap", "allspans") + 8, 1 << 40)
    with pytest.raises(InconsistentRuntime):
        mspan.states(made.program)


@pytest.mark.parametrize(
    ("behind", "said"),
    [
        (-2, "needs sweeping"),
        (-1, "is being swept"),
        (0, "swept"),
        (3, "swept, then cached"),
        (7, "unknown: +7 to the heap's"),
    ],
)
def test_whether_it_is_swept(behind: int, said: str) -> None:
    made = World()
    made.span(Span(HEAP, 48, 170, behind=behind))
    made.mheap()
    assert mspan.swept(made.program, mspan.whole(made.program, made.spans[0])) == said
