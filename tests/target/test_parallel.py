"""Work split over threads comes back whole and in order, whatever the number of threads."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from gdbext.target import parallel


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize(("count", "pieces"), [(0, 0), (1, 0), (10, 64), (parallel.WORTH_IT, 0), (100_000, 7)])
def test_every_piece_once_and_in_order(monkeypatch: pytest.MonkeyPatch, threads: int, count: int, pieces: int) -> None:
    monkeypatch.setattr(parallel, "threads", lambda: threads)
    found = [number for piece in parallel.split(count, lambda a, b: range(a, b), pieces) for number in piece]
    assert found == list(range(count))


def test_signals_stay_where_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "threads", lambda: 2)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])

    def mask(begin: int, end: int) -> tuple[bool, bool]:
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [])
        return threading.current_thread() is threading.main_thread(), signal.SIGINT in blocked

    assert set(parallel.split(parallel.WORTH_IT, mask)) == {(False, True)}
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before


def test_the_next_item_is_made_while_one_is_used() -> None:
    made, used = threading.Event(), list[int]()

    def items() -> Iterator[int]:
        yield 1
        made.set()
        yield 2

    for item in parallel.ahead(items()):
        used.append(item)
        assert made.wait(10)
    assert used == [1, 2] and list(parallel.ahead([])) == []


def test_making_ahead_leaves_signals_and_failures_to_the_caller() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])

    def items() -> Iterator[bool]:
        yield signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])
        raise ZeroDivisionError

    found = parallel.ahead(items())
    assert next(found) is True
    with pytest.raises(ZeroDivisionError):
        next(found)
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before


def test_what_is_made_ahead_can_be_left() -> None:
    found = parallel.ahead(iter(range(1 << 60)))
    assert next(found) == 0
    found.close()  # type: ignore[attr-defined]
    assert threading.active_count() == 1


def test_a_failure_is_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "threads", lambda: 2)
    with pytest.raises(ZeroDivisionError):
        parallel.split(4, lambda a, b: a // 0, 4)
