"""Ctrl-C inside compiled loops: a word that the signal itself sets, and that kernels poll. And how far they are.

Python runs a signal's handler between two of its own steps only, so not before a kernel returns. But whatever notes the
signal (Python's own handler, or a debugger's by PyErr_SetInterrupt, from whichever thread) writes its number to the
file descriptor of ``signal.set_wakeup_fd`` at once. Here that is a page of memory: no thread has to watch, and a kernel
runs where it is called.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

BYTES = 8
"""What kernels look at: numbers of the first signals that came. Few but SIGINT have a handler of Python's."""
LAST = BYTES - 1
DONE = slice(BYTES, BYTES + 8)
"""A number of 64 bits: how much was done, as ``intrinsics.worked`` counts it."""


class Control:
    """What compiled loops look at while they run. ``address`` of the word is the same as long as the process lives."""

    def __init__(self) -> None:
        self._fd, self._page = _shared_page()
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self._page))
        self._watched = 0
        self._total = 0

    @property
    def stopped(self) -> bool:
        """Whether what runs should end."""
        return signal.SIGINT in self._page[:BYTES]

    def stop(self) -> None:
        """End what runs: for what does not come as a signal."""
        self._page[LAST] = signal.SIGINT

    @property
    def share(self) -> float | None:
        """How much of what runs is done, up to 1; None where nobody knows."""
        total = self._total
        return min(int.from_bytes(self._page[DONE], "little") / total, 1.0) if total else None

    def work(self, count: int) -> None:
        """So much more is done."""
        done = int.from_bytes(self._page[DONE], "little") + count
        self._page[DONE] = done.to_bytes(8, "little")

    @contextmanager
    def expecting(self, total: int) -> Iterator[None]:
        """``share`` is of so much meanwhile."""
        self._page[DONE], self._total = bytes(8), total
        try:
            yield
        finally:
            self._total = 0

    def check(self) -> None:
        """Raise KeyboardInterrupt where what runs should end: threads get no signals."""
        if self.stopped:
            raise KeyboardInterrupt

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Kernels end at Ctrl-C meanwhile; a stop is forgotten at the outermost's end. Of the main thread alone."""
        if threading.get_ident() != threading.main_thread().ident:
            yield
            return
        if self._watched:
            with self._counted():
                yield
            return
        self.forget()  # of an interrupt that struck while the one before was forgotten
        with self._regained(), self._woken(), self._counted():
            yield

    @contextmanager
    def _woken(self) -> Iterator[None]:
        """Whatever notes a signal writes its number into the page."""
        if self._fd < 0:
            yield
            return
        before, woken = list[int](), partial(signal.set_wakeup_fd, warn_on_full_buffer=False)
        try:
            before.extend(map(woken, (self._fd,)))  # one call into C: no interrupt comes between doing it and noting it
            yield
        finally:
            for fd in before:
                signal.set_wakeup_fd(fd)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self._watched += 1
        try:
            yield
        finally:
            self._watched -= 1
            if not self._watched:
                self.forget()

    @contextmanager
    def _regained(self) -> Iterator[None]:
        """An interrupt that strikes where C calls Python back (ctypes, ``__del__``) is lost there, and printed: here it
        is noted, for the next look at the word."""
        before = sys.unraisablehook

        def hook(lost: sys.UnraisableHookArgs) -> None:
            if lost.exc_type is KeyboardInterrupt:
                self.stop()
            else:
                before(lost)

        sys.unraisablehook = hook
        try:
            yield
        finally:
            sys.unraisablehook = before

    def forget(self) -> None:
        """What runs may go on: of a Ctrl-C that has ended only a part of it."""
        self._page[:BYTES] = bytes(BYTES)
        if self._fd >= 0:
            os.lseek(self._fd, 0, os.SEEK_SET)


def _shared_page() -> tuple[int, mmap.mmap]:
    """A file in memory, and that memory; -1 and memory alone where files in memory are not allowed."""
    try:
        fd = os.memfd_create("gdbext-control")
    except OSError:
        return -1, mmap.mmap(-1, mmap.PAGESIZE)
    os.ftruncate(fd, mmap.PAGESIZE)
    os.set_blocking(fd, False)  # set_wakeup_fd wants it
    return fd, mmap.mmap(fd, mmap.PAGESIZE)


CONTROL = Control()
"""One for the process, as the interrupt is: a thread that waits for it and those that work for it have the same."""
