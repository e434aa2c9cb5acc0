"""Who made a goroutine (runtime/runtime2.go, g.parentGoid, g.gopc, g.ancestors; runtime/proc.go, saveAncestors).

A goroutine knows the number of the goroutine that made it (Go 1.21). The record of one that has ended keeps its own
number and origin until it is used again. With GODEBUG=tracebackancestors=N each goroutine also keeps the stacks that
its N latest ancestors had when they made the next one.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import field, frozen

from gdbext.errors import MemoryFault
from gdbext.golang.reading.declarations import SLICE, SLICE_PARTS, UINT, declare
from gdbext.golang.runtime.runtime2 import LEFT_OUT, SCAN_BIT, all_gs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gdbext.golang.reading.program import Program

ORIGIN = declare("runtime.g", goid=UINT, parentGoid=UINT, gopc=UINT, startpc=UINT, atomicstatus=UINT, ancestors=UINT)
ANCESTOR = declare("runtime.ancestorInfo", pcs=SLICE, goid=UINT, gopc=UINT)
MOST_ANCESTORS = 1 << 10
MOST_PCS = 1 << 10


@frozen
class Origin:
    """A goroutine and where it comes from; 0 where that is not known."""

    goid: int
    parent: int
    gopc: int
    """Behind the ``go`` statement that made it."""
    startpc: int = 0
    alive: bool = False
    saved: tuple[Origin, ...] = ()
    """What it remembers of its ancestors, the parent first."""
    pcs: tuple[int, ...] = field(default=(), repr=False)
    """Of a remembered ancestor: its stack at the ``go`` statement, return addresses, innermost first."""


def origins(program: Program) -> Mapping[int, Any]:
    """The record of every goroutine whose record there still is, by goid: a living one before one that has ended."""
    rows, readable = program.records(ORIGIN, all_gs(program))
    found: dict[int, Any] = {}
    for row in rows[readable & (rows["goid"] != 0)]:
        goid = int(row["goid"])
        if goid not in found or _is_alive(row):
            found[goid] = row
    return found


def origin(program: Program, row: Any) -> Origin:
    """One record, with what it remembers of its ancestors. What cannot be read is not there."""
    return Origin(
        goid=int(row["goid"]),
        parent=int(row["parentGoid"]),
        gopc=int(row["gopc"]),
        startpc=int(row["startpc"]),
        alive=_is_alive(row),
        saved=tuple(saved(program, int(row["ancestors"]))),
    )


def _is_alive(row: Any) -> bool:
    return int(row["atomicstatus"]) & ~SCAN_BIT not in LEFT_OUT


def saved(program: Program, address: int) -> list[Origin]:
    """What ``g.ancestors`` points to, the parent first; nothing where that cannot be read."""
    if not address:
        return []
    try:
        header = np.frombuffer(program.read(address, 24), SLICE_PARTS)[0]
        count = min(int(header["len"]), MOST_ANCESTORS)
        rows = program.bound(ANCESTOR).array(program, int(header["array"]), count)
        parents = rows["goid"].tolist()[1:]
        return [_ancestor(program, row, parent) for row, parent in zip_longest(rows, parents, fillvalue=0)]
    except MemoryFault:
        return []


def _ancestor(program: Program, row: Any, parent: int) -> Origin:
    return Origin(int(row["goid"]), parent, int(row["gopc"]), pcs=_pcs(program, row["pcs"]))


def _pcs(program: Program, header: Any) -> tuple[int, ...]:
    count = min(int(header["len"]), MOST_PCS)
    try:
        return tuple(np.frombuffer(program.read(int(header["array"]), 8 * count), "<u8").tolist()) if count else ()
    except MemoryFault:
        return ()
