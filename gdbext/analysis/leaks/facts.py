"""What the proofs rest on, put together: one moment of the program, and its roots as words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from gdbext.analysis.heap.flow import contents
from gdbext.analysis.leaks import registrations
from gdbext.errors import GdbextError
from gdbext.golang.runtime import sema
from gdbext.golang.runtime.rootwords import OF_GOROUTINES, Part

if TYPE_CHECKING:
    from gdbext.analysis.contexts.contexts import Contexts
    from gdbext.analysis.goroutines.frameranges import FrameRanges
    from gdbext.analysis.heap.flow import Flowed
    from gdbext.analysis.leaks.blocking import Blocked
    from gdbext.compute.arrays import I64, U64, Bools
    from gdbext.golang.runtime.mgcmark import Roots
    from gdbext.golang.runtime.proc import Goroutines
    from gdbext.golang.runtime.special import Specials


@frozen(eq=False)
class Facts:
    """What the proof rests on, all of one moment. ``flowed``: from the proof's roots; ``more``: those words that the
    collector does not have. ``frames``: of all stacks; ``blocked``: who waits for whom to wake it."""

    contexts: Contexts
    goroutines: Goroutines
    roots: Roots
    more: Part
    specials: Specials
    flowed: Flowed
    frames: FrameRanges
    blocked: Blocked


@frozen(eq=False)
class Words:
    """Roots, as arrays: a goroutine's row (-1: of none), where the word lies, what it says."""

    row: I64
    where: U64
    value: U64

    @classmethod
    def of(cls, facts: Facts) -> Words:
        """All but those that only register: of semaphores' waiters, of watchers."""
        words, heap = cls.every(facts), facts.flowed.laid.heap
        return words.take(~registrations.watched_words(facts.goroutines, heap, facts.contexts, words.row, words.value))

    @classmethod
    def every(cls, facts: Facts) -> Words:
        """All but the runtime's table of who waits on semaphores."""
        parts = [_by_goroutine(one) for one in (facts.roots, facts.more)]
        row, where, value = (np.concatenate(column) for column in zip(*parts, strict=True))
        begin, end = _semaphores(facts)
        return cls(row, where, value).take((row >= 0) | (where < np.uint64(begin)) | (where >= np.uint64(end)))

    def take(self, which: Bools) -> Words:
        """Some of them."""
        return Words(self.row[which], self.where[which], self.value[which])

    def of_goroutines(self, rows: Bools) -> Words:
        """Those of some goroutines."""
        return self.take(np.append(rows, False)[self.row])

    @property
    def columns(self) -> tuple[I64, U64, U64]:
        """Row, where, value."""
        return self.row, self.where, self.value


def _by_goroutine(part: Roots | Part) -> tuple[I64, U64, U64]:
    mine = np.isin(part.kind, OF_GOROUTINES)
    return np.where(mine, part.owner, -1), part.where, part.value


def _semaphores(facts: Facts) -> tuple[int, int]:
    try:
        return sema.table(facts.goroutines.program)
    except GdbextError:
        return 0, 0


def records(facts: Facts, rows: I64) -> U64:
    """What the g's of goroutines refer to, but for what they wait on: one list there has the waiters of others."""
    found = contents(facts.flowed.laid, facts.flowed.table, facts.goroutines.address[rows])
    others: U64 = found[~np.isin(found, facts.goroutines.waiting[rows])]
    return others


def of_rows(facts: Facts, words: Words, rows: I64) -> U64:
    """What goroutines refer to."""
    stacks: U64 = words.take(np.isin(words.row, rows)).value
    return np.concatenate([stacks, records(facts, rows)])
