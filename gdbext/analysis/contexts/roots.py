"""Where contexts are held outside heap objects: globals, stacks, closures of package context."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from gdbext.compute.arrays import U64
from gdbext.compute.room import enough
from gdbext.golang.reading import kernels
from gdbext.golang.reading.words import word_filter
from gdbext.golang.runtime.livewords import LiveWords
from gdbext.golang.runtime.moduledata import Module
from gdbext.golang.runtime.proc import Goroutines
from gdbext.golang.runtime.symtab import Symtab
from gdbext.golang.std.context import ContextTypes
from gdbext.target.image import Image

CAPTURES = {  # closures whose first captured word is the context (context/context.go)
    "context.WithCancel.func1": "*context.cancelCtx",
    "context.WithCancelCause.func1": "*context.cancelCtx",
    "context.WithDeadlineCause.func1": "*context.timerCtx",
    "context.WithDeadlineCause.func2": "*context.timerCtx",
    "context.WithDeadlineCause.func3": "*context.timerCtx",
    "context.AfterFunc.func1": "*context.afterFuncCtx",
    "os/signal.(*signalCtx).stop-fm": "*signal.signalCtx",
}
ROOM = 1 << 14
LARGEST_STACK = 1 << 30  # runtime.maxstacksize on 64-bit machines


@frozen(eq=False)
class Pairs:
    """Interface word pairs found in plain ranges: which range, where, the kind and the data word."""

    range: NDArray[np.int64] = field(repr=False)
    address: U64 = field(repr=False)
    kind: NDArray[np.uint8] = field(repr=False)
    data: U64 = field(repr=False)

    def __len__(self) -> int:
        return len(self.data)


def closures(symtab: Symtab, ctypes: ContextTypes) -> list[tuple[int, int]]:
    """(entry pc, kind index) of the functions whose closures capture a context."""
    index = {kind.name: number for number, kind in enumerate(ctypes.kinds)}
    return [(entry, index[kind]) for name, kind in CAPTURES.items() if kind in index for entry in symtab.find(name)]


def global_ranges(modules: Sequence[Module]) -> list[tuple[int, int]]:
    """data and bss of every module: the globals that may hold pointers."""
    return [pair for module in modules for pair in ((module.data, module.edata), (module.bss, module.ebss))]


def variable_ranges(modules: Sequence[Module]) -> list[tuple[int, int]]:
    """Where the global variables of every module lie, with or without pointers."""
    plain = [pair for m in modules for pair in ((m.noptrdata, m.enoptrdata), (m.noptrbss, m.enoptrbss))]
    return global_ranges(modules) + plain


def pairs(image: Image, ranges: Sequence[tuple[int, int]], words: U64, kinds: NDArray[np.uint8]) -> Pairs:
    """Pairs of one of the sorted ``words``, which speak of ``kinds``, and a pointer, in plain memory ranges."""
    out = _found(kernels.scan_ranges, 4, image, ranges, words)
    return Pairs(out[:, 0].astype(np.int64), out[:, 1], kinds[out[:, 2].astype(np.int64)], out[:, 3])


def holders(image: Image, ranges: Sequence[tuple[int, int]], addresses: U64) -> NDArray[np.int64]:
    """Unique rows (range, index in ``addresses``): which ranges have words that are among the sorted ``addresses``."""
    found = _found(kernels.scan_values, 3, image, ranges, addresses)
    return np.unique(found[:, [0, 2]].astype(np.int64), axis=0)


def _found(scan: Any, width: int, image: Image, ranges: Sequence[tuple[int, int]], values: U64) -> U64:
    """The rows (n, width) of a scan of plain ranges for the sorted ``values``; again with room where there was none."""
    begin, end = (np.ascontiguousarray(one) for one in np.array(ranges, np.uint64).reshape(-1, 2).T)
    table = word_filter(values)

    def find(room: int) -> tuple[int, U64]:
        out = np.zeros((room, width), np.uint64)
        return int(scan(image.memory, begin, end, values, table, out)), out

    count, found = enough(ROOM, find)
    return found[:count]


def stacks(goroutines: Goroutines, rows: NDArray[np.int64] | None = None) -> list[tuple[int, int]]:
    """[sp, end) of every goroutine's stack (of some rows), empty where it is not known."""
    start = goroutines.start(rows)
    good = (start.sp != 0) & (start.sp < start.high) & (start.high - start.sp < np.uint64(LARGEST_STACK))
    ends = np.where(good, start.high, start.sp)
    return list(zip(start.sp.tolist(), ends.tolist(), strict=True))


def live(goroutines: Goroutines, image: Image, found: Pairs, wanted: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of the ``wanted`` pairs lie in live stack slots: the collector's own maps say that the data word is one.

    Only for goroutines that stand at a safe point; a running one has no maps for where it is.
    """
    chosen = np.zeros(len(found), np.bool_)
    mine = np.flatnonzero(wanted & ~goroutines.trapped[found.range])
    words = LiveWords(goroutines, image, np.unique(found.range[mine]))
    chosen[mine] = words.among(found.range[mine], found.address[mine] + np.uint64(8))
    return chosen


def holding_goids(goroutines: Goroutines, addresses: U64) -> dict[int, list[int]]:
    """The goids of the goroutines with one of the sorted ``addresses`` anywhere on their stacks, by its index."""
    found: dict[int, list[int]] = {}
    if len(addresses):
        for row, index in holders(goroutines.stacks(), stacks(goroutines), addresses).tolist():
            found.setdefault(index, []).append(int(goroutines.goid[row]))
    return {index: sorted(goids) for index, goids in found.items()}
