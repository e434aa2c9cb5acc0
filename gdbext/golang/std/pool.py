"""The pools of package sync (sync/pool.go): what each P has put aside, and what is left of that from before the last
collection (victims), which the next one frees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from gdbext.golang.reading.declarations import UINT, declare
from gdbext.golang.reading.program import distinct

if TYPE_CHECKING:
    from gdbext.compute.arrays import U64
    from gdbext.golang.reading.program import Program

POOL = declare("sync.Pool", local=UINT, victim=UINT)
LISTS = ("sync.allPools", "sync.oldPools")
MOST_POOLS = 1 << 24


@frozen(eq=False)
class Pools:
    """``address`` of each pool that has something, ``local`` and ``victim``: its arrays, 0 for none."""

    address: U64
    local: U64
    victim: U64


def pools(program: Program) -> Pools:
    """All that hold something. Raises MissingSymbol, MissingField, MemoryFault, InconsistentRuntime."""
    lists = [program.slice_words(program.symbol(name), MOST_POOLS) for name in LISTS]
    address = distinct(np.concatenate(lists).astype(np.uint64))
    rows, readable = program.records(POOL, address)
    found = (np.where(readable, rows[name], 0).astype(np.uint64) for name in ("local", "victim"))
    return Pools(address, *found)
