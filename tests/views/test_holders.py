"""Who has something, in words."""

from __future__ import annotations

import pytest
from attrs import evolve

from gdbext.analysis.heap.rootnames import RootName
from gdbext.analysis.heap.timerroots import TimerRoot
from gdbext.analysis.leaks.holding import NOBODY, Holder
from gdbext.views import holders, pathlines

MINUTE = 60 * 10**9
TIMER = TimerRoot(0xC000010000, False, 59 * MINUTE, False, "main.expire")
ROOT = RootName("bss", "runtime.allp", timer=TIMER)


@pytest.mark.parametrize(
    ("timer", "text"),
    [
        (TIMER, "a timer due in 59m, main.expire"),
        (evolve(TIMER, within=True), "a timer due within 59m, main.expire"),
        (evolve(TIMER, due=-MINUTE), "a timer that is due, main.expire"),
        (evolve(TIMER, due=None), "a timer, main.expire"),
        (evolve(TIMER, function=""), "a timer due in 59m"),
        (evolve(TIMER, stopped=True), "a stopped timer, main.expire"),
        (evolve(TIMER, alone=False), "timers such as one due in 59m, main.expire"),
    ],
)
def test_by_way_of_a_timer(timer: TimerRoot, text: str) -> None:
    assert holders.root_text(evolve(ROOT, timer=timer)) == text


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (Holder("function value", 0xC000010000, ROOT), "a timer due in 59m, main.expire"),
        (Holder("function value", 0xC000010000, RootName("bss", "main.stop")), "main.stop"),
        (Holder("function value", 0xC000010000), "a function value at 0xc000010000"),
        (Holder("frame", function="main.serve", goid=7), "goroutine 7, main.serve"),
        (Holder("users' type"), "a type of the program's own"),
        (Holder("running"), "a thread that runs"),
        (NOBODY, "nobody"),
    ],
)
def test_holders(found: Holder, text: str) -> None:
    assert holders.text(found) == text


def test_the_root_of_a_path() -> None:
    assert pathlines._root(ROOT) == "a timer due in 59m, main.expire (runtime.allp)"
    assert pathlines.root_object(ROOT) == {**pathlines.root_object(ROOT), "kind": "timer", "goid": None}
