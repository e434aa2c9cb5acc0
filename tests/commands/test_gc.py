"""go-gc as a person reads it, on a made collector."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from gdbext.analysis.memory import gcwatch
from gdbext.commands import gc
from gdbext.errors import UsageError
from gdbext.golang.runtime import mgc
from gdbext.session import Session
from gdbext.views import gcrows
from tests.commands.asking import document, text
from tests.counters import Counters
from tests.synthetic import World

MIB = 1 << 20
BEGAN = 1_700_000_000_000_000_000


def world(minor: int = 27, phase: int = 0, cycles: int = 3, **pacer: int) -> World:
    made = World(minor)
    made.mheap()
    counters = Counters(made)
    counters.pacer |= {"gcPercent": 100, "gcPercentHeapGoal": 164 * MIB, "heapMarked": 100 * MIB, "runway": 10 * MIB}
    counters.pacer |= {"heapLive": 120 * MIB, **pacer}
    counters.stats = {"numgc": cycles, "numforcedgc": 1, "pause_total_ns": 6_000_000, "last_gc_unix": BEGAN}
    counters.finish()
    stats = made.symbols["runtime.memstats"]
    ends = [BEGAN + 1000 * number for number in range(cycles)]
    made.words(stats + made.offset("runtime.mstats", "pause_ns"), *[1_000_000 * (n + 1) for n in range(cycles)])
    made.words(stats + made.offset("runtime.mstats", "pause_end"), *ends)
    made.write(stats + made.offset("runtime.mstats", "gc_cpu_fraction"), struct.pack("<d", 0.0123))
    counters.structure("runtime.work", "runtime.workType", {"cycles": cycles + (phase > 0), "heap0": 5, "heap1": 6})
    counters.structure("runtime.gcCPULimiter", "runtime.gcCPULimiterState", {})
    made.variable("runtime.gcphase", phase)
    return made


def session(**more: Any) -> Session:
    return Session(world(**more).target)


def test_the_text() -> None:
    assert text(gc.COMMAND, session()) == (
        "phase: off; 3 cycles so far, 1 of them asked for by the program\n"
        "GOGC=100, GOMEMLIMIT=off\n"
        "heap: 120 MiB now, 100 MiB left by the last cycle\n"
        "next cycle: begins at 154 MiB, aims at 164 MiB (GOGC=100 of what was marked)\n"
        "cost: 1.23 % of the CPUs since the start; all pauses together 6ms\n"
        "\n"
        "pause  ended (UTC)\n"
        "  3ms  2023-11-14T22:13:20.000002000Z\n"
        "  2ms  2023-11-14T22:13:20.000001000Z\n"
        "  1ms  2023-11-14T22:13:20.000000000Z\n"
    )


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"memoryLimit": 50 * MIB, "mappedReady": 10 * MIB, "heapFree": 10 * MIB}, "(GOMEMLIMIT=50.0 MiB)"),
        ({"heapMinimum": 164 * MIB}, "(the least heap with GOGC=100)"),
        ({"gcPercent": -1, "gcPercentHeapGoal": -1}, "next cycle: none begins by itself\n"),
        ({"sweepDistMinTrigger": 300 * MIB}, "(what has to be swept before)"),
        ({"triggered": 300 * MIB}, "(it began late, and gets some room)"),
    ],
)
def test_what_makes_the_goal(fields: dict[str, int], said: str) -> None:
    assert said in text(gc.COMMAND, session(**fields))


@pytest.mark.parametrize("minor", [21, 27])
def test_while_it_marks(minor: int) -> None:
    work = {"heapScanWork": 30 * MIB, "stackScanWork": MIB, "globalsScanWork": MIB, "bgScanCredit": 2 * MIB}
    scan = {"heapScan": 60 * MIB, "maxStackScan": 2 * MIB, "globalsScan": 2 * MIB}
    (ratio,) = struct.unpack("<q", struct.pack("<d", 0.5))
    made = session(minor=minor, phase=1, assistWorkPerByte=ratio, **work, **scan)
    assert (
        "phase: mark; 4 cycles so far, 1 of them asked for by the program\n"
        "marking: 32.0 MiB scanned of 64.0 MiB at most; goroutines that allocate help, 0.5 bytes for each that is "
        "allocated; 2.00 MiB of credit left\n"
    ) in text(gc.COMMAND, made)
    said = document(gc.COMMAND, made)
    assert said["phase"] == "mark" and said["assist"] == {"credit": 2 * MIB, "work_per_byte": 0.5, "ns": 0}


def test_a_collector_at_its_limit() -> None:
    made = world()
    made.put("runtime.gcCPULimiterState", made.symbols["runtime.gcCPULimiter"], lastEnabledCycle=2)
    assert "\nthe collector was at its limit (half of the CPUs) in cycle 2\n" in text(gc.COMMAND, Session(made.target))
    made.put("runtime.gcCPULimiterState", made.symbols["runtime.gcCPULimiter"], enabled=1)
    assert "\nthe collector is at its limit: it would take more" in text(gc.COMMAND, Session(made.target))
    del made.symbols["runtime.gcCPULimiter"]
    assert document(gc.COMMAND, Session(made.target))["limiter"] == {"enabled": None, "last_enabled_cycle": None}


def test_eight_pauses_unless_more_are_asked_for() -> None:
    made = session(cycles=20)
    assert "\n… and 12 more pauses (--all shows them)\n" in text(gc.COMMAND, made)
    assert "more pauses" not in text(gc.COMMAND, made, "--all")
    assert "… and 18 more" in text(gc.COMMAND, made, "--limit 2")
    assert len(document(gc.COMMAND, made)["pauses"]) == 20
    assert len(document(gc.COMMAND, made, "--limit 3")["pauses"]) == 3
    assert "more pauses" not in text(gc.COMMAND, made, limit=None)


def test_any_bytes_are_taken() -> None:
    made = world()
    for name, variable in (("mstats", "memstats"), ("gcControllerState", "gcController"), ("workType", "work")):
        made.write(made.symbols[f"runtime.{variable}"], b"\xff" * made.binary.layout(f"runtime.{name}").size)
    made.words(made.symbols["runtime.gcphase"], 77)
    assert text(gc.COMMAND, Session(made.target)).startswith("phase: unknown phase 77; ")
    assert document(gc.COMMAND, Session(made.target))["gc_cpu_fraction"] == {"absent": "not a number"}


def test_what_stands_still_is_not_watched() -> None:
    with pytest.raises(UsageError, match="for a program that runs"):
        text(gc.COMMAND, session(), "--watch")
    with pytest.raises(UsageError, match="'-1' is not a number of seconds"):
        text(gc.COMMAND, session(), "--seconds=-1")


def test_cycles_that_were_missed_are_told() -> None:
    state = mgc.collector(world().program)
    seen = gcwatch.fresh(state, 1)
    assert [(one.number, one.pause[1], one.state is state) for one in seen] == [
        (2, 2_000_000, False),
        (3, 3_000_000, True),
    ]
    assert gcwatch.fresh(state, 3) == []
    lines = [gcrows.cycle_line(gc._cycle(one)) for one in seen]
    assert lines == [
        "gc 2 ended 2023-11-14T22:13:20.000001000Z: paused 2ms; the next one followed at once\n",
        "gc 3 ended 2023-11-14T22:13:20.000002000Z: paused 3ms, heap 5 B → 6 B, 0 B marked, next goal 164 MiB by GOGC, "
        "1.23 % of the CPUs so far\n",
    ]


def test_cycles_for_a_program() -> None:
    missed, last = (gcrows.cycle_object(gc._cycle(one)) for one in gcwatch.fresh(mgc.collector(world().program), 1))
    assert missed == {
        "cycle": 2,
        "end_unix_ns": BEGAN + 1000,
        "pause_ns": 2_000_000,
        **dict.fromkeys(("heap_at_start", "heap_at_end", "heap_marked", "goal", "goal_by", "gc_cpu_fraction")),
    }
    assert last == {
        "cycle": 3,
        "end_unix_ns": BEGAN + 2000,
        "pause_ns": 3_000_000,
        "heap_at_start": 5,
        "heap_at_end": 6,
        "heap_marked": 0,
        "goal": 164 * MIB,
        "goal_by": "GOGC",
        "gc_cpu_fraction": 0.0123,
    }


def test_a_cycle_after_which_none_begins_by_itself() -> None:
    made = world(gcPercent=-1, gcPercentHeapGoal=-1)
    (last,) = map(gc._cycle, gcwatch.fresh(mgc.collector(made.program), 2))
    assert ", next goal none, " in gcrows.cycle_line(last)
    assert {key: gcrows.cycle_object(last)[key] for key in ("goal", "goal_by")} == {"goal": None, "goal_by": None}
