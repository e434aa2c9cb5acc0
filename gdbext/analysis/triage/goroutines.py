"""Goroutines that nothing wakes, and those that queue at one line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from attrs import field, frozen

from gdbext.analysis.goroutines.grouping import Overview, by_stack, group
from gdbext.analysis.leaks import stuck
from gdbext.analysis.triage.finding import EXACT, SUSPECTED, Finding, stands_out

if TYPE_CHECKING:
    from gdbext.analysis.leaks.stuck import Stuck
    from gdbext.analysis.triage.asked import Asked
    from gdbext.compute.arrays import I64

LEAKED, WAITING, QUEUE = "leaked goroutines", "waiting for an ancestor", "queue"
QUEUES = {
    "sync.Mutex.Lock": 100,
    "sync.RWMutex.Lock": 100,
    "sync.RWMutex.RLock": 100,
    "chan send": 1_000,
    "chan receive": 10_000,
    "select": 10_000,
}
"""From how many on goroutines with one stack that wait so are a queue. Who waits for the network is a connection; who
waits on a condition belongs to a pool or a connection."""
WAITS = 4  # _Gwaiting


@frozen(eq=False)
class Queue:
    """Goroutines (``rows``) with the same stack. ``stacks``: bytes."""

    overview: Overview = field(repr=False)
    rows: I64 = field(repr=False)
    stacks: int


def findings(asked: Asked) -> Iterator[Finding]:
    """Raises GdbextError where nothing can be proved."""
    found = stuck.stuck(asked)
    for fate, kind in ((stuck.LEAKED, LEAKED), (stuck.ANCESTOR, WAITING)):
        mine = [one for one in found.groups if one.fate == fate]
        stacks = sum(one.stacks for one in mine)
        size = found.totals[fate].bytes + stacks
        if stands_out(sum(len(one.rows) for one in mine), size):
            grade = SUSPECTED if found.doubts[fate] else EXACT
            yield Finding(kind, grade, size, asked.leaks.all.bytes + stacks, (found, mine))
    yield from _queues(asked, found)


def _queues(asked: Asked, found: Stuck) -> Iterator[Finding]:
    """Those whose fate is not told already."""
    goroutines = asked.goroutines
    free = (found.fate < 0) & (goroutines.status == WAITS)
    for number, reason in goroutines.reasons.items():
        rows = np.flatnonzero(free & (goroutines.wait_reason == number))
        if len(rows) >= QUEUES.get(reason, len(rows) + 1):
            yield from _of_reason(asked, rows, QUEUES[reason])


def _of_reason(asked: Asked, rows: I64, least: int) -> Iterator[Finding]:
    overview, g = Overview(asked.goroutines, whole=True, only=rows), asked.goroutines.g
    for one in group(rows, by_stack(overview)):
        if len(one.rows) >= least:
            mine = np.asarray(one.rows)
            stacks = int((g["high"][mine] - g["low"][mine]).sum())
            yield Finding(QUEUE, SUSPECTED, stacks, asked.leaks.all.bytes + stacks, Queue(overview, mine, stacks))
