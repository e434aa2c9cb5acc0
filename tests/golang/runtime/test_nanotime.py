"""The program's clock (runtime/time_nofake.go)."""

from __future__ import annotations

import os
import time

import pytest

from gdbext.golang.runtime import nanotime
from gdbext.golang.runtime.nanotime import Now, now
from gdbext.target import Identity
from tests.synthetic import World, failing

LATEST = "the latest time found in the runtime"


@pytest.fixture
def world() -> World:
    """A program that noted times in five places, the latest in a processor."""
    made = World()
    for symbol, name, fields in (
        ("runtime.sched", "runtime.schedt", {"lastpoll": 100}),
        ("runtime.work", "runtime.workType", {"tMark": 200}),
        ("runtime.memstats", "runtime.mstats", {"last_gc_nanotime": 300}),
        ("runtime.gcCPULimiter", "runtime.gcCPULimiterState", {}),
    ):
        made.symbols[symbol] = made.data.take(made.binary.layout(name).size)
        made.put(name, made.symbols[symbol], **fields)
    p = made.data.take(made.binary.layout("runtime.p").size)
    made.put("runtime.p", p, sysmontick__schedwhen=400)
    pointers = made.data.take(8)
    made.words(pointers, p)
    made.variable("runtime.allp", pointers, 1, 1)
    return made


def test_a_core_says_at_least(world: World) -> None:
    assert now(world.program) == Now(400, True, LATEST)


def test_torn_times_do_not_count(world: World) -> None:
    world.put("runtime.workType", world.symbols["runtime.work"], tEnd=1 << 62, tMarkTerm=-5)
    assert now(world.program).ns == 400


def test_a_program_that_noted_nothing() -> None:
    assert now(World().program) == Now(0, True, LATEST)


def test_a_process_of_this_machine_has_its_clock(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.target, "identity", Identity("live", None))
    assert now(world.program).at_least, "a target without a pid may be anywhere"
    monkeypatch.setattr(world.target, "identity", Identity("live", os.getpid()))
    found = now(world.program)
    assert not found.at_least and 0 <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) - found.ns < 10**10


def test_times_of_the_future_give_another_machine_away(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.target, "identity", Identity("live", os.getpid()))
    ahead = nanotime.A_CENTURY - 1
    world.put("runtime.workType", world.symbols["runtime.work"], tEnd=ahead)
    assert now(world.program) == Now(ahead, True, LATEST)


def test_what_cannot_be_read_is_left_out(world: World) -> None:
    found = set()
    for _ in failing(world.target):
        found.add(now(world.program).ns)
    assert found == {0, 100, 200, 300, 400}
