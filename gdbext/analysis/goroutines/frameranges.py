"""Where the frames of many stacks lie, and of which function each is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from gdbext.golang.runtime.traces import Traces
from gdbext.golang.unstopped.goroutines import LARGEST

if TYPE_CHECKING:
    from gdbext.compute.arrays import I64, U64
    from gdbext.golang.runtime.proc import Goroutines


@frozen(eq=False)
class FrameRanges:
    """[begin, end) of each frame, sorted; the goroutine's row and the function's index. ``pc``: what the frame's
    variables are looked up by, within the call that it waits for."""

    begin: U64
    end: U64
    row: I64
    function: I64
    pc: I64

    @classmethod
    def of(cls, goroutines: Goroutines) -> FrameRanges:
        """The frames of all stacks, as far as they can be walked."""
        rows = np.flatnonzero(goroutines.sp != 0)
        traces, start = Traces(goroutines.symtab), goroutines.start(rows)
        nodes, _ = traces.walk(goroutines.stacks(rows, reach=LARGEST), start)
        infos = [traces.table.info(pc) for pc in traces.pc]
        offset, callee = np.array(traces.offset, np.uint64), np.array(traces.callee, np.int64)
        size = np.array([info.size for info in infos], np.uint64)
        function = np.array([info.function for info in infos], np.int64)
        pc = np.array(traces.pc, np.uint64).view(np.int64) - ~np.array(traces.trapped, np.bool_)
        parts = [(np.zeros(0, np.int64), np.zeros(0, np.int64))]
        at = np.arange(len(rows))
        while len(at := at[nodes[at] >= 0]):
            parts.append((at, nodes[at].copy()))
            nodes[at] = callee[nodes[at]]
        stack, node = (np.concatenate(column) for column in zip(*parts, strict=True))
        begin = start.sp[stack] + offset[node] if len(node) else np.zeros(0, np.uint64)
        order = np.argsort(begin, kind="stable")
        stack, node, begin = stack[order], node[order], begin[order]
        return cls(begin, begin + size[node], rows[stack], function[node], pc[node])

    def at(self, addresses: U64) -> I64:
        """The frame that each address is in, -1 for none."""
        index = np.searchsorted(self.begin, addresses, "right") - 1
        inside = (index >= 0) & (addresses < self.end[index]) if len(self.begin) else np.zeros(len(addresses), np.bool_)
        return np.where(inside, index, -1)
