"""Goroutines and their stacks from a program that keeps running: what changed while it was copied is read again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gdbext.errors import MemoryFault
from gdbext.golang.runtime.runtime2 import RUNNING, SCAN_BIT, read_gs
from gdbext.target.image import Image

if TYPE_CHECKING:
    from gdbext.compute.arrays import U64, Bools
    from gdbext.golang.reading.program import Program

GAP = 1 << 12
REACH = 1 << 16
"""How much of each stack is copied."""
LARGEST = 1 << 30
"""Bytes of a stack (runtime/proc.go, maxstacksize)."""
ROUNDS = 4
IDENTITY = ("low", "high", "sched_sp", "sched_pc", "syscallsp", "goid", "startpc", "trackingSeq")
"""What must not have changed while a stack was copied. A goroutine that ran meanwhile and overwrote its stack may be
parked at the same place again: the runtime counts in trackingSeq (modulo 256) how often it ceased to run."""


def stack_ranges(sp: U64, high: U64, reach: int) -> list[tuple[int, int]]:
    """[start, end) of the parts of stacks in use, merged; stacks without sense are left out."""
    good = (sp != 0) & (sp < high)
    order = np.argsort(sp[good])
    starts = sp[good][order]
    ends = np.maximum.accumulate(np.minimum(high[good], sp[good] + np.uint64(reach))[order])
    apart = np.flatnonzero(starts[1:] > ends[:-1] + np.uint64(GAP))
    first = np.concatenate([[0], apart + 1]) if len(starts) else apart
    last = np.concatenate([apart, [len(ends) - 1]]) if len(starts) else apart
    return list(zip(starts[first].tolist(), ends[last].tolist(), strict=True))


def read_unstopped(program: Program, addresses: U64) -> tuple[NDArray[Any], Bools, Image]:
    """g's and their stacks from a program that runs: what changed meanwhile is read again, a few times.

    What still changed counts as running: its registers are in no memory.
    """
    rows, readable = read_gs(program, addresses)
    pending = np.arange(len(addresses))
    pieces: list[tuple[int, int, Image]] = []
    for _ in range(ROUNDS):
        stacks = _copy_stacks(program, rows[pending])
        again, still = read_gs(program, addresses[pending])
        same = _same(rows[pending], again) & (readable[pending] == still)
        pieces += [(*span, stacks) for span in _spans(rows[pending[same]])]
        rows[pending], readable[pending] = again, still
        pending = pending[~same]
        if len(pending) == 0:
            break
    rows["atomicstatus"][pending] = RUNNING
    rows["syscallsp"][pending] = 0
    return rows, readable, _join(pieces)


def copy_whole(program: Program, addresses: U64, rows: NDArray[Any]) -> tuple[Image, Bools]:
    """Stacks of which ``read_unstopped`` copied a part only, whole, and a mask of those that are still as ``rows``."""
    image = program.target.memory.image(stack_ranges(_where(rows), rows["high"], LARGEST))
    again, readable = read_gs(program, addresses)
    return image, readable & _same(rows, again)


def _where(rows: NDArray[Any]) -> U64:
    """The SP that a walk will start from."""
    sp: U64 = np.where(rows["syscallsp"] != 0, rows["syscallsp"], rows["sched_sp"])
    return sp


def _copy_stacks(program: Program, rows: NDArray[Any]) -> Image:
    return program.target.memory.image(stack_ranges(_where(rows), rows["high"], REACH))


def _same(before: NDArray[Any], after: NDArray[Any]) -> Bools:
    mask = ~np.uint32(SCAN_BIT)
    same: Bools = (before["atomicstatus"] & mask) == (after["atomicstatus"] & mask)
    for name in IDENTITY:
        same &= before[name] == after[name]
    return same


def _spans(rows: NDArray[Any]) -> list[tuple[int, int]]:
    sp, high = _where(rows), rows["high"]
    good = (sp != 0) & (rows["low"] <= sp) & (sp < high)
    ends = np.minimum(high[good], sp[good] + np.uint64(REACH))
    return list(zip(sp[good].tolist(), ends.tolist(), strict=True))


def _join(pieces: list[tuple[int, int, Image]]) -> Image:
    """One image of the good copies; of copies that overlap (a stack freed and used again) the first counts."""
    segments: list[tuple[int, int, int]] = []
    last = 0
    for start, end, image in sorted(pieces, key=lambda piece: piece[:2]):
        if start < last:
            continue
        try:
            segments.append((start, end, image.host(start, end - start)))
        except MemoryFault:
            continue
        last = end
    return Image(segments, {id(image): image for _, _, image in pieces}.values())
