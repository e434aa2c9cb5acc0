"""Timers that keep what they will call: a path through a processor's heap of timers is by way of one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from attrs import define, frozen

from gdbext.analysis.memory import timers
from gdbext.errors import GdbextError
from gdbext.golang.runtime import time

if TYPE_CHECKING:
    from gdbext.compute.arrays import I64, U64, Bools
    from gdbext.golang.runtime.mheap import Heap
    from gdbext.golang.runtime.proc import Goroutines


@frozen
class TimerRoot:
    """``due``: nanoseconds until it fires, at most that where ``within``; None where nobody knows what time it was.
    ``function``: what it will call, "" where that is unknown.
    ``alone``: there is no other beside it."""

    address: int
    stopped: bool
    due: int | None
    within: bool
    function: str
    alone: bool = True


@define(eq=False)
class TimerRoots:
    """Of a program; none where its heaps of timers cannot be read."""

    goroutines: Goroutines
    heap: Heap

    def at(self, ids: Sequence[int]) -> TimerRoot | None:
        """Of the slots of a path that begins at a root; None where that goes through no heap of timers."""
        arrays, slots, _, _ = self._heaps
        held = next((slot for array, slot in pairwise(ids) if array in arrays), None)
        rows = np.flatnonzero(slots == (held if held is not None else -2))
        return self._named(rows) if len(rows) else None

    @cached_property
    def _heaps(self) -> tuple[frozenset[int], I64, U64, Bools]:
        """(slots of the heaps' arrays, slots of timers, their addresses, which are stopped)."""
        try:
            found = time.heaps(self.goroutines.program)
        except GdbextError:
            return frozenset(), np.zeros(0, np.int64), np.zeros(0, np.uint64), np.zeros(0, np.bool_)
        arrays = frozenset(self.heap.ids(found.array).tolist()) - {-1}
        return arrays, self.heap.ids(found.timer), found.timer, found.stopped

    def _named(self, rows: I64) -> TimerRoot | None:
        """The first of them that was not stopped."""
        _, _, addresses, stopped = self._heaps
        row = rows[np.argsort(stopped[rows], kind="stable")[0]]
        program, now = self.goroutines.program, self.goroutines.now
        found = time.rows(program, addresses[row : row + 1])
        if not found.readable[0]:
            return None
        calls = timers.Calls.of(program, self.goroutines.symtab, found.f, found.data)
        due = int(found.when[0]) - now.ns if now.ns else None
        return TimerRoot(int(addresses[row]), bool(stopped[row]), due, now.at_least, calls.known(0))
