"""Who will unlock a lock, of made deferred calls."""

from __future__ import annotations

import numpy as np

from gdbext.analysis.leaks.unlocks import Unlocks


def made(*calls: tuple[int, int, bool]) -> Unlocks:
    row, lock, outer = zip(*sorted(calls, key=lambda one: one[1]), strict=True)
    return Unlocks(np.array(row), np.array(lock), np.array(outer, np.bool_))


def test_others_come_before_waiters() -> None:
    calls = made((1, 0, True), (2, 0, False), (3, 1, True))
    assert calls.of(0, np.array([1]), elsewhere=True).tolist() == [2]
    assert calls.of(0, np.array([1, 2]), elsewhere=False).tolist() == [1]
    assert calls.of(0, np.array([7]), elsewhere=True).tolist() == [1, 2]


def test_waiters_do_not_count_where_others_refer_to_it() -> None:
    assert made((1, 0, True)).of(0, np.array([1]), elsewhere=True).tolist() == []


def test_a_waiter_counts_only_where_it_called_another_function() -> None:
    assert made((1, 0, False)).of(0, np.array([1]), elsewhere=False).tolist() == []
    assert made((1, 0, False), (1, 0, True)).of(0, np.array([1]), elsewhere=False).tolist() == [1]


def test_each_lock_has_its_own() -> None:
    assert made((1, 0, True)).of(1, np.array([2]), elsewhere=False).tolist() == []
