"""What becomes of each context: proved lost, orphaned …, or held by whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import field, frozen

from gdbext.analysis.contexts import forests, kernels
from gdbext.analysis.contexts.contexts import LIVE, NO_DEADLINE
from gdbext.analysis.leaks.awakened import NOBODY, Awakened
from gdbext.golang.std import context

if TYPE_CHECKING:
    from gdbext.analysis.contexts.contexts import Contexts
    from gdbext.analysis.leaks.proof import Proof
    from gdbext.compute.arrays import I32, I64, U8, Bools

NONE, LOST, ORPHANED, UNTIL_DEADLINE, REGISTERED, HELD, CANCELLED, BEING_CANCELLED = range(8)
VERDICTS = ("", "lost", "orphaned", "until-deadline", "registered", "held", "cancelled", "being-cancelled")
PROVED = (LOST, ORPHANED, UNTIL_DEADLINE)
UNKNOWN = -2
MANY, SHARE = 8, 50
"""A context that so many proved ones are registered with, and this share of all, is no part of a family."""
NEVER = np.iinfo(np.int64).max


@frozen(eq=False)
class Verdicts:
    """One entry of each array per context.

    ``verdict``: NONE for what has no cancel of its own (values, users' types) and for garbage. ``above``: the context
    that each is registered with or waits for, NOBODY for none. ``survivor``: the first one above that is not proved,
    which ends it; NOBODY. ``top``: the highest proved one of its family, itself or one above; a context that very many
    are registered with is a family of its own.
    ``deadline``: the earliest over itself and those that it is registered under, CLOCK_MONOTONIC ns; NO_DEADLINE.
    ``stoppable``: whether something can stop an AfterFunc. ``woken``: proved ones that a goroutine can cancel once what
    it waits for has ended, which ``survivor`` ends, and others too where there are ``several``.
    """

    verdict: U8 = field(repr=False)
    above: I32 = field(repr=False)
    survivor: I32 = field(repr=False)
    top: I32 = field(repr=False)
    deadline: I64 = field(repr=False)
    stoppable: Bools = field(repr=False)
    woken: Bools = field(repr=False)
    several: Bools = field(repr=False)

    @classmethod
    def of(cls, contexts: Contexts, proof: Proof, alive: Bools) -> Verdicts:
        """``alive``: which contexts are reachable at all."""
        kinds = contexts.types.kinds
        can = np.array([kind.canceler for kind in kinds], np.bool_)[contexts.kind] & alive
        calls = np.array([kind.name == context.AFTER_FUNC for kind in kinds], np.bool_)[contexts.kind] & can
        above = above_of(contexts, can)
        order = forests.top_down(above)
        ends, deadline = _deadlines(contexts, above, order)
        verdict = np.where(proof.reached, ORPHANED, LOST).astype(np.uint8)
        verdict[ends] = UNTIL_DEADLINE
        verdict[proof.held] = HELD
        verdict[calls] = REGISTERED
        verdict[contexts.state != LIVE] = CANCELLED
        verdict[_being_cancelled(contexts, above, order) & (contexts.state == LIVE)] = BEING_CANCELLED
        verdict[~can] = NONE
        proved = np.isin(verdict, PROVED)
        survivor, top = families(above, order, proved)
        found = Awakened.of(proof, above, proved, survivor)
        return cls(verdict, above, found.survivor, top, deadline, calls & proof.held, found.woken, found.several)

    def rows(self, verdict: int) -> I64:
        """The contexts of one verdict."""
        return np.flatnonzero(self.verdict == verdict)

    @property
    def proved(self) -> Bools:
        """Which end only with one above, or at a deadline."""
        found: Bools = np.isin(self.verdict, PROVED)
        return found


def above_of(contexts: Contexts, cancelers: Bools) -> I32:
    """What each context ends with: who has it in its map; else, of a canceler, the next one above that can end."""
    kinds = contexts.types.kinds
    ends = np.array([kind.canceler or kind.users for kind in kinds], np.bool_)[contexts.kind]
    stops = np.array([kind.name == context.WITHOUT_CANCEL or kind.background for kind in kinds], np.bool_)
    own = np.where(ends, np.arange(len(contexts), dtype=np.int32), np.int32(UNKNOWN))
    own[stops[contexts.kind]] = NOBODY
    kernels.inherit(contexts.parent, forests.top_down(contexts.parent), own, UNKNOWN)
    own[own == UNKNOWN] = NOBODY
    parent = np.where(contexts.parent >= 0, own[contexts.parent], np.int32(NOBODY)).astype(np.int32)
    registered = contexts.registered_with
    found = np.where(registered >= 0, registered, np.where(cancelers, parent, np.int32(NOBODY))).astype(np.int32)
    forests.cut_cycles(found)
    return found


def _deadlines(contexts: Contexts, above: I32, order: I32) -> tuple[Bools, I64]:
    """(which contexts end by themselves or with one above, when the earliest of those deadlines is)."""
    timers = np.array([kind.name == context.TIMER for kind in contexts.types.kinds], np.bool_)[contexts.kind]
    known = timers & (contexts.deadline != NO_DEADLINE)
    earliest = _least(above, order, np.where(known, contexts.deadline, NEVER))
    ends = forests.below_any(above, order, timers)
    return ends, np.where(earliest != NEVER, earliest, NO_DEADLINE)


def _being_cancelled(contexts: Contexts, above: I32, order: I32) -> Bools:
    """Below one that ended and still has children: its cancel is at work (a finished one has none)."""
    running = (contexts.state != LIVE) & (contexts.children > 0)
    found: Bools = forests.below_any(above, order, running) & ~running
    return found


def _least(above: I32, order: I32, values: I64) -> I64:
    """The least value of each context and all above it."""
    found = np.ascontiguousarray(values, np.int64)
    kernels.least(above, order, found)
    return found


def families(above: I32, order: I32, proved: Bools) -> tuple[I32, I32]:
    """(the first one above each proved context that is not proved, the highest proved one below that)."""
    every, inner = np.arange(len(above), dtype=np.int32), proved & proved[above] & (above >= 0)
    below = np.bincount(above[proved & (above >= 0)], minlength=len(above))
    inner &= below[above] < max(MANY, int(np.count_nonzero(proved)) // SHARE)
    survivor, top = np.where(proved, np.int32(UNKNOWN), every), np.where(inner, np.int32(UNKNOWN), every)
    for own in (survivor, top):
        kernels.inherit(above, order, own, UNKNOWN)
    return np.where(proved & (survivor >= 0), survivor, np.int32(NOBODY)), top
