"""go-timers as a person reads it, on made processors."""

from __future__ import annotations

import pytest

from gdbext.commands import timers
from gdbext.golang.runtime import time
from gdbext.golang.runtime.symtab import Location
from gdbext.session import Session
from gdbext.views import timerrows
from tests.commands.asking import document, text
from tests.golang.madecode import Code, Function, Gs
from tests.golang.runtime.test_runtime1 import plant
from tests.synthetic import World

SECOND = 10**9
NOW = 1000 * SECOND
ENDS = "context.WithDeadlineCause.func2"


class Made:
    """Two processors."""

    def __init__(self, minor: int = 27) -> None:
        names = (
            "time.goFunc",
            "time.sendTime",
            "runtime.goroutineReady",
            "main.called",
            "context.WithDeadlineCause.func2",
        )
        self.code = Code(World(minor), *(Function(name) for name in names))
        self.world, self.heaps = self.code.world, [list[int](), list[int]()]
        self.world.mheap()

    def funcval(self, name: str, *captured: int) -> int:
        at = self.world.off_heap.take(16)
        self.world.words(at, self.code.pc(name, 0), *captured)
        return at

    def timer(self, when: int, function: str, data: int = 0, owner: int = 0, at: int = 0, **more: int) -> int:
        world = self.world
        at = at or world.off_heap.take(world.binary.layout("runtime.timer").size)
        f = self.funcval(function)
        state = {"status": 1} if world.minor <= 22 else {"state": 1}
        world.put("runtime.timer", at, when=NOW + when, f=f, arg__data=data, **{**state, **more})
        self.heaps[owner].append(at)
        return at

    def session(self) -> Session:
        world, ps = self.world, []
        for heap in self.heaps:
            p = world.off_heap.take(world.binary.layout("runtime.p").size)
            new = world.minor >= 23
            words = [word for timer in heap for word in ((timer, 0) if new else (timer,))]
            array = world.off_heap.take(8 * max(len(words), 1))
            world.words(array, *words)
            where = p + world.offset("runtime.p", "timers.heap" if new else "timers")
            world.words(where, array, len(heap), len(heap))
            ps.append(p)
        array = world.off_heap.take(16)
        world.words(array, *ps)
        world.variable("runtime.allp", array, 2, 2)
        sched = world.symbols["runtime.sched"] = world.off_heap.take(world.binary.layout("runtime.schedt").size)
        world.put("runtime.schedt", sched, lastpoll=NOW)
        gs = Gs(self.code)
        self.g = gs.add(7)
        gs.finish()
        return Session(world.target)


@pytest.mark.parametrize("minor", [21, 22, 23, 27])
def test_the_text(minor: int) -> None:
    made = Made(minor)
    made.timer(5 * SECOND, "time.goFunc", made.funcval("main.called"))
    made.timer(3 * SECOND, "time.goFunc", made.funcval("main.called"), owner=1)
    made.timer(2 * SECOND, "time.sendTime", 0x1234, period=60 * SECOND)
    said = text(timers.COMMAND, made.session())
    assert said.startswith(
        "3 timers to fire\n"
        "\n"
        "timers  kind      function       first in  last in  every  made by  example\n"
    )  # fmt: skip
    rows = [line.split()[:6] for line in said.splitlines()[3:5]]
    assert rows == [
        ["2", "function", "main.called", "3s", "5s", "-"],
        ["1", "channel", "time.sendTime", "2s", "2s", "1m"],
    ]
    assert ("Go 1.23" in said) is (minor >= 23)
    assert "note: times are from the latest time found in the runtime on: less may be left\n" in said


@pytest.mark.parametrize(
    ("periods", "every", "shortest", "longest", "periodic"),
    [
        ((0, 0), "-", None, None, 0),
        ((3600, 3600), "1h", 3600, 3600, 2),
        ((7200, 3600, 36000), "1h … 10h", 3600, 36000, 3),
        ((3600, 0, 0), "1h (1 of 3)", 3600, 3600, 1),
        ((0, 7200, 3600), "1h … 2h (2 of 3)", 3600, 7200, 2),
    ],
)
def test_the_periods_of_a_group(
    periods: tuple[int, ...], every: str, shortest: int | None, longest: int | None, periodic: int
) -> None:
    """Not those of its first timer."""
    made = Made()
    for number, period in enumerate(periods, 1):
        made.timer(number * SECOND, "time.sendTime", period=period * SECOND)
    session = made.session()
    (group,) = document(timers.COMMAND, session)["groups"]
    assert (group["period_ns"], group["longest_period_ns"]) == tuple(
        None if one is None else one * SECOND for one in (shortest, longest)
    )
    assert group["periodic"] == periodic
    row = text(timers.COMMAND, session).splitlines()[3]
    assert f"  {every}  " in row


