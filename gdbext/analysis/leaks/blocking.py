"""Goroutines that only another one can wake, and what that other one has to reach for it.

The same states as the runtime's own search for leaks has (Go 1.26, runtime/mgc.go): channels and what package sync
makes of semaphores. Where it is not known what a goroutine waits for it counts as one that wakes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from attrs import field, frozen

from gdbext.errors import GdbextError
from gdbext.golang.reading.words import index_in
from gdbext.golang.runtime import sema
from gdbext.golang.runtime.chan import waits
from gdbext.golang.runtime.rootwords import OF_GOROUTINES

if TYPE_CHECKING:
    from gdbext.analysis.goroutines.frameranges import FrameRanges
    from gdbext.compute.arrays import I64, U64, Bools
    from gdbext.golang.runtime.mgcmark import Roots
    from gdbext.golang.runtime.proc import Goroutines
    from gdbext.golang.runtime.rootwords import Part

NEVER = ("chan receive (nil chan)", "chan send (nil chan)", "select (no cases)")
SELECT = "select"
CHANNELS = ("chan receive", "chan send", "select")
SEMAPHORES = ("sync.Mutex.Lock", "sync.RWMutex.Lock", "sync.RWMutex.RLock", "sync.WaitGroup.Wait", "semacquire")
SEMACQUIRE = "semacquire"
"""Until Go 1.24 also of WaitGroup."""
CONDITION = "sync.Cond.Wait"
COND_WAIT = "sync.(*Cond).Wait"
NOTIFY = np.uint64(16)
"""Of the list in a sync.Cond, behind the Locker."""
GROUP_WAIT = "sync.(*WaitGroup).Wait"
WAITING, LEAKED = 4, 10


@frozen(eq=False)
class Blocked:
    """``mask``: which rows are. ``row``, ``address``: what each waits on, one entry for each thing that can wake it.
    ``channel``: whether that is a channel. ``sudogs``: their places in queues. Who meets one of those has met neither
    what is waited for nor what is sent: a goroutine that wakes has both on its stack, who wakes it has the former."""

    mask: Bools
    row: I64 = field(repr=False)
    address: U64 = field(repr=False)
    channel: Bools = field(repr=False)
    sudogs: U64 = field(repr=False)
    notes: tuple[str, ...] = ()


def blocked(goroutines: Goroutines, frames: FrameRanges, words: tuple[I64, U64, U64]) -> Blocked:
    """Of all goroutines. ``words``: (row, where, value) of the live words of stacks."""
    never, channels, semaphores, conditions = (
        _waiting(goroutines, reasons) for reasons in (NEVER, CHANNELS, SEMAPHORES, (CONDITION,))
    )
    never |= _waiting(goroutines, (SELECT,)) & (goroutines.waiting == 0)  # of all its channels none is any
    on_channels = waits(goroutines.program, goroutines.address, goroutines.waiting)
    on_semaphores, sudogs, notes = _semaphores(goroutines)
    parts = [
        _of((on_channels.row, on_channels.channel), channels),
        _of(on_semaphores, semaphores),
        _of(_conditions(goroutines, frames, words, conditions), conditions),
    ]
    row, address = (np.concatenate(column) for column in zip(*parts, strict=True))
    known = np.zeros(len(goroutines), np.bool_)
    known[row] = True
    mask = never | known
    mask[on_channels.row[~on_channels.queued]] = False  # somebody took it from the queue and is about to wake it
    mask[list(goroutines.trouble)] = False
    channel, places = np.arange(len(row)) < len(parts[0][0]), np.concatenate([on_channels.sudog, sudogs])
    return Blocked(mask, row, address, channel, places, tuple(notes))


def _waiting(goroutines: Goroutines, reasons: tuple[str, ...]) -> Bools:
    """Who waits for one of the reasons."""
    numbers = [number for number, text in goroutines.reasons.items() if text in reasons]
    mine: Bools = np.isin(goroutines.wait_reason, numbers) & np.isin(goroutines.status, (WAITING, LEAKED))
    return mine


def _of(found: tuple[I64, U64], mask: Bools) -> tuple[I64, U64]:
    row, address = found
    return row[mask[row]], address[mask[row]]


def _semaphores(goroutines: Goroutines) -> tuple[tuple[I64, U64], U64, list[str]]:
    try:
        found = sema.waiters(goroutines.program)
    except GdbextError as error:
        none = np.zeros(0, np.uint64)
        return (np.zeros(0, np.int64), none), none, [f"who waits on semaphores is not known: {error}"]
    order = np.argsort(goroutines.address)
    at = index_in(goroutines.address[order], found.g)
    notes = [f"{found.broken:,} waiters on semaphores could not be read"] if found.broken else []
    return (order[at[at >= 0]], found.address[at >= 0]), found.sudog[at >= 0], notes


def _conditions(
    goroutines: Goroutines, frames: FrameRanges, words: tuple[I64, U64, U64], mine: Bools
) -> tuple[I64, U64]:
    """The lists of conditions: what a waiter noted (Go 1.26), else in what the frames of Cond.Wait refer to. One that
    was taken out of its list is about to wake."""
    noted = np.flatnonzero(mine & (goroutines.waiting != 0))
    records, readable = goroutines.program.records(sema.WAITER, goroutines.waiting[noted])
    good = readable & (records["g"] == goroutines.address[noted]) & (records["elem"] != 0)
    row, where, value = words
    # Unoptimised code has it where the caller left room for the argument: just above the frame.
    inside = inside_of(goroutines, frames, where, COND_WAIT)
    inside |= inside_of(goroutines, frames, where - np.uint64(8), COND_WAIT)
    inside &= ~np.isin(row, noted[good])
    rows = np.concatenate([noted[good], row[inside]])
    lists = np.concatenate([records["elem"][good].astype(np.uint64), value[inside] + NOTIFY])
    known = sema.listed(goroutines.program, lists, goroutines.address[rows])
    return rows[known], lists[known]


def inside_of(goroutines: Goroutines, frames: FrameRanges, where: U64, name: str) -> Bools:
    """Which words lie in frames of a function."""
    found: Bools = np.append(frames_of(goroutines, frames, name), False)[frames.at(where)]
    return found


def frames_of(goroutines: Goroutines, frames: FrameRanges, name: str) -> Bools:
    """Which frames are a function's."""
    functions = goroutines.symtab.functions(np.array(goroutines.symtab.find(name), np.uint64))
    found: Bools = np.isin(frames.function, functions)
    return found


def internal(goroutines: Goroutines, frames: FrameRanges) -> Bools:
    """Who waits on a semaphore that is none of a WaitGroup, as the runtime's own and those of files are."""
    found = _waiting(goroutines, (SEMACQUIRE,))
    found[frames.row[frames_of(goroutines, frames, GROUP_WAIT)]] = False
    return found


def stack_words(parts: Iterable[Roots | Part]) -> tuple[I64, U64, U64]:
    """(row, where, value) of the words that goroutines have."""
    found = [(np.zeros(0, np.int64), np.zeros(0, np.uint64), np.zeros(0, np.uint64))]
    for part in parts:
        mine = np.isin(part.kind, OF_GOROUTINES)
        found.append((part.owner[mine], part.where[mine], part.value[mine]))
    row, where, value = (np.concatenate(column) for column in zip(*found, strict=True))
    return row, where, value
