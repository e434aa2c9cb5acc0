"""Goroutines that only another one can wake, and what that other one has to reach for it.

The same states as the runtime's own search for leaks has (Go 1.26, runtime/mgc.go): channels and what package sync
makes of semaphores. Where it is not known what a goroutine waits for it counts as one that wakes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import field, frozen

from gdbext.errors import GdbextError
from gdbext.golang.reading.words import index_in
from gdbext.golang.runtime import sema
from gdbext.golang.runtime.chan import wait_channels

if TYPE_CHECKING:
    from gdbext.analysis.goroutines.frameranges import FrameRanges
    from gdbext.compute.arrays import I64, U64, Bools
    from gdbext.golang.runtime.proc import Goroutines

NEVER = ("chan receive (nil chan)", "chan send (nil chan)", "select (no cases)")
CHANNELS = ("chan receive", "chan send", "select")
SEMAPHORES = ("sync.Mutex.Lock", "sync.RWMutex.Lock", "sync.RWMutex.RLock", "sync.WaitGroup.Wait", "semacquire")
CONDITION = "sync.Cond.Wait"
COND_WAIT = "sync.(*Cond).Wait"
WAITING, LEAKED = 4, 10
NO_FUNCTION = -2
"""Of no frame: no function that is not there either."""


@frozen(eq=False)
class Blocked:
    """``mask``: which rows are. ``row``, ``address``: what each waits on, one entry for each thing that can wake it.
    ``channel``: whether that is a channel."""

    mask: Bools
    row: I64 = field(repr=False)
    address: U64 = field(repr=False)
    channel: Bools = field(repr=False)
    notes: tuple[str, ...] = ()


def blocked(goroutines: Goroutines, frames: FrameRanges, words: tuple[I64, U64, U64]) -> Blocked:
    """Of all goroutines. ``words``: (row, where, value) of the live words of stacks."""
    never, channels, semaphores, conditions = (
        _waiting(goroutines, reasons) for reasons in (NEVER, CHANNELS, SEMAPHORES, (CONDITION,))
    )
    on_channels = wait_channels(goroutines.program, goroutines.address, goroutines.waiting)
    on_semaphores, notes = _semaphores(goroutines)
    parts = [
        _of(on_channels, channels),
        _of(on_semaphores, semaphores),
        _of(_conditions(goroutines, frames, words), conditions),
    ]
    row, address = (np.concatenate(column) for column in zip(*parts, strict=True))
    known = np.zeros(len(goroutines), np.bool_)
    known[row] = True
    mask = never | known
    mask[list(goroutines.trouble)] = False
    return Blocked(mask, row, address, np.arange(len(row)) < len(parts[0][0]), tuple(notes))


def _waiting(goroutines: Goroutines, reasons: tuple[str, ...]) -> Bools:
    """Who waits for one of the reasons."""
    numbers = [number for number, text in goroutines.reasons.items() if text in reasons]
    mine: Bools = np.isin(goroutines.wait_reason, numbers) & np.isin(goroutines.status, (WAITING, LEAKED))
    return mine


def _of(found: tuple[I64, U64], mask: Bools) -> tuple[I64, U64]:
    row, address = found
    return row[mask[row]], address[mask[row]]


def _semaphores(goroutines: Goroutines) -> tuple[tuple[I64, U64], list[str]]:
    try:
        found = sema.waiters(goroutines.program)
    except GdbextError as error:
        return (np.zeros(0, np.int64), np.zeros(0, np.uint64)), [f"who waits on semaphores is not known: {error}"]
    order = np.argsort(goroutines.address)
    at = index_in(goroutines.address[order], found.g)
    notes = [f"{found.broken:,} waiters on semaphores could not be read"] if found.broken else []
    return (order[at[at >= 0]], found.address[at >= 0]), notes


def _conditions(goroutines: Goroutines, frames: FrameRanges, words: tuple[I64, U64, U64]) -> tuple[I64, U64]:
    """What the frames of Cond.Wait refer to: the condition is among it."""
    entries = goroutines.symtab.find(COND_WAIT)
    functions = goroutines.symtab.functions(np.array(entries, np.uint64))
    row, where, value = words
    frame = frames.at(where)
    inside = np.isin(np.append(frames.function, NO_FUNCTION)[frame], functions)
    return row[inside], value[inside]
