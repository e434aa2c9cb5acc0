"""Long compiled loops on all processors: a kernel does not hold the interpreter's lock.

The caller waits so that Ctrl-C is seen, and no thread is left when it goes on. Signals stay with the main thread.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

from gdbext.compute import deaf
from gdbext.compute.control import CONTROL

T = TypeVar("T")
MOST_THREADS = 4
WORTH_IT = 1 << 14
"""Items; less is done sooner than a thread starts."""


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
        return [one.result() for one in waiting]


def ahead(items: Iterable[T]) -> Iterator[T]:
    """The same items; the next one is made while the caller is busy with one: writing needs no interpreter's lock.

    Not where making one asks a debugger: that answers only in its own thread.
    """
    made, end = iter(items), object()
    with workers(1) as pool:
        waiting = pool.submit(next, made, end)
        while (item := waiting.result()) is not end:
            waiting = pool.submit(next, made, end)
            yield item


def aside(work: Callable[[], T]) -> T:
    """``work()`` in a thread of its own, which no signal reaches and which is gone at the end. It has to look at
    ``CONTROL`` where it takes long."""
    with workers(1) as pool:
        return pool.submit(work).result()


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


class _Task(Generic[T]):
    """Work for a thread."""

    def __init__(self, work: Callable[..., T], values: tuple[Any, ...]) -> None:
        self._work, self._values, self._done = work, values, deaf.Said()
        self._result: list[T] = []
        self._failure: list[BaseException] = []

    def run(self) -> None:
        try:
            CONTROL.check()
            self._result.append(self._work(*self._values))
        except BaseException as failure:  # noqa: BLE001  the one who waits gets it
            self._failure.append(failure)
        self._done.say()

    def result(self) -> T:
        """What the work returned, once it has; raises what it raised. To be asked once."""
        self._done.wait()
        if self._failure:
            raise self._failure.pop()
        return self._result.pop()


class _Workers:
    """A ThreadPoolExecutor that an interrupt cannot strike while it starts a thread: that one would be lost, and go on
    with memory that is gone."""

    def __init__(self, count: int) -> None:
        self._tasks: SimpleQueue[_Task[Any] | None] = SimpleQueue()
        self._ended = [deaf.Said() for _ in range(count)]
        self._started: list[int] = []

    def start(self) -> None:
        deaf.start(self._started, self._run, [(ended,) for ended in self._ended])

    def submit(self, work: Callable[..., T], *values: Any) -> _Task[T]:
        task = _Task(work, values)
        self._tasks.put(task)
        return task

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

    def _run(self, ended: deaf.Said) -> None:
        while task := self._tasks.get():
            task.run()
        ended.say()
