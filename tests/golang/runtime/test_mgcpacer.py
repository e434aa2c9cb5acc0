"""When the next collection begins and where it wants to end, on made figures."""

from __future__ import annotations

from typing import Any

import pytest

from gdbext.golang.runtime import mgcpacer
from gdbext.golang.runtime.mgcpacer import LEAST_HEADROOM, RUNWAY, pace
from tests.counters import Counters
from tests.synthetic import World

BIG = 1 << 30
MIB = 1 << 20


def controller(fields: dict[str, int], minor: int = 27) -> Any:
    world = World(minor)
    world.mheap()
    counters = Counters(world)
    counters.pacer |= fields
    return mgcpacer.controller(counters.finish().program)


@pytest.mark.parametrize("minor", [21, 27])
@pytest.mark.parametrize(
    ("fields", "goal", "why"),
    [
        ({"gcPercentHeapGoal": BIG}, BIG, "GOGC"),
        ({"gcPercentHeapGoal": 4 * MIB, "heapMinimum": 4 * MIB}, 4 * MIB, "minimum"),
        ({"gcPercentHeapGoal": 10, "sweepDistMinTrigger": BIG}, BIG, "sweep"),
        ({"gcPercentHeapGoal": BIG, "triggered": BIG}, BIG + RUNWAY, "triggered"),
        ({"gcPercentHeapGoal": BIG, "memoryLimit": BIG // 2, "mappedReady": 4 << 20}, 516_696_310, "limit"),
        ({"gcPercentHeapGoal": BIG, "memoryLimit": 2 << 20, "mappedReady": 1 << 20}, LEAST_HEADROOM, "limit"),
        ({"gcPercentHeapGoal": BIG, "memoryLimit": BIG // 2, "mappedReady": BIG, "heapMarked": 77}, 77, "limit"),
    ],
)
def test_the_heap_goal(minor: int, fields: dict[str, int], goal: int, why: str) -> None:
    found = pace(controller(fields, minor))
    assert (found.goal, found.why) == (goal, why)


def test_bytes_of_cached_spans_count_for_the_limit() -> None:
    fields = {"gcPercentHeapGoal": BIG, "memoryLimit": BIG // 2, "mappedReady": 100 * MIB, "totalAlloc": 50 * MIB}
    pacer = controller(fields)
    assert mgcpacer.heap_goal(pacer, 10 * MIB) - mgcpacer.heap_goal(pacer) == pytest.approx(9.7 * MIB, rel=1e-3)


@pytest.mark.parametrize(
    ("fields", "trigger"),
    [
        # never before 45/64 of the way from what is marked to the goal, nor after 61/64 of it
        ({"gcPercentHeapGoal": 164 * MIB, "heapMarked": 100 * MIB, "runway": BIG}, 145 * MIB),
        ({"gcPercentHeapGoal": 164 * MIB, "heapMarked": 100 * MIB, "runway": 0}, 161 * MIB),
        ({"gcPercentHeapGoal": 164 * MIB, "heapMarked": 100 * MIB, "runway": 10 * MIB}, 154 * MIB),
        # the last 4 MiB are allowed to a large heap
        ({"gcPercentHeapGoal": 1000 * MIB, "heapMarked": 500 * MIB, "runway": 0}, 996 * MIB),
        ({"gcPercentHeapGoal": 100 * MIB, "heapMarked": 100 * MIB}, 100 * MIB),
    ],
)
def test_the_trigger(fields: dict[str, int], trigger: int) -> None:
    assert pace(controller(fields)).trigger == trigger


def test_any_figures_are_taken() -> None:
    wild = dict.fromkeys(("gcPercentHeapGoal", "heapMarked", "runway", "totalFree", "triggered"), (1 << 64) - 1)
    assert pace(controller(wild)).goal >= 0
