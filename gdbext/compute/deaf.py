"""Threads that no signal reaches, from their first step on.

A debugger's handlers must run in the main thread: GDB 18 ends where another one takes Ctrl-C. A thread has the mask
of the one that starts it, so that one holds signals back for as long as the start takes. What comes meanwhile waits
for it. A thread that only refused them itself would take the second of two Ctrl-Cs, while the main thread is in the
handler of the first. Standard library only: this is imported before NumPy is.
"""

from __future__ import annotations

import signal

# The functions in C. Those of package signal begin in Python, where an interrupt can come that another thread took:
# the mask would stay.
from _signal import SIG_BLOCK, SIG_SETMASK, pthread_sigmask  # type: ignore[import-not-found]
from _thread import allocate_lock, start_new_thread
from collections.abc import Callable, Collection, Sequence
from functools import partial
from itertools import repeat
from typing import Any, TypeVar

T = TypeVar("T")
EVERY = frozenset(signal.valid_signals())
LOOK_SECONDS = 0.05
"""An interrupt from another thread (a debugger's front end) wakes nobody."""


class Said:
    """That something is over, told to another thread. Not an Event, nor a Future: an interrupt that strikes as those
    have just taken their Condition's lock leaves it taken, and both threads wait for ever."""

    def __init__(self) -> None:
        self.said, self._lock = False, allocate_lock()
        self._lock.acquire()

    def say(self) -> None:
        """Once more does no harm. One thread alone says it."""
        self.said = True
        if self._lock.locked():
            self._lock.release()

    def within(self, seconds: float) -> bool:
        """Wait so long at most; whether it was said."""
        if not self.said:
            self._lock.acquire(timeout=seconds)
        return self.said

    def wait(self) -> None:
        """Until it is said."""
        while not self.within(LOOK_SECONDS):
            pass


def start(started: list[int], run: Callable[..., None], each: Sequence[tuple[Any, ...]]) -> None:
    """One thread of ``run`` for each tuple of arguments, noted in ``started``: one call into C starts and notes all, so
    that an interrupt finds every thread noted that has begun. No object of package threading: those run code of
    Python's when they go, where an interrupt would be lost."""
    holding_back(EVERY, partial(started.extend, map(start_new_thread, repeat(run), each)))


def holding_back(signals: Collection[int], do: Callable[[], T]) -> T:
    """What ``do`` gives; this thread takes none of the signals meanwhile. Not for what starts programs, which would
    refuse them for ever."""
    before = pthread_sigmask(SIG_BLOCK, ())
    try:
        pthread_sigmask(SIG_BLOCK, signals)
        return do()
    finally:
        pthread_sigmask(SIG_SETMASK, before)  # even an interrupt that is due comes only after this
