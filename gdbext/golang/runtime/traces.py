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

from gdbext.errors import MemoryFault
from gdbext.golang.reading.program import distinct
from gdbext.golang.runtime.symtab import Symtab
from gdbext.golang.runtime.traceback import (
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
    from gdbext.compute.arrays import U64, Bools
    from gdbext.target.image import Image


GO_ON = 255
"""Not an end."""
DENSE = 1 << 22
FEW = 4
"""Stacks that are walked one by one: a round over arrays costs as much as a hundred frames."""


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
    """The stacks of many goroutines (their own, none of the runtime's), sharing what they have in common.

    A node is a frame and all frames inside it: its pc, whether that was interrupted, and the node of the frame that it
    called (-1: none). A stack is the node of its outermost frame. ``offset``: the frame's SP less the stack's first SP.
    """

    def __init__(self, symtab: Symtab) -> None:
        self.table = PcTable(symtab)
        self._return_at = symtab.program.arch.return_at
        self.callee: list[int] = []
        self.pc: list[int] = []
        self.trapped: list[bool] = []
        self.offset: list[int] = []
        self._nodes: dict[tuple[int, int, bool], int] = {}
        self._size: list[int] = []
        self._verdict: list[int] = []
        self._asked: list[int | None] = []
        self._facts = (np.zeros(0, np.uint64), np.zeros(0, np.int64))
        self._pcs = np.zeros(0, np.uint64)

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
        stops = info.loses_sp(callee < 0, trapped, own=True)
        self._asked.append(None)
        self._verdict.append(COMPLETE if info.top else SWITCHES_STACK if stops else GO_ON)
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

        ``enough``: asked once per node (so always give the same one to the same Traces); a walk that reaches a node for
        which it says so ends there, with CUT.
        """
        nodes = np.full(len(start.pc), -1, np.int64)
        ends = np.full(len(start.pc), NO_FRAME, np.uint8)
        rows = np.flatnonzero(start.pc != 0)
        pcs, sps, callees = start.pc[rows], start.sp[rows], np.full(len(rows), -1, np.int64)
        depth = 0
        while depth < limit and len(rows) > (FEW if depth else 0):
            found = self._intern_all(callees, pcs, start.trapped[rows] if depth == 0 else None)
            sizes, verdicts = self._known_facts(enough)
            known = np.maximum(found, 0)
            tops = sps + np.where(found < 0, np.uint64(0), sizes[known])
            inside = (start.low[rows] <= sps) & (sps <= tops) & (tops <= start.high[rows])
            good = (found >= 0) & inside
            nodes[rows[good]] = found[good]
            verdict = np.where(found < 0, -1 - found, np.where(inside, verdicts[known], OUT_OF_STACK))
            ends[rows] = verdict
            rows, callees, sps, places = _only(verdict == GO_ON, rows, found, tops, self._return_at(sps, tops))
            pcs, readable = image.words(places)
            ends[rows[~readable]] = UNREADABLE
            rows, callees, sps, pcs = _only(readable, rows, callees, sps, pcs)
            depth += 1
        for row, node, sp in zip(rows.tolist(), callees.tolist(), sps.tolist(), strict=True):
            bounds = int(start.low[row]), int(start.high[row])
            nodes[row], ends[row] = self._walk_one(image, node, sp, bounds, limit - depth, enough)
        return nodes, ends

    def _walk_one(
        self,
        image: Image,
        node: int,
        sp: int,
        bounds: tuple[int, int],
        limit: int,
        enough: Callable[[int], bool] | None,
    ) -> tuple[int, int]:
        """(outermost node, why it ended) of the stack whose frame ``node`` ends at ``sp``."""
        for _ in range(limit):
            try:
                pc = int.from_bytes(image.read(self._return_at(sp - self._size[node], sp), 8), "little")
            except MemoryFault:
                return node, UNREADABLE
            found = self._node(node, pc)
            if found < 0:
                return node, -1 - found
            top = sp + self._size[found]
            if not bounds[0] <= sp <= top <= bounds[1]:
                return node, OUT_OF_STACK
            node, sp, verdict = found, top, self._how_on(found, enough)
            if verdict != GO_ON:
                return node, verdict
        return node, CUT

    def _intern_all(self, callees: NDArray[np.int64], pcs: U64, trapped: Bools | None) -> NDArray[np.int64]:
        """The node of each (callee, pc). ``trapped`` is given for innermost frames."""
        numbers, distinct = self._number(pcs)
        flags = np.zeros(len(pcs), np.int64) if trapped is None else trapped.astype(np.int64)
        low, width = int(callees.min()), 2 * len(distinct)
        keys = (callees - low) * width + 2 * numbers + flags
        pairs, back = _distinct(keys, (int(callees.max()) - low + 1) * width)
        made = np.empty(len(pairs), np.int64)
        for i, key in enumerate(pairs.tolist()):
            callee, pc = low + key // width, int(distinct[key % width >> 1])
            made[i] = self._intern(callee, pc, True) if key & 1 else self._node(callee, pc)
        result: NDArray[np.int64] = made[back]
        return result

    def _number(self, pcs: U64) -> tuple[NDArray[np.int64], U64]:
        """A small number for each pc, and the pc of each number."""
        known = self._pcs
        at = np.minimum(np.searchsorted(known, pcs), max(len(known) - 1, 0))
        new = np.ones(len(pcs), np.bool_) if len(known) == 0 else known[at] != pcs
        if new.any():
            known = self._pcs = distinct(np.concatenate([known, pcs[new]]))
            at = np.searchsorted(known, pcs)
        return at, known

    def _how_on(self, node: int, enough: Callable[[int], bool] | None) -> int:
        """GO_ON, or why a walk ends at a node; asks ``enough`` once."""
        found = self._asked[node]
        if found is None:
            cut = enough is not None and self._verdict[node] == GO_ON and enough(node)
            found = self._asked[node] = CUT if cut else self._verdict[node]
        return found

    def _known_facts(self, enough: Callable[[int], bool] | None) -> tuple[U64, NDArray[np.int64]]:
        """(frame size, how the walk goes on) of each node; never empty."""
        start = len(self._facts[0])
        verdicts = [self._how_on(node, enough) for node in range(start, len(self._verdict))]
        sizes = np.concatenate([self._facts[0], np.array(self._size[start:], np.uint64)])
        self._facts = (sizes, np.concatenate([self._facts[1], np.array(verdicts, np.int64)]))
        return self._facts if len(sizes) else (np.zeros(1, np.uint64), np.zeros(1, np.int64))


@frozen(eq=False)
class Walked:
    """Stacks that were walked: the outermost ``node`` of each of the goroutines ``rows`` (-1: no frame), its first SP.

    Of each node: see ``Traces``; ``size``: the frame's; ``pc``: what its variables are looked up by, within the call
    that it waits for.
    """

    rows: NDArray[np.int64]
    node: NDArray[np.int64]
    sp: U64
    callee: NDArray[np.int64]
    offset: U64
    size: U64
    function: NDArray[np.int64]
    pc: NDArray[np.int64]

    @classmethod
    def of(cls, traces: Traces, rows: NDArray[np.int64], node: NDArray[np.int64], sp: U64) -> Walked:
        """What a walk of the stacks of some goroutines found."""
        infos = [traces.table.info(pc) for pc in traces.pc]
        return cls(
            rows, node, sp, np.array(traces.callee, np.int64), np.array(traces.offset, np.uint64),
            np.array([info.size for info in infos], np.uint64), np.array([info.function for info in infos], np.int64),
            np.array(traces.pc, np.uint64).view(np.int64) - ~np.array(traces.trapped, np.bool_),
        )  # fmt: skip


def _only(mask: Bools, *columns: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    return tuple(column[mask] for column in columns)


def _distinct(keys: NDArray[np.int64], end: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """``np.unique`` with its inverse, for keys in [0, end): without sorting where a table of that size is cheap."""
    if end > DENSE:
        pairs, back = np.unique(keys, return_inverse=True)
        return pairs, back
    present = np.zeros(end, np.bool_)
    present[keys] = True
    pairs = np.flatnonzero(present)
    number = np.empty(end, np.int64)
    number[pairs] = np.arange(len(pairs))
    return pairs, number[keys]
