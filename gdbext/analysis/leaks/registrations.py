"""Edges that only register a context with what will cancel it: they do not keep its cancel function in anybody's hands.

The timer of a deadline, a timer that was stopped and not thrown out yet, the frame of a watcher. Interfaces of package
context's own kind (children maps, old buckets of them, a foreign parent's callback) are such edges as well: those the
mark tells by their interface tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from gdbext.analysis.contexts.watchers import watchers
from gdbext.errors import GdbextError
from gdbext.golang.reading.words import column
from gdbext.golang.runtime import time
from gdbext.golang.std import context

if TYPE_CHECKING:
    from gdbext.analysis.contexts.contexts import Contexts
    from gdbext.compute.arrays import I64, U64, Bools
    from gdbext.golang.reading.program import Program
    from gdbext.golang.runtime.mheap import Heap
    from gdbext.golang.runtime.proc import Goroutines

WORD = np.uint64(8)


@frozen(eq=False)
class Registrations:
    """``closures``: slots whose second word is a context that a timer will cancel. ``arrays``: slots of timers' heaps,
    whose ``timers`` that still run are roots instead; ``stopped``: the others. ``notes``: doubts."""

    closures: I64
    arrays: I64
    timers: U64
    stopped: U64
    notes: tuple[str, ...] = ()


def registrations(program: Program, heap: Heap, contexts: Contexts) -> Registrations:
    """What the heap has besides interfaces."""
    closures = deadline_closures(program, heap, contexts)
    try:
        found = time.heaps(program)
    except GdbextError as error:
        none = np.zeros(0, np.uint64)
        return Registrations(closures, np.zeros(0, np.int64), none, none, (f"timers: {error}",))
    ids = heap.ids(found.array)
    mine = ids[found.owner] >= 0
    running, stopped = found.timer[mine & ~found.stopped], found.timer[mine & found.stopped]
    notes = (f"{found.broken:,} timers could not be read",) if found.broken else ()
    return Registrations(closures, ids[ids >= 0], running, stopped, notes)


def deadline_closures(program: Program, heap: Heap, contexts: Contexts) -> I64:
    """The slots of the closures that the timers of timerCtxs will call, where their second word is that context."""
    kinds = [number for number, kind in enumerate(contexts.types.kinds) if kind.name == context.TIMER]
    address = contexts.address[np.isin(contexts.kind, kinds)]
    if not len(address):
        return np.zeros(0, np.int64)
    timer = column(heap.image, address + np.uint64(program.bound(context.TIMER_CTX).offset("timer")))
    closure = time.arguments(program, timer)
    ids = heap.ids(closure)
    owned = (ids >= 0) & (column(heap.image, closure + WORD) == address)
    owned[owned] = heap.addresses(ids[owned]) == closure[owned]
    found: I64 = ids[owned]
    return found


def watched_words(goroutines: Goroutines, heap: Heap, contexts: Contexts, row: I64, value: U64) -> Bools:
    """Which words of stacks (goroutines' rows, values) are a watcher's own child, or that child's Done channel."""
    mine = watchers(goroutines)
    found = np.zeros(len(row), np.bool_)
    waits = contexts.waits[mine[contexts.waits[:, 1]]]
    child = _children(contexts, waits)
    if not len(child):
        return found
    done = column(heap.image, contexts.address[child[:, 0]] + _done(goroutines.program))
    some = np.flatnonzero(np.append(mine, False)[row])
    pairs = set(zip(child[:, 1].tolist(), contexts.address[child[:, 0]].tolist(), strict=True))
    pairs |= set(zip(child[:, 1].tolist(), done.tolist(), strict=True))
    said = [pair in pairs for pair in zip(row[some].tolist(), value[some].tolist(), strict=True)]
    found[some] = np.array(said, np.bool_)
    return found


def _children(contexts: Contexts, waits: I64) -> I64:
    """Of what each watcher waits on, rows (context, goroutine), the child: a canceler that no map holds and that has a
    user's context, or nobody knows which, for its parent; of several the one below the others."""
    cancelers = np.array([kind.canceler for kind in contexts.types.kinds], np.bool_)[contexts.kind]
    foreign = np.array([*(kind.users for kind in contexts.types.kinds), *[True] * 256])
    fits = cancelers & (contexts.registered_with < 0) & foreign[contexts.parent_kind]
    waits = waits[fits[waits[:, 0]]]
    above = set(zip(contexts.parent[waits[:, 0]].tolist(), waits[:, 1].tolist(), strict=True))
    kept = [pair not in above for pair in map(tuple, waits.tolist())]
    return waits[np.array(kept, np.bool_)] if len(waits) else waits


def _done(program: Program) -> np.uint64:
    return np.uint64(program.bound(context.CANCEL_CTX).offset("done") + 8)
