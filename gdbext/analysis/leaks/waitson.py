"""What goroutines wait for: the channel, lock, condition or wait group, by its address."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import field, frozen

from gdbext.analysis.leaks.blocking import CONDITION, NEVER, NOTIFY, SELECT, SEMACQUIRE, internal

if TYPE_CHECKING:
    from gdbext.analysis.goroutines.frameranges import FrameRanges
    from gdbext.analysis.leaks.blocking import Blocked
    from gdbext.compute.arrays import I64, U64
    from gdbext.golang.runtime.proc import Goroutines

NOTHING, NIL_CHANNEL, CHANNEL, MUTEX, READ_LOCK, WRITE_LOCK, WAIT_GROUP, COND, SEMAPHORE = range(9)
KINDS = ("nothing", "nil channel", "channel", "mutex", "read-write lock", "read-write lock", "wait group", "condition",
         "semaphore")  # fmt: skip
"""In words. NOTHING: select without a case that can ever be."""
BY_REASON = {
    "sync.Mutex.Lock": MUTEX,
    "sync.RWMutex.Lock": WRITE_LOCK,
    "sync.RWMutex.RLock": READ_LOCK,
    "sync.WaitGroup.Wait": WAIT_GROUP,
    SEMACQUIRE: WAIT_GROUP,
    CONDITION: COND,
}
LOCKS = (MUTEX, READ_LOCK, WRITE_LOCK)
OFFSETS = {MUTEX: 4, WRITE_LOCK: 8, READ_LOCK: 12, WAIT_GROUP: 8, COND: int(NOTIFY)}
"""Where in it the semaphore lies, or the list: the same since Go 1.20 (sync/mutex.go, rwmutex.go, waitgroup.go)."""


@frozen(eq=False)
class WaitsOn:
    """One entry for each goroutine (``row``) and each thing that it waits for: its ``address``, 0 for nothing, and
    ``kind``. Sorted by row."""

    row: I64 = field(repr=False)
    address: U64 = field(repr=False)
    kind: I64 = field(repr=False)

    def of(self, row: int) -> list[tuple[int, int]]:
        """(address, kind) of all that one waits for."""
        low, high = np.searchsorted(self.row, [row, row + 1])
        return list(zip(self.address[low:high].tolist(), self.kind[low:high].tolist(), strict=True))


def waits_on(goroutines: Goroutines, frames: FrameRanges, blocked: Blocked) -> WaitsOn:
    """Of all that wait for others."""
    kinds = np.zeros(256, np.int64)
    for number, text in goroutines.reasons.items():
        kinds[number] = BY_REASON.get(text, CHANNEL)
    reason = goroutines.wait_reason.astype(np.int64)
    kind = np.where(blocked.channel, CHANNEL, kinds[reason[blocked.row]])
    kind[internal(goroutines, frames)[blocked.row] & ~blocked.channel] = SEMAPHORE
    offsets = np.array([OFFSETS.get(number, 0) for number in range(len(KINDS))], np.uint64)
    never = _never(goroutines, blocked)
    row = np.concatenate([blocked.row, never])
    address = np.concatenate([blocked.address - offsets[kind], np.zeros(len(never), np.uint64)])
    nil = [number for number, text in goroutines.reasons.items() if text in NEVER and "nil" in text]
    kind = np.concatenate([kind, np.where(np.isin(reason[never], nil), NIL_CHANNEL, NOTHING)])
    order = np.lexsort((address, row))
    return WaitsOn(row[order], address[order], kind[order])


def _never(goroutines: Goroutines, blocked: Blocked) -> I64:
    """Rows of those that wait for nothing at all."""
    named = [number for number, text in goroutines.reasons.items() if text in (*NEVER, SELECT)]
    mine = blocked.mask & np.isin(goroutines.wait_reason, named)
    mine[blocked.row] = False
    return np.flatnonzero(mine)


__all__ = ["CHANNEL", "COND", "KINDS", "LOCKS", "MUTEX", "READ_LOCK", "WAIT_GROUP", "WRITE_LOCK", "WaitsOn", "waits_on"]
