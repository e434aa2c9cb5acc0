"""Which contexts nothing can cancel any more but what they are registered with: the passes of the proof.

From the roots everything is marked again, without the edges that only register a context. A context is held where that
reaches a function value or a frame that can cancel it. Goroutines that only others can wake count once something that
wakes them is reached; who waits on a context's Done channel wakes when that context is held, or has a deadline.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from attrs import field, frozen

from gdbext.analysis.contexts import forests
from gdbext.analysis.contexts.contexts import LIVE
from gdbext.analysis.contexts.users import users
from gdbext.analysis.contexts.watchers import WATCHER
from gdbext.analysis.heap.flow import contents
from gdbext.analysis.heap.kernels import marking as kernels
from gdbext.analysis.heap.kernels.objects import MARKED
from gdbext.analysis.heap.marking import Marking
from gdbext.analysis.leaks import registrations
from gdbext.analysis.leaks.facts import Facts, Words, of_rows
from gdbext.analysis.leaks.holders import OnStacks, Places, captured
from gdbext.analysis.leaks.revived import lives, revived, weak
from gdbext.golang.reading.words import column
from gdbext.golang.runtime.rootwords import OF_GOROUTINES
from gdbext.golang.std import cancelers, context

if TYPE_CHECKING:
    from gdbext.analysis.heap.flow import Flowed
    from gdbext.analysis.leaks.blocking import Blocked
    from gdbext.compute.arrays import I32, I64, U64, Bools


PIECE = 1 << 18
"""Slots of a piece that a processor's cache holds."""


def _only_reached(marking: Marking, flowed: Flowed) -> I64:
    """The slots that a mark reached and the search by types did not: searched a piece after another."""
    found = [np.zeros(0, np.int64)]
    for at in range(0, len(flowed.state), PIECE):
        here = slice(at, at + PIECE)
        new = (marking.marks.of[here] >= kernels.REACHED) & (flowed.state[here] & MARKED == 0)
        found.append(at + np.flatnonzero(new) if new.any() else found[0])
    return np.concatenate(found)


def unfound(facts: Facts, marking: Marking) -> list[str]:
    """A doubt where a mark reached what the search by types did not; objects with finalizers, and what weak pointers
    bring back, may be garbage."""
    new = np.setdiff1d(_only_reached(marking, facts.flowed), facts.flowed.laid.heap.ids(facts.roots.contents))
    if len(new):
        new = new[~revived(facts.flowed, facts.specials).reached(new)]
    extra = len(new)
    return [f"{extra:,} objects were reached that the first search did not find"] if extra else []


class Firm(NamedTuple):
    """What is reached before weak pointers, finalizers and AfterFuncs bring anything back: that keeps no memory, or as
    an AfterFunc's context does, but may end a context. ``cuts``: where registrations lead that were met. ``waiting``:
    which goroutines wait then."""

    marking: Marking
    cuts: U64
    waiting: Bools


@frozen(eq=False)
class Proof:
    """``held``: which contexts something reaches a cancel of. ``reached``: which are reached without registrations.

    ``closure``: the slot of a function value that can cancel each, -1 for none; ``row``, ``function``: of a frame that
    can, -1. ``waiting``: which goroutines nothing wakes. ``firm``: what is there without what ``brought`` back.
    ``words``: the roots. ``timers``: what only timers that were stopped are known by. ``notes``: doubts.
    """

    places: Places = field(repr=False)
    blocked: Blocked = field(repr=False)
    firm: Firm = field(repr=False)
    held: Bools = field(repr=False)
    reached: Bools = field(repr=False)
    closure: I64 = field(repr=False)
    row: I64 = field(repr=False)
    function: I64 = field(repr=False)
    waiting: Bools = field(repr=False)
    words: Words = field(repr=False)
    timers: U64 = field(repr=False)
    passes: _Passes = field(repr=False)
    notes: tuple[str, ...] = ()

    @property
    def users(self) -> Bools:
        """Which end with a context of a type of the program's own that is no object: nobody knows who ends that."""
        return self.passes.users

    @property
    def waited(self) -> I64:
        """The contexts that goroutines and AfterFuncs wait for which nothing wakes or calls, one for each of them."""
        context_, row = self.passes.contexts.waits.T
        found: I64 = np.concatenate([context_[self.waiting[row]], self.passes.caller[~self.passes.called]])
        return found

    def after(self, ended: Bools, above: I32) -> Bools:
        """Which contexts end when those do (``above``: what each ends with), for that wakes goroutines which can cancel
        others; without those from the beginning that no goroutine can cancel."""
        return self.passes.gone_on().after(ended, above)


def prove(facts: Facts) -> Proof:
    """All passes. Raises GdbextError where the program's code or heap cannot be read."""
    return _Passes(facts).run()


