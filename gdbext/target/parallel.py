"""Long compiled loops on all processors: a kernel does not hold the interpreter's lock."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from typing import TypeVar

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
    with signals_kept(), ThreadPoolExecutor(threads()) as pool:
        futures = [pool.submit(work, begin, end) for begin, end in bounds]
    return [future.result() for future in futures]


def ahead(items: Iterable[T]) -> Iterator[T]:
    """The same items; the next one is made while the caller is busy with one: writing needs no interpreter's lock.

    Not where making one asks a debugger: that answers only in its own thread.
    """
    made, end = iter(items), object()
    with ThreadPoolExecutor(1) as pool:
        with signals_kept():
            waiting = pool.submit(next, made, end)
        while (item := waiting.result()) is not end:
            waiting = pool.submit(next, made, end)
            yield item  # type: ignore[misc]


@contextmanager
def signals_kept() -> Iterator[None]:
    """Threads started meanwhile get no signals: a debugger's handlers must not run elsewhere than before."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
