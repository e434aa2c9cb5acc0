"""Paths through heaps of timers, on made processors."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from gdbext.analysis.heap.timerroots import TimerRoot, TimerRoots
from gdbext.golang.runtime import time
from gdbext.session import Session
from tests.commands.test_timers import SECOND, Made

STEP = 8
HEAP = cast(Any, SimpleNamespace(ids=lambda addresses: (addresses // np.uint64(STEP)).astype(np.int64)))
"""Each word is a slot of its own."""


def roots_of(session: Session) -> tuple[TimerRoots, int]:
    """And the slot of the first processor's array."""
    return TimerRoots(session.goroutines, HEAP), int(time.heaps(session.program).array[0]) // STEP


@pytest.mark.parametrize("minor", [21, 22, 23, 27])
def test_what_a_timer_has(minor: int) -> None:
    made = Made(minor)
    called = made.timer(5 * SECOND, "time.goFunc", made.funcval("main.called"))
    sends = made.timer(-SECOND, "time.sendTime", 0x1234)
    found, array = roots_of(made.session())
    assert found.at([1, 2, array, called // STEP, 3]) == TimerRoot(called, False, 5 * SECOND, True, "main.called")
    assert found.at([array, sends // STEP]) == TimerRoot(sends, False, -SECOND, True, "time.sendTime")


@pytest.mark.parametrize("minor", [22, 27])
def test_one_that_was_stopped(minor: int) -> None:
    made = Made(minor)
    state = {"status": time.DELETED} if minor == 22 else {"state": 1 | time.ZOMBIE}
    timer = made.timer(SECOND, "time.goFunc", made.funcval("main.called"), **state)
    found, array = roots_of(made.session())
    assert found.at([array, timer // STEP]) == TimerRoot(timer, True, SECOND, True, "main.called")


def test_what_no_timer_has() -> None:
    """No path, one beside the heaps, one that ends at an array, one to a slot that is no timer."""
    made = Made()
    timer = made.timer(SECOND, "time.goFunc", 0x10)
    found, array = roots_of(made.session())
    assert [found.at(ids) for ids in ([], [1, timer // STEP, 2], [1, array], [array, 7])] == [None] * 4
    known = found.at([array, timer // STEP])
    assert known is not None and known.function == ""
