"""Who waits on semaphores (runtime/sema.go): sync.Mutex and RWMutex, sync.WaitGroup.

A table of treaps: each node is the first waiter on one address, the others hang from its waitlink.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from gdbext.golang.reading.declarations import UINT, declare
from gdbext.golang.runtime.chan import queue

if TYPE_CHECKING:
    from gdbext.compute.arrays import U64, Bools
    from gdbext.golang.reading.program import Program

TABLE = "runtime.semtable"
ROOTS = 251
"""semTabSize."""
STRIDE = 64
"""A semaRoot is padded to a cache line."""
HEAD = np.uint64(16)
"""Of the waiters in a notifyList, behind two tickets and a lock: as the runtime, package sync checks its size."""
ROOT = declare("runtime.semaRoot", treap=UINT)
WAITER = declare(
    "runtime.sudog",
    g=UINT,
    elem=UINT("elem.vu", "elem"),  # as the channel: Go 1.26 has a pointer and a number
    next=UINT,
    prev=UINT,
    waitlink=UINT,
)
MOST = 1 << 24


@frozen(eq=False)
class Waiters:
    """``g`` beside ``address``: which goroutine waits on the semaphore where; ``sudog``: its place in the queue.
    ``broken``: sudogs that could not be read."""

    g: U64
    address: U64
    sudog: U64
    broken: int


def table(program: Program) -> tuple[int, int]:
    """[begin, end) of the table. Raises MissingSymbol."""
    begin = program.symbol(TABLE)
    return begin, begin + ROOTS * STRIDE


def waiters(program: Program) -> Waiters:
    """Everyone. Raises MissingSymbol, MemoryFault, MissingField."""
    begin, end = table(program)
    at = (program.bound(ROOT).offset("treap") + np.arange(0, end - begin, STRIDE)) // 8
    todo = np.frombuffer(program.read(begin, end - begin), "<u8")[at]
    seen, broken, found = np.zeros(0, np.uint64), 0, [[np.zeros(0, np.uint64)] * 3]
    while len(todo := np.setdiff1d(todo[todo != 0], seen)) and len(seen) < MOST:
        seen = np.union1d(seen, todo)
        records, readable = program.records(WAITER, todo)
        broken += int(np.count_nonzero(~readable))
        records = records[readable]
        found.append([records["g"].astype(np.uint64), records["elem"].astype(np.uint64), todo[readable]])
        todo = np.concatenate([records[name].astype(np.uint64) for name in ("next", "prev", "waitlink")])
    g, address, sudog = (np.concatenate(column) for column in zip(*found, strict=True))
    return Waiters(g, address, sudog, broken)


def listed(program: Program, lists: U64, gs: U64) -> Bools:
    """Whether a condition's list (runtime.notifyList) has the g beside it still: who signals takes it out first."""
    heads, readable = program.gather(lists + HEAD, np.dtype("<u8"))
    found = np.zeros(len(lists), np.bool_)
    for head in np.unique(heads[readable]).tolist():
        mine = readable & (heads == head)
        found[mine] = np.isin(gs[mine], np.array(queue(program, head), np.uint64))
    return found
