"""Cleanups that are about to run (runtime/mcleanup.go): from Go 1.25 on a queue of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import frozen

from gdbext.golang.reading.declarations import BYTES, UINT, declare
from gdbext.golang.reading.lists import elements

if TYPE_CHECKING:
    from gdbext.compute.arrays import U64
    from gdbext.golang.reading.program import Program

QUEUE = declare("runtime.cleanupQueue", missing_ok=True, all=UINT)
BLOCK = declare(
    "runtime.cleanupBlock",
    missing_ok=True,
    alllink=UINT("cleanupBlockHeader.alllink"),
    n=UINT("cleanupBlockHeader.n"),
    cleanups=BYTES,
)
ENTRY = declare("runtime.cleanupFn", missing_ok=True, call=UINT, fn=UINT, arg=UINT)  # Go 1.26; before that a funcval
QUEUE_SYMBOL = "runtime.gcCleanups"


@frozen(eq=False)
class Queued:
    """The words of all entries, each of which is a pointer, and where they are. ``broken``: lists without an end."""

    address: U64
    value: U64
    broken: int


def queued_cleanups(program: Program) -> Queued:
    """Every cleanup of the queue, none before Go 1.25. Raises MissingSymbol, MissingField, MemoryFault."""
    if not program.has(QUEUE):
        return Queued(np.zeros(0, np.uint64), np.zeros(0, np.uint64), 0)
    queue, block = program.bound(QUEUE), program.bound(BLOCK)
    head = np.array([program.word(program.symbol(QUEUE_SYMBOL) + queue.offset("all"))], np.uint64)
    found = elements(program, head, block.offset("alllink"), block.size)
    addresses = np.unique(found.address)
    records, readable = program.records(BLOCK, addresses)
    words = program.bound(ENTRY).size // 8 if program.has(ENTRY) else 1
    where, value = _words(addresses + np.uint64(block.offset("cleanups")), records, words)
    return Queued(where, value, found.broken + int(np.count_nonzero(~readable)))


def _words(begin: U64, records: Any, each: int) -> tuple[U64, U64]:
    """(addresses, values) of the words in use; no more than there is room for."""
    room = records["cleanups"].shape[1] // 8
    number = np.arange(room, dtype=np.uint64)
    where = begin[:, None] + number * np.uint64(8)
    used = number < (np.minimum(records["n"], room).astype(np.uint64) * np.uint64(each))[:, None]
    raw = np.ascontiguousarray(records["cleanups"][:, : 8 * room])
    return where[used], raw.view("<u8")[used]
