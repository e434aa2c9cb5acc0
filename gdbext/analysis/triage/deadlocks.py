"""Goroutines that likely wait for each other's locks, and who waits behind them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from gdbext.analysis.leaks import waitgraph
from gdbext.analysis.leaks.waitson import LOCKS
from gdbext.analysis.triage.finding import SUSPECTED, Finding

if TYPE_CHECKING:
    from gdbext.analysis.leaks.waitgraph import Thing, WaitGraph
    from gdbext.analysis.triage.asked import Asked

DEADLOCK = "deadlock"


@frozen(eq=False)
class Deadlock:
    """``cycles``: rows, as the graph has them. ``behind``: how many others wait for a lock of theirs, or of those."""

    cycles: Sequence[Sequence[int]]
    behind: int


def findings(asked: Asked) -> Iterator[Finding]:
    """One of all cycles of locks. Those of channels may be meant: who has a channel need not be who sends. Raises
    GdbextError."""
    graph = waitgraph.waitgraph(asked.waiting, asked.heap)
    cycles = [one for one in graph.cycles if all(thing.kind in LOCKS for _, thing, _ in graph.around(one))]
    if not cycles:
        return
    members = {row for one in cycles for row in one}
    stopped = _behind(graph, members)
    rows, g = np.array(sorted(stopped), np.int64), asked.goroutines.g
    stacks = int((g["high"][rows] - g["low"][rows]).sum())
    yield Finding(DEADLOCK, SUSPECTED, stacks, 0, Deadlock(cycles, len(stopped) - len(members)))


def _behind(graph: WaitGraph, members: set[int]) -> set[int]:
    """These, and all that wait for a lock that one of them likely has."""
    had: dict[int, list[Thing]] = {}
    for thing in graph.things:
        if thing.kind in LOCKS:
            for row in thing.holders.tolist():
                had.setdefault(row, []).append(thing)
    found, new = set(members), list(members)
    while new:
        for thing in had.pop(new.pop(), ()):
            more = set(thing.waiters.tolist()) - found
            found |= more
            new.extend(more)
    return found


__all__ = ["DEADLOCK", "Deadlock", "findings"]