class _Passes:
    def __init__(self, facts: Facts) -> None:
        self.facts, self.contexts, self.goroutines = facts, facts.contexts, facts.goroutines
        self.program, symtab = self.goroutines.program, self.goroutines.symtab
        self.laid = facts.flowed.laid
        self.heap = self.laid.heap
        self.functions = cancelers.cancelers(self.program, symtab)
        self.edges = registrations.registrations(self.program, self.heap, self.contexts)
        self.deadlines = np.sort(self.edges.closures)
        self.places = Places.of(self.heap, self.contexts)
        self.words = Words.of(facts)
        self.frames, self.blocked = facts.frames, facts.blocked
        stacks = self.words.take(self.words.row >= 0)
        self.waiting = self.blocked.mask.copy()
        self.on_stacks = self._on_stacks(stacks)
        self.ends, self.done = self._ends() | self._being_cancelled(), self._done_channels()
        self.call, self.caller = self._calls()
        self.called = np.ones(len(self.call), np.bool_)
        """Which AfterFuncs were looked at: all, as long as they do not count."""
        others = self.places.at(facts.more.value[~np.isin(facts.more.kind, OF_GOROUTINES)])
        self.on_threads = others[others >= 0]
        """Contexts that threads' registers and the stacks of schedulers and signal handlers hold."""
        n = len(self.contexts)
        self.users = users(self.contexts)
        self.held, self.seen = self.users.copy(), 0
        self.closure, self.row, self.function = (np.full(n, -1, np.int64) for _ in range(3))
        self.marking = self._marking()

    def _marking(self) -> Marking:
        made = Marking.of(self.laid, self.facts.flowed.table, self.contexts.types.canceler_itabs, self.functions)
        made.flag(self.edges.closures, kernels.SECOND)
        ids = self.heap.ids(np.concatenate([self.goroutines.address[self.waiting], self.blocked.sudogs]))
        made.flag(np.concatenate([self.edges.arrays, ids[ids >= 0]]), kernels.OPAQUE)
        return made

    def _on_stacks(self, stacks: Words) -> OnStacks:
        symtab = self.goroutines.symtab
        functions = symtab.functions(np.concatenate([self.functions, cancelers.of_package(symtab)]))
        watcher = symtab.functions(np.array(symtab.find(WATCHER), np.uint64))
        functions = np.setdiff1d(functions, watcher)
        return OnStacks.of(self.places, self.frames, stacks.columns, functions, self._closures_on_stacks())

    def _closures_on_stacks(self) -> U64:
        """Where the entry of a function that can cancel lies on a stack: function values that did not escape."""
        from gdbext.analysis.contexts import roots

        if not len(self.functions):
            return np.zeros(0, np.uint64)
        kinds = np.zeros(len(self.functions), np.uint8)
        return roots.pairs(self.goroutines.stacks(), roots.stacks(self.goroutines), self.functions, kinds).address

    def _ends(self) -> Bools:
        """Which contexts end by themselves: a deadline of their own, or of one above."""
        names, parent = [kind.name for kind in self.contexts.types.kinds], self.contexts.parent
        timers, stops = (
            np.array([name == one for name in names], np.bool_)[self.contexts.kind]
            for one in (context.TIMER, context.WITHOUT_CANCEL)
        )
        return forests.below_any(parent, forests.top_down(parent), timers, stops)

    def _being_cancelled(self) -> Bools:
        """Which are in the map of one that has ended, or below such a one: its cancel is at work."""
        above = self.contexts.registered_with.copy()
        forests.cut_cycles(above)
        return forests.below_any(above, forests.top_down(above), self.contexts.state != LIVE)

    def run(self) -> Proof:
        """Until nothing more wakes."""
        self._follow(self._first())
        brought = self._brought_back()
        changes = not self.marking.reached(self.heap.ids(np.concatenate([brought, self.call]))).all()
        marking = self.marking.again(kernels.EVERY) if changes else self.marking
        firm = Firm(marking, self.marking.cuts, self.waiting.copy())
        self._revive()
        self.called[:] = False
        self._follow(brought)
        ids = self.heap.ids(self.contexts.address)
        return Proof(
            self.places, self.blocked, firm, self.held, (ids < 0) | self.marking.reached(ids), self.closure,
            self.row, self.function, self.waiting, self.words, self.edges.stopped, self,
            tuple(self._notes()),
        )  # fmt: skip

    def gone_on(self) -> _Passes:
        """The same, to go on with: this one stays as it is."""
        made = copy(self)
        made.marking, made.seen = self.marking.again(kernels.EVERY), 0
        made.held, made.waiting, made.called = self.held.copy(), self.waiting.copy(), self.called.copy()
        made.closure, made.row, made.function = self.closure.copy(), self.row.copy(), self.function.copy()
        return made

    def after(self, ended: Bools, above: I32) -> Bools:
        """As ``Proof.after``."""
        order, (context_, row), held = forests.top_down(above), self.contexts.waits.T, self.held.copy()
        while True:
            ended = forests.below_any(above, order, ended)
            rows, words = np.unique(row[ended[context_] & self.waiting[row]]), self._called(ended)
            if not len(rows) and not len(words):
                return forests.below_any(above, order, self.held & ~held)
            self._wake(rows, words)
            ended = ended | (self.held & ~held)

    def _follow(self, words: U64) -> None:
        self.marking.mark(words)
        self._hold()
        self._wake(self._woken(), self._called(self._ended()))

    def _wake(self, rows: I64, words: U64) -> None:
        """These goroutines and what is called, and whom they can wake."""
        while len(rows) or len(words):
            self.waiting[rows] = False
            self.marking.mark(np.concatenate([words, of_rows(self.facts, self.words, rows)]))
            self._hold()
            rows, words = self._woken(), self._called(self._ended())

    def _first(self) -> U64:
        """What is there whatever waits."""
        mine = ~np.append(self.waiting, False)[self.words.row]
        laid, table = self.laid, self.facts.flowed.table
        parts = [
            self.words.value[mine],
            contents(laid, table, self.facts.roots.contents),
            self.edges.timers,
        ]
        return np.concatenate(parts)

    def _brought_back(self) -> U64:
        """What finalizers will be called with, and what weak pointers refer to."""
        return np.concatenate([self.facts.roots.contents, weak(self.facts.specials)])

    def _revive(self) -> None:
        """Note who can cancel what in what is garbage but for a weak pointer. Contexts may be registered with one there
        that nothing else has: what AfterFuncs among them call counts as well."""
        itabs = self.contexts.types.canceler_itabs
        found = revived(self.facts.flowed, self.facts.specials, itabs, self.functions)
        self._hold_by(found.callers.astype(np.int64))

    def _calls(self) -> tuple[U64, I32]:
        """(what AfterFuncs will call, the context that each waits for, -1 where that is not known)."""
        kinds = [number for number, kind in enumerate(self.contexts.types.kinds) if kind.name == context.AFTER_FUNC]
        index = np.flatnonzero(np.isin(self.contexts.kind, kinds))
        if not len(index):
            return np.zeros(0, np.uint64), np.zeros(0, np.int32)
        index = index[lives(self.facts.flowed, self.contexts.address[index])]
        at = self.contexts.address[index] + np.uint64(self.program.bound(context.AFTER_FUNC_CTX).offset("callback"))
        return column(self.heap.image, at), self.contexts.registered_with[index]

    def _called(self, ended: Bools) -> U64:
        """What AfterFuncs call once those contexts have ended; what was said before is not said again."""
        mine = ~self.called & ((self.caller < 0) | ended[self.caller])
        self.called |= mine
        return self.call[mine]

    def _ended(self) -> Bools:
        """Which contexts may end by now, or have."""
        found: Bools = self.held | self.ends | (self.contexts.state != LIVE)
        return found

    def _hold(self) -> None:
        """Note who can cancel what by now."""
        callers = self.marking.callers
        self._hold_by(callers[self.seen :].astype(np.int64))
        self.seen = len(callers)
        mine = ~self.waiting[self.on_stacks.row]
        index = self.on_stacks.context[mine]
        self.row[index], self.function[index] = self.on_stacks.row[mine], self.on_stacks.function[mine]
        self.held[index] = True
        self.held[self.on_threads] = True

    def _hold_by(self, callers: I64) -> None:
        """Note what function values can cancel."""
        slot, context_ = captured(self.places, callers, self.deadlines)
        self.closure[context_], self.held[context_] = slot, True

    def _woken(self) -> I64:
        """Which of those that wait something can wake by now."""
        row, address = self.blocked.row, self.blocked.address
        open_ = self.waiting[row]
        row, address, channel = row[open_], address[open_], self.blocked.channel[open_]
        ids = self.heap.ids(address)
        by_context, known = self._done(address, channel)
        wakes = np.where(known, by_context, (ids < 0) | self.marking.reached(ids))
        return np.unique(row[wakes])

    def _done(self, address: U64, channel: Bools) -> tuple[Bools, Bools]:
        """(which are closed once their context ends and it may end by itself or is held, which are such channels)."""
        channels, owners = self.done
        none = np.zeros(len(address), np.bool_)
        if not len(channels):
            return none, none
        at = np.minimum(np.searchsorted(channels, address), len(channels) - 1)
        known, mine = channel & (channels[at] == address), owners[at]
        return known & self._ended()[mine], known

    def _done_channels(self) -> tuple[U64, I64]:
        """The Done channels of cancelers, sorted, and whose they are."""
        cancelers_ = np.array([kind.canceler for kind in self.contexts.types.kinds], np.bool_)[self.contexts.kind]
        index = np.flatnonzero(cancelers_)
        at = self.program.bound(context.CANCEL_CTX).offset("done") + 8
        done = column(self.heap.image, self.contexts.address[index] + np.uint64(at))
        order = np.argsort(done, kind="stable")
        order = order[done[order] != 0]
        return done[order], index[order]

    def _notes(self) -> Sequence[str]:
        notes = [*self.edges.notes, *self.blocked.notes, *unfound(self.facts, self.marking)]
        if not len(self.functions):
            notes.append("no code that cancels contexts was found in the program")
        return notes
