"""Threads that no signal reaches, from their first step on.

A debugger's handlers must run in the main thread: GDB 18 ends where another one takes Ctrl-C. A thread has the mask
of the one that starts it, so that one holds signals back for as long as the start takes. What comes meanwhile waits
for it. A thread that only refused them itself would take the second of two Ctrl-Cs, while the main thread is in the
handler of the first. Standard library only: this is imported before NumPy is.
"""

from __future__ import annotations

import signal
from _thread import start_new_thread
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import repeat
from typing import Any


def start(started: list[int], run: Callable[..., None], each: Sequence[tuple[Any, ...]]) -> None:
    """One thread of ``run`` for each tuple of arguments, noted in ``started``: one call into C starts and notes all, so
    that an interrupt finds every thread noted that has begun. No object of package threading: those run code of
    Python's when they go, where an interrupt would be lost."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        started.extend(map(start_new_thread, repeat(run), each))
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)  # even an interrupt that is due comes only after this


@contextmanager
def undisturbed() -> Iterator[None]:
    """Ctrl-C waits meanwhile: for the few milliseconds in which something is done and noted."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
