"""Walking all goroutine stacks at once (runtime/traceback.go), a frame per round.

What a pc says about its frame depends on the pc alone, so it is worked out once per distinct pc; goroutines that do the
same share their frames, so that 100,000 stacks cost little more than the few hundred distinct ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from gdbext.golang.symtab import Symtab
from gdbext.golang.traceback import (
    COMPLETE,
    CUT,
    MOST_FRAMES,
    NO_FRAME,
    OUT_OF_STACK,
    SWITCHES_STACK,
    UNKNOWN_PC,
    UNREADABLE,
    Frame,
    PcTable,
)

if TYPE_CHECKING:
    from gdbext.target.image import U64, Bools, Image


@frozen(eq=False)
class Start:
    """Where walks start: registers and stack bounds, one entry per goroutine; pc 0 for none."""

    pc: U64
    sp: U64
    low: U64
    high: U64
    trapped: Bools

    def take(self, rows: NDArray[Any]) -> Start:
        """The same for some of the rows."""
        return Start(self.pc[rows], self.sp[rows], self.low[rows], self.high[rows], self.trapped[rows])


class Traces:
    """The stacks of many goroutines, sharing what they have in common.

    A node is a frame and all frames inside it: its pc, whether that was interrupted, and the node of the frame that it
    called (-1: none). A stack is the node of its outermost frame. ``offset``: the frame's SP less the stack's first SP.
    """

    def __init__(self, symtab: Symtab) -> None:
        self.table = PcTable(symtab)
        self.callee: list[int] = []
        self.pc: list[int] = []
        self.trapped: list[bool] = []
        self.offset: list[int] = []
        self._nodes: dict[tuple[int, int, bool], int] = {}
        self._size: list[int] = []
        self._verdict: list[int] = []

    def _node(self, callee: int, pc: int) -> int:
        """The node for a frame with that callee; negative: -1 - reason."""
        trapped = callee >= 0 and self.table.info(self.pc[callee]).injected
        return self._intern(callee, pc, trapped)

    def _intern(self, callee: int, pc: int, trapped: bool) -> int:
        key = (callee, pc, trapped)
        found = self._nodes.get(key)
        if found is None:
            found = self._nodes[key] = self._make(key)
        return found

    def _make(self, key: tuple[int, int, bool]) -> int:
        callee, pc, trapped = key
        info = self.table.info(pc)
        if info.no_frame:
            return -1 - UNKNOWN_PC
        self.callee.append(callee)
        self.pc.append(pc)
        self.trapped.append(trapped)
        self.offset.append(self.offset[callee] + self._size[callee] if callee >= 0 else 0)
        self._size.append(info.size)
        stops = info.sp_write and (callee >= 0 or trapped)
        self._verdict.append(COMPLETE if info.top else SWITCHES_STACK if stops else -1)
        return len(self.pc) - 1

    def frames(self, node: int, sp: int) -> list[Frame]:
        """The frames of a stack, innermost first. ``sp``: the stack's first SP."""
        found = []
        while node >= 0:
            info, at = self.table.info(self.pc[node]), sp + self.offset[node]
            callee = self.callee[node]
            panicked = callee >= 0 and self.table.info(self.pc[callee]).panic
            found.append(Frame(info.function, self.pc[node], at, at + info.size, self.trapped[node], panicked))
            node = callee
        return found[::-1]

    def path(self, node: int) -> list[int]:
        """The nodes of a stack, innermost first."""
        found = []
        while node >= 0:
            found.append(node)
            node = self.callee[node]
        return found[::-1]

    def walk(
        self, image: Image, start: Start, limit: int = MOST_FRAMES, enough: Callable[[int], bool] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """(outermost node, why it ended) of each stack; node -1 where there is no frame.

        ``enough``: asked once per node, ends the walks that reach it with CUT.
        """
        nodes = np.full(len(start.pc), -1, np.int64)
        ends = np.full(len(start.pc), NO_FRAME, np.uint8)
        rows = np.flatnonzero(start.pc != 0)
        pcs, sps, done = start.pc[rows], start.sp[rows].astype(np.uint64), np.zeros(0, np.bool_)
        below = np.full(len(rows), -1, np.int64)
        for depth in range(limit):
            if len(rows) == 0:
                return nodes, ends
            found = self._intern_all(below, pcs, start.trapped[rows] if depth == 0 else None)
            size, verdict = self._facts(found)
            inside = (start.low[rows] <= sps) & (sps + size <= start.high[rows])
            bad = np.where(found < 0, -1 - found, np.where(inside, 0, OUT_OF_STACK))
            ends[rows[bad != 0]] = bad[bad != 0]
            good = bad == 0
            nodes[rows[good]] = found[good]
            done = self._enough(found, enough) & good
            ends[rows[done]] = CUT
            done |= (verdict >= 0) | ~good
            over = good & (verdict >= 0)
            ends[rows[over]] = verdict[over]
            rows, below, sps = rows[~done], found[~done], (sps + size)[~done]
            pcs, readable = image.words(sps - np.uint64(8))
            ends[rows[~readable]] = UNREADABLE
            rows, below, sps, pcs = rows[readable], below[readable], sps[readable], pcs[readable]
        ends[rows] = CUT
        return nodes, ends

    def _intern_all(self, callees: NDArray[np.int64], pcs: U64, trapped: Bools | None) -> NDArray[np.int64]:
        """The node of each (callee, pc)."""
        flags = np.zeros(len(pcs), np.uint64) if trapped is None else trapped.astype(np.uint64)
        distinct, inverse = np.unique(pcs, return_inverse=True)
        keys = ((callees + 1).astype(np.uint64) << np.uint64(32)) | (inverse.astype(np.uint64) << np.uint64(1)) | flags
        pairs, back = np.unique(keys, return_inverse=True)
        made = np.empty(len(pairs), np.int64)
        for i, key in enumerate(pairs.tolist()):
            callee, pc = (key >> 32) - 1, int(distinct[(key & 0xFFFFFFFF) >> 1])
            made[i] = self._intern(callee, pc, True) if key & 1 else self._node(callee, pc)
        return made[back]

    def _facts(self, found: NDArray[np.int64]) -> tuple[U64, NDArray[np.int64]]:
        """(frame size, COMPLETE, SWITCHES_STACK or -1 to go on) of each node; 0 and -1 for none."""
        distinct, back = np.unique(found, return_inverse=True)
        size = np.array([self._size[node] if node >= 0 else 0 for node in distinct.tolist()], np.uint64)
        verdict = np.array([self._verdict[node] if node >= 0 else -1 for node in distinct.tolist()], np.int64)
        return size[back], verdict[back]

    @staticmethod
    def _enough(found: NDArray[np.int64], enough: Callable[[int], bool] | None) -> Bools:
        if enough is None:
            return np.zeros(len(found), np.bool_)
        distinct, back = np.unique(found, return_inverse=True)
        said = np.array([node >= 0 and enough(node) for node in distinct.tolist()], np.bool_)
        result: Bools = said[back]
        return result
