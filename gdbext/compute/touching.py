"""Memory of our own that is touched by a thread while something else is done: a program stands still meanwhile."""

from __future__ import annotations

import ctypes
from itertools import count

from gdbext.compute import deaf, parallel
from gdbext.compute.ownpages import buffer_of, host_of, touch

PIECE = 4 << 20
"""Bytes touched at a time: who maps memory meanwhile, as an import does, waits for so many."""


class Touching:
    """``size`` bytes, touched from their beginning on; ``finish`` or ``stop`` it."""

    def __init__(self, size: int) -> None:
        """Raises OSError where the system has no memory for it."""
        self.size, self.buffer = size, buffer_of(size)
        self._host, self._most, self._next = host_of(self.buffer), size, count()
        self._ended, self._started = deaf.Said(), list[int]()
        deaf.start(self._started, self._run, [()])

    def finish(self, size: int) -> None:
        """Have the first ``size`` bytes touched, on all processors: returns when they are."""
        self._most = min(size, self._most)
        parallel.split(parallel.threads(), lambda *_: self._take(), pieces=parallel.threads())
        self._ended.wait()

    def stop(self) -> None:
        """Touch no more."""
        self._most = 0
        self._ended.wait()

    def _run(self) -> None:
        try:
            self._take()
        finally:
            self._ended.say()

    def _take(self) -> None:
        """Touch pieces that nobody has taken yet."""
        while (start := next(self._next) * PIECE) < self._most:
            some = min(PIECE, self.size - start)
            if not touch(self._host + start, some):
                ctypes.memset(self._host + start, 0, some)