@pytest.mark.parametrize(
    ("minor", "setting", "said"),
    [(22, None, False), (26, 0, True), (26, 1, False), (26, 2, True), (27, None, True)],
)
def test_channels_that_nobody_waits_for(minor: int, setting: int | None, said: bool) -> None:
    """asynctimerchan=1 has them as they were until Go 1.22: the runtime keeps their timers."""
    made = Made(minor)
    plant(made.world, ("panicnil", 1, "value"), *([] if setting is None else [("asynctimerchan", setting, "atomic")]))
    notes = document(timers.COMMAND, made.session()).get("notes", [])
    assert (timers.FROM_GO_1_23 in notes) is said and timers.UNLESS_ASYNC not in notes


def test_a_setting_that_cannot_be_read() -> None:
    assert timers.UNLESS_ASYNC in document(timers.COMMAND, Made().session())["notes"]
    assert timers.UNLESS_ASYNC not in document(timers.COMMAND, Made(22).session()).get("notes", [])


def test_single_ones_the_next_first() -> None:
    made = Made()
    made.timer(5 * SECOND, "time.goFunc", made.funcval("main.called"))
    late = made.timer(-SECOND, "runtime.goroutineReady")
    session = made.session()
    made.world.words(late + made.world.offset("runtime.timer", "arg") + 8, made.g)
    found = document(timers.COMMAND, session)["timers"]
    assert [(row["when_in_ns"], row["kind"], row["goid"]) for row in found] == [
        (-SECOND, "sleep", 7),
        (5 * SECOND, "function", None),
    ]
    assert found[0]["address"] == f"{late:#x}" and found[0]["site"] is None
    said = text(timers.COMMAND, session, "--each").splitlines()
    assert said[2].split() == ["timer", "in", "every", "kind", "function", "goroutine", "context"]
    assert said[3].split()[1:] == ["-1s", "-", "sleep", "runtime.goroutineReady", "7", "-"]


@pytest.mark.parametrize("minor", [22, 27])
def test_the_context_that_a_timer_ends(minor: int) -> None:
    """Only where that context has this very timer: a word that looks like one is none."""
    made = Made(minor)
    world = made.world
    own, other = (world.off_heap.take(world.binary.layout("context.timerCtx").size) for _ in range(2))
    timer = world.off_heap.take(256)
    inside = time.inside(world.program)
    world.put("context.timerCtx", own, timer=timer)
    made.timer(SECOND, "time.goFunc", made.funcval(ENDS, own), at=timer + inside)
    made.timer(2 * SECOND, "time.goFunc", made.funcval(ENDS, other))
    found = document(timers.COMMAND, made.session())["timers"]
    assert [row["context"] for row in found] == [f"{own:#x}", None]


def test_until_go_1_22_a_heap_may_not_know_of_a_change_yet() -> None:
    made = Made(22)
    made.timer(SECOND, "time.sendTime", status=8, nextwhen=NOW + 9 * SECOND)
    made.timer(SECOND, "time.sendTime", status=3)
    session = made.session()
    found = document(timers.COMMAND, session)
    assert [row["when_in_ns"] for row in found["timers"]] == [9 * SECOND] and found["stopped"] == 1
    assert text(timers.COMMAND, session).startswith("1 timer to fire; 1 stopped one waits to be thrown out\n")


def test_timers_that_cannot_be_read() -> None:
    made = Made()
    made.timer(SECOND, "time.sendTime")
    made.heaps[0] += [0x10, 0x20]
    session = made.session()
    found = document(timers.COMMAND, session)
    assert len(found["timers"]) == 1 and "not read: 2 timers, or heaps of timers" in found["notes"]


def test_none() -> None:
    assert text(timers.COMMAND, Made().session()).startswith("0 timers to fire\n\n(none)\n")


def test_a_site_in_one_line() -> None:
    calls = [Location("main.f", "/a/b/c.go", 7), Location("runtime.goexit", "/r.s", 1), Location("main.g", "/d.go", 2)]
    assert timerrows.site_line(calls) == "main.f at c.go:7"
    assert timerrows.site_line([calls[0], calls[2], calls[0]]) == "main.f at c.go:7 ← main.g"
    assert timerrows.site_line(()) is None and timerrows.site_line(calls[1:2]) == "runtime.goexit at r.s:1"
