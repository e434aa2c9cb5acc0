"""Who will unlock a lock when a function returns: it has a deferred call that does.

The function value of such a call is on the stack, or in the list of deferred calls (runtime/panic.go). It captures
the lock's address or, of a global lock, its code has it. Who has one has mostly taken the lock. Not who gave it back
meanwhile to call out: who waits for a condition, who has a deferred call that locks it again, and who waits for it in
the same function.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import field, frozen

from gdbext.analysis.leaks.blocking import COND_WAIT, frames_of
from gdbext.errors import MemoryFault
from gdbext.golang.reading.words import index_in
from gdbext.golang.runtime.funcvals import CLOSURE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gdbext.analysis.goroutines.frameranges import FrameRanges
    from gdbext.analysis.leaks.waiting import Waiting
    from gdbext.compute.arrays import I64, U64, Bools
    from gdbext.golang.runtime.symtab import Symtab

PACKAGES = ("sync", "internal/sync")
UNLOCK = ("(*Mutex).Unlock", "(*Mutex).unlockSlow", "(*RWMutex).Unlock", "(*RWMutex).RUnlock", "(*RWMutex).rUnlockSlow")
LOCK = ("(*Mutex).Lock", "(*Mutex).lockSlow", "(*RWMutex).Lock", "(*RWMutex).RLock", "runtime_SemacquireRWMutexR")
"""What code calls that unlocks or locks, though parts of it are inlined. Code that does both has no lock beforehand."""
NEITHER, UNLOCKS, LOCKS = range(3)
BETWEEN = ("runtime.", *(f"{package}." for package in PACKAGES))
"""Packages whose frames lie between who locks and where it waits."""
DEFER_RETURN = "runtime.deferreturn"
CAPTURED = np.uint64(8)
LONGEST = 1 << 16
"""Bytes of a function that are looked at."""


@frozen(eq=False)
class Unlocks:
    """Deferred calls, sorted by lock: the goroutine's row, the number of the lock, and whether another function than
    that one is running (and locking, perhaps)."""

    row: I64 = field(repr=False)
    lock: I64 = field(repr=False)
    outer: Bools = field(repr=False)

    def of(self, lock: int, waiters: I64, elsewhere: bool) -> I64:
        """Rows of those that will unlock one: others than its waiters or, if there is none, waiters that are in another
        function by now. Not these where the lock may be ``elsewhere``: others refer to it."""
        low, high = np.searchsorted(self.lock, [lock, lock + 1])
        row, outer = self.row[low:high], self.outer[low:high]
        waits = np.isin(row, waiters)
        others = np.unique(row[~waits])
        return others if len(others) or elsewhere else np.unique(row[outer])


def unlocks(waiting: Waiting, locks: U64) -> Unlocks:
    """Of the sorted addresses of locks."""
    none = np.zeros(0, np.int64)
    code, parts = _Code(waiting), [(none, none.astype(np.uint64), none, none)]
    if len(locks):
        parts += [_capturing(waiting, code, locks), _static(waiting, code, locks)]
    row, where, lock, does = (np.concatenate(column) for column in zip(*parts, strict=True))
    pair = row * max(len(locks), 1) + lock
    waits = waiting.frames.row[frames_of(waiting.goroutines, waiting.frames, COND_WAIT)]
    given_back = np.isin(row, waits) | np.isin(pair, pair[does == LOCKS])
    kept = np.flatnonzero((does == UNLOCKS) & ~given_back)
    kept = kept[np.argsort(lock[kept], kind="stable")]
    frames, symtab = waiting.frames, waiting.goroutines.symtab
    outer = [_outer(frames, symtab, at) for at in frames.at(where[kept]).tolist()]
    return Unlocks(row[kept], lock[kept], np.array(outer, np.bool_))


def _capturing(waiting: Waiting, code: _Code, locks: U64) -> tuple[I64, U64, I64, I64]:
    """(row, where, lock, what it does) of closures that have one of the locks as the first thing they capture."""
    inside = waiting.live & (index_in(locks, waiting.value) >= 0) & (waiting.where > CAPTURED)
    row = np.concatenate([waiting.row[inside], waiting.row[waiting.deferred]])
    closure = np.concatenate([waiting.where[inside] - CAPTURED, waiting.value[waiting.deferred]])
    records, readable = waiting.goroutines.program.gather(closure, CLOSURE)
    lock = index_in(locks, records["captured"].astype(np.uint64)).astype(np.int64)
    kept = readable & (lock >= 0)
    return row[kept], closure[kept], lock[kept], code.does(records["pc"][kept].astype(np.uint64))


def _static(waiting: Waiting, code: _Code, locks: U64) -> tuple[I64, U64, I64, I64]:
    """(row, where, lock, what it does) of function values that capture nothing and whose code has one of the locks."""
    inside = np.zeros(len(waiting.value), np.bool_)
    for module in waiting.goroutines.symtab.modules:
        inside |= (waiting.value >= np.uint64(module.rodata)) & (waiting.value < np.uint64(module.noptrdata))
    at = np.flatnonzero(inside & (waiting.live | waiting.deferred))
    distinct, which = np.unique(waiting.value[at], return_inverse=True)
    pcs, readable = waiting.goroutines.program.gather(distinct, np.dtype("<u8"))
    does = np.full(len(pcs), NEITHER)
    does[readable] = code.does(pcs[readable].astype(np.uint64))
    parts = [(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64))]
    for number in np.flatnonzero(does != NEITHER).tolist():
        lock = index_in(locks, np.array(code.variables(int(pcs[number])), np.uint64)).astype(np.int64)
        mine = at[which.reshape(-1) == number]
        parts += [(mine, np.full(len(mine), one), np.full(len(mine), does[number])) for one in _each(lock)]
    word, found, done = (np.concatenate(column) for column in zip(*parts, strict=True))
    return waiting.row[word], waiting.where[word], found, done


def _each(lock: I64) -> list[int]:
    """Those that are any, each once."""
    found: list[int] = np.unique(lock[lock >= 0]).tolist()
    return found


class _Code:
    """What functions do with locks, by their code."""

    def __init__(self, waiting: Waiting) -> None:
        self.program, self.symtab = waiting.goroutines.program, waiting.goroutines.symtab
        self.unlock, self.lock = (self._entries(names) for names in (UNLOCK, LOCK))

    def _entries(self, names: tuple[str, ...]) -> U64:
        """Sorted."""
        found = (self.symtab.find(f"{package}.{name}") for package in PACKAGES for name in names)
        return np.array(sorted(entry for entries in found for entry in entries), np.uint64)

    def does(self, pcs: U64) -> I64:
        """What the functions that begin there do: NEITHER where none does, or one does both."""
        distinct, which = np.unique(pcs, return_inverse=True)
        starts, found = np.isin(distinct, self.symtab.entries), np.full(len(distinct), NEITHER)
        found[starts] = [self._does(entry) for entry in distinct[starts].tolist()]
        return found[which.reshape(-1)]

    def _does(self, entry: int) -> int:
        code, called = np.frombuffer(self._read(entry), np.uint8), self.program.arch.called
        unlocks, locks = (len(called(code, entry, targets)) > 0 for targets in (self.unlock, self.lock))
        return NEITHER if unlocks == locks else UNLOCKS if unlocks else LOCKS

    def variables(self, entry: int) -> list[int]:
        """The addresses of variables in a function's code."""
        return self.program.arch.variables(self._read(entry), entry, 0, self.program.arch.top)

    def _read(self, entry: int) -> bytes:
        try:
            return self.symtab.code(self.symtab.function(entry), LONGEST)
        except MemoryFault:
            return b""


def _outer(frames: FrameRanges, symtab: Symtab, at: int) -> bool:
    """Whether a frame has called one that is no part of locking, nor a deferred call that locks: its closure is no more
    on the stack."""
    names = [symtab.name(function) for function in _inner(frames, at) if function >= 0]
    called = [number for number, name in enumerate(names) if not name.startswith(BETWEEN)]
    return bool(called) and (called[-1] == 0 or names[called[-1] - 1] != DEFER_RETURN)


def _inner(frames: FrameRanges, at: int) -> Iterator[int]:
    """The functions of the frames that one has called, the outermost first."""
    for inner in range(at - 1, -1, -1):
        if frames.row[inner] != frames.row[at]:
            return
        yield int(frames.function[inner])


__all__ = ["Unlocks", "unlocks"]
