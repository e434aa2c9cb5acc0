"""Finalizers that are about to run (runtime/mfinal.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from gdbext.golang.reading.declarations import BYTES, UINT, declare
from gdbext.golang.reading.lists import elements

if TYPE_CHECKING:
    from gdbext.compute.arrays import U64
    from gdbext.golang.reading.program import Program

BLOCK = declare("runtime.finBlock", "runtime.finblock", alllink=UINT, cnt=UINT, fin=BYTES)  # finblock until Go 1.24
FINALIZER = declare("runtime.finalizer", fn=UINT, arg=UINT, fint=UINT, ot=UINT)
FIRST = "runtime.allfin"


@frozen(eq=False)
class Queued:
    """``entry``: what is called with what, ``address``: where each of them is. ``broken``: lists without an end."""

    address: U64
    entry: NDArray[Any]
    broken: int


def queued_finalizers(program: Program) -> Queued:
    """Every finalizer of the queue. Raises MissingSymbol, MissingField, MemoryFault."""
    block = program.bound(BLOCK)
    head = np.array([program.word(program.symbol(FIRST))], np.uint64)
    found = elements(program, head, block.offset("alllink"), block.size)
    addresses, broken = np.unique(found.address), found.broken
    records, readable = program.records(BLOCK, addresses)
    broken += int(np.count_nonzero(~readable))
    return Queued(*entries(program.bound(FINALIZER).dtype, addresses + np.uint64(block.offset("fin")), records), broken)


def entries(dtype: np.dtype[Any], begin: U64, records: NDArray[Any]) -> tuple[U64, NDArray[Any]]:
    """(addresses, entries) in use of blocks whose arrays begin at ``begin``; no more than there is room for."""
    room = records["fin"].shape[1] // dtype.itemsize
    number = np.arange(room, dtype=np.uint64)
    where = begin[:, None] + number * np.uint64(dtype.itemsize)
    used = number < np.minimum(records["cnt"], room).astype(np.uint64)[:, None]
    raw = np.ascontiguousarray(records["fin"][:, : room * dtype.itemsize])
    return where[used], raw.view(dtype)[used]
