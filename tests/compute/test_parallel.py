"""Work split over threads comes back whole and in order, whatever the number of threads."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import FrameType

import numpy as np
import pytest

from gdbext.compute import parallel
from gdbext.compute.control import CONTROL
from tests.compute import samplekernels
from tests.compute.test_control import as_debuggers_do, once_begun, send, to_the_main_thread


def tasks() -> set[int]:
    return set(map(int, os.listdir("/proc/self/task")))


@pytest.fixture(autouse=True)
def none_is_left() -> Iterator[None]:
    """No test leaves a thread; the last steps of one that has said that it ends may take a moment."""
    before, limit = tasks(), time.monotonic() + 40
    yield
    while tasks() - before and time.monotonic() < limit:
        time.sleep(0.001)
    assert not tasks() - before


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


def test_a_failure_is_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "threads", lambda: 2)
    with pytest.raises(ZeroDivisionError):
        parallel.split(4, lambda a, b: a // 0, 4)


def to_a_worker() -> None:
    """Held back there: then as a debugger would go on."""
    known, workers = {one.native_id for one in threading.enumerate()}, set[int]()
    while len(workers) < 2:
        workers = {one for one in tasks() - known if signal.SIGINT in blocked(one)}
    ctypes.CDLL(None).tgkill(os.getpid(), max(workers), signal.SIGINT)
    send()


def blocked(task: int) -> set[int]:
    """The signals that a thread refuses, as the kernel says. Raises OSError for one that is gone.

    Of one that is just going the kernel says that it has no threads, and no signals of any sort.
    """
    with open(f"/proc/self/task/{task}/status") as status:
        said = dict(line.split(":", 1) for line in status)
    if int(said["Threads"]) == 0:
        raise ProcessLookupError
    mask = int(said["SigBlk"], 16)
    return {number for number in range(1, 65) if mask >> (number - 1) & 1}


@pytest.mark.parametrize("how", [send, to_the_main_thread, as_debuggers_do, to_a_worker])
def test_an_interrupt_ends_all_pieces_and_the_threads(monkeypatch: pytest.MonkeyPatch, how: Callable[[], None]) -> None:
    """None of them would end by itself; those not begun never begin."""
    monkeypatch.setattr(parallel, "threads", lambda: 2)
    begun, pieces = np.zeros(1, np.int64), list[int]()

    def work(begin: int, end: int) -> int:
        pieces.append(begin)
        return int(samplekernels.until_stopped(begun))

    sender = once_begun(begun, how)
    with pytest.raises(KeyboardInterrupt):
        parallel.split(64, work, 64)
    sender.join(10)
    assert len(pieces) <= 3 and not CONTROL.stopped
    assert parallel.split(2, lambda begin, end: begin, 2) == [0, 1]


@pytest.mark.parametrize("how", [send, to_the_main_thread, as_debuggers_do])
def test_an_interrupt_ends_what_is_made_ahead(how: Callable[[], None]) -> None:
    begun = np.zeros(1, np.int64)

    def items() -> Iterator[int]:
        yield int(samplekernels.until_stopped(begun))

    sender = once_begun(begun, how)
    with pytest.raises(KeyboardInterrupt):
        next(parallel.ahead(items()))
    sender.join(10)
    assert not CONTROL.stopped


def test_no_thread_takes_a_signal_even_while_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would run the debugger's handler while the main thread is in it, which ends GDB 18."""
    monkeypatch.setattr(parallel, "threads", lambda: 2)
    seen, done, watching = list[bool](), threading.Event(), threading.Event()

    def look() -> None:
        known = tasks()
        watching.set()
        while not done.is_set():
            for task in tasks() - known:
                with suppress(OSError):  # gone
                    seen.append(signal.SIGINT in blocked(task))

    watcher = threading.Thread(target=look)
    watcher.start()
    watching.wait()
    while len(seen) < 1000:
        parallel.split(2, lambda begin, end: None, 2)
    done.set()
    watcher.join()
    assert all(seen)


def test_an_interrupt_while_threads_start_loses_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A storm of them, wherever they strike."""
    monkeypatch.setattr(parallel, "threads", lambda: 2)
    interrupted = 0

    def handler(number: int, frame: FrameType | None) -> None:
        """Only while work is split: elsewhere one would end the tests."""
        while frame is not None:
            if frame.f_code is parallel.split.__code__:
                raise KeyboardInterrupt
            frame = frame.f_back

    def storm() -> None:
        for _ in range(300):
            time.sleep(0.001)
            as_debuggers_do()

    before, thread = signal.signal(signal.SIGINT, handler), threading.Thread(target=storm)
    thread.start()
    while thread.is_alive():
        try:
            parallel.split(4, lambda begin, end: None, 4)
        except KeyboardInterrupt:
            interrupted += 1
    signal.signal(signal.SIGINT, before)
    assert interrupted
