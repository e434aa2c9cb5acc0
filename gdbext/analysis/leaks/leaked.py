"""Goroutines that nothing can wake: the runtime's own criterion (runtime/mgc.go, findGoroutineLeaks), of any release.

Each waits for a channel, a lock, a condition or a wait group that nothing which may still run can reach, to a fixpoint.
Two differences, both on the safe side: the roots are the proof's, which has what a stop anywhere hides from stack maps,
and what a weak pointer leads to counts as reached. One the other way: what only goroutines that nothing wakes have to
call yet, their deferred calls, does not count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import field, frozen

from gdbext.analysis.heap.flow import contents
from gdbext.analysis.heap.kernels import marking as kernels
from gdbext.analysis.heap.marking import Marking
from gdbext.analysis.leaks.blocking import internal
from gdbext.analysis.leaks.facts import Facts, Words, of_rows
from gdbext.analysis.leaks.proof import unfound
from gdbext.analysis.leaks.revived import weak

if TYPE_CHECKING:
    from gdbext.compute.arrays import U64, Bools

MAIN = 1
"""The goid of main.main, which the runtime does not call leaked in ``select {}``."""


@frozen(eq=False)
class Leaked:
    """``mask``: which rows nothing wakes. ``words``: the roots. ``notes``: doubts."""

    mask: Bools
    words: Words = field(repr=False)
    notes: tuple[str, ...] = ()


def leaked(facts: Facts) -> Leaked:
    """To the fixpoint."""
    blocked, heap = facts.blocked, facts.flowed.laid.heap
    waiting = blocked.mask & ~internal(facts.goroutines, facts.frames)
    words = Words.every(facts)
    marking = marked(facts, words, waiting, weak(facts.specials))
    ids = heap.ids(blocked.address)
    while True:
        wakes = waiting[blocked.row] & ((ids < 0) | marking.reached(ids))
        rows = np.unique(blocked.row[wakes])
        if not len(rows):
            return Leaked(waiting, words, (*blocked.notes, *unfound(facts, marking)))
        waiting[rows] = False
        marking.mark(of_rows(facts, words, rows))


def marked(facts: Facts, words: Words, waiting: Bools, more: U64) -> Marking:
    """What is reached, no edge cut, by all but those that wait. ``more``: roots besides."""
    laid, table, none = facts.flowed.laid, facts.flowed.table, np.zeros(0, np.uint64)
    marking = Marking.of(laid, table, none, none)
    ids = laid.heap.ids(np.concatenate([facts.goroutines.address[waiting], facts.blocked.sudogs]))
    marking.flag(ids[ids >= 0], kernels.OPAQUE)
    mine = ~np.append(waiting, False)[words.row]
    marking.mark(np.concatenate([words.value[mine], contents(laid, table, facts.roots.contents), more]))
    return marking


__all__ = ["MAIN", "Leaked", "leaked", "marked"]
