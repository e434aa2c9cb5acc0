"""Long compiled loops on all processors: a kernel does not hold the interpreter's lock.

The caller waits so that Ctrl-C is seen, and no thread is left when it goes on. Signals stay with the main thread.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from itertools import pairwise
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from gdbext.compute import deaf
from gdbext.compute.control import CONTROL

T = TypeVar("T")
MOST_THREADS = 4
WORTH_IT = 1 << 14
"""Items; less is done sooner than a thread starts."""
LOOK_SECONDS = 0.05
"""An interrupt from another thread (a debugger's front end) wakes nobody."""


def threads() -> int:
    """How many threads a long loop is given."""
    return min(len(os.sched_getaffinity(0)), MOST_THREADS)


def split(count: int, work: Callable[[int, int], T], pieces: int = 0) -> list[T]:
    """``work(begin, end)`` for pieces of range(count), side by side; what they returned, in order."""
    pieces = pieces or (threads() if count >= WORTH_IT else 1)
    bounds = list(pairwise(count * i // pieces for i in range(pieces + 1)))
    if pieces == 1 or threads() == 1:
        return [work(begin, end) for begin, end in bounds]
    with workers(threads()) as pool:
        waiting = [pool.submit(work, begin, end) for begin, end in bounds]
        return [_result(one) for one in waiting]


def ahead(items: Iterable[T]) -> Iterator[T]:
    """The same items; the next one is made while the caller is busy with one: writing needs no interpreter's lock.

    Not where making one asks a debugger: that answers only in its own thread.
    """
    made, end = iter(items), object()
    with workers(1) as pool:
        waiting = pool.submit(next, made, end)
        while (item := _result(waiting)) is not end:
            waiting = pool.submit(next, made, end)
            yield item


def aside(work: Callable[[], T]) -> T:
    """``work()`` in a thread of its own, which no signal reaches and which is gone at the end. It has to look at
    ``CONTROL`` where it takes long."""
    with workers(1) as pool:
        return _result(pool.submit(work))


@contextmanager
def workers(count: int) -> Iterator[_Workers]:
    """Threads that are gone at the end. An interrupt stops what they do and what they would have done."""
    with CONTROL.watched():
        pool = _Workers(count)
        try:
            pool.start()
            yield pool
        except KeyboardInterrupt:
            CONTROL.stop()
            raise
        finally:
            pool.end()


class _Workers:
    """A ThreadPoolExecutor that an interrupt cannot strike while it starts a thread: that one would be lost, and go on
    with memory that is gone."""

    def __init__(self, count: int) -> None:
        self._tasks: SimpleQueue[tuple[Future[Any], Callable[..., Any], tuple[Any, ...]] | None] = SimpleQueue()
        self._ended = [threading.Event() for _ in range(count)]
        self._started: list[int] = []

    def start(self) -> None:
        deaf.start(self._started, self._run, [(ended,) for ended in self._ended])

    def submit(self, work: Callable[..., T], *values: Any) -> Future[T]:
        future: Future[T] = Future()
        self._tasks.put((future, work, values))
        return future

    def end(self) -> None:
        """Drop what has not begun, and wait for the threads, whatever comes meanwhile."""
        try:
            with suppress(Empty):
                while True:
                    self._tasks.get_nowait()
            for _ in self._started:
                self._tasks.put(None)
            for ended in self._ended[: len(self._started)]:
                ended.wait()
        except KeyboardInterrupt:
            CONTROL.stop()
            self.end()
            raise

    def _run(self, ended: threading.Event) -> None:
        while task := self._tasks.get():
            future, work, values = task
            try:
                CONTROL.check()
                future.set_result(work(*values))
            except BaseException as failure:  # noqa: BLE001  the one who waits gets it
                future.set_exception(failure)
        ended.set()


def _result(waiting: Future[T]) -> T:
    while not waiting.done():
        wait((waiting,), LOOK_SECONDS)
    return waiting.result()
