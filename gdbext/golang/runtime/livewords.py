"""The live pointer words of many stacks at once (runtime/stkframe.go): stacks that look alike share their maps.

Which words of a frame are live depends on its pc alone; only which stack objects are live depends on what a stack
holds. So maps are decoded once per distinct stack, and stack objects are followed for all goroutines that share it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import field, frozen

from gdbext.compute.arrays import I64
from gdbext.errors import GdbextError, InconsistentRuntime, MemoryFault
from gdbext.golang.reading.words import columns
from gdbext.golang.runtime.stkframe import FramePointers, StackObject, frame_pointers, object_words
from gdbext.golang.runtime.traces import Traces

if TYPE_CHECKING:
    from gdbext.compute.arrays import U64, Bools
    from gdbext.golang.runtime.proc import Goroutines
    from gdbext.golang.runtime.traceback import Frame
    from gdbext.target.image import Image

AT_ONCE = 1 << 22
"""Words read at a time: bounds what the intermediate arrays take."""


@frozen(eq=False)
class Shape:
    """What stacks that look alike have in common, as offsets from their SP: the words that are always live, and stack
    objects as (begin, end) with the offsets of their pointer words."""

    words: U64
    objects: tuple[tuple[int, int, U64], ...]

    def pointing(self, image: Image, sp: U64) -> Bools:
        """(stacks, objects): which stack objects are live, pointed into by a live word or by another live object."""
        live = np.zeros((len(sp), len(self.objects)), np.bool_)
        todo = [(np.arange(len(sp)), self.words)]
        while todo and self.objects:
            rows, offsets = todo.pop()
            values = columns(image, sp[rows], offsets.tolist()) - sp[rows, None]
            for number, (begin, end, inside) in enumerate(self.objects):
                hit = ((values >= np.uint64(begin)) & (values < np.uint64(end))).any(axis=1) & ~live[rows, number]
                if hit.any():
                    live[rows[hit], number] = True
                    todo.append((rows[hit], inside))
        return live


@frozen(eq=False)
class LiveWords:
    """Asked about the stacks of some rows of goroutines, none of which was interrupted."""

    goroutines: Goroutines
    image: Image = field(repr=False)
    rows: I64

    def among(self, rows: I64, addresses: U64) -> Bools:
        """Whether the words at the addresses, each on the stack of the goroutine beside it, are live pointer words."""
        found = np.zeros(len(rows), np.bool_)
        if not len(rows):
            return found
        traces = Traces(self.goroutines.symtab)
        nodes, _ = traces.walk(self.image, self.goroutines.start(self.rows))
        node = nodes[np.searchsorted(self.rows, rows)]
        order = np.argsort(node, kind="stable")
        for some in np.split(order, np.flatnonzero(np.diff(node[order])) + 1):
            if node[some[0]] >= 0:
                found[some] = self._alike(traces, int(node[some[0]]), rows[some], addresses[some])
        return found

    def _alike(self, traces: Traces, node: int, rows: I64, addresses: U64) -> Bools:
        """The same for stacks that look alike."""
        base = int(self.goroutines.sp[rows[0]])
        try:
            shape = self._shape(traces.frames(node, base), base)
        except GdbextError:  # no maps, no live words
            return np.zeros(len(rows), np.bool_)
        sp = self.goroutines.sp[rows]
        offsets = addresses - sp
        found: Bools = np.isin(offsets, shape.words)
        if shape.objects:
            step = max(AT_ONCE // max(len(shape.words), 1), 1)
            for at in range(0, len(rows), step):
                piece = slice(at, at + step)
                found[piece] |= _in_objects(shape, shape.pointing(self.image, sp[piece]), offsets[piece])
        return found

    def _shape(self, frames: list[Frame], base: int) -> Shape:
        words: list[U64] = [np.zeros(0, np.uint64)]
        objects: list[StackObject] = []
        for frame in frames:
            part = self._frame(frame)
            words.append(part.words - np.uint64(base))
            objects += part.objects
        program = self.goroutines.program
        offsets = [np.array(object_words(program, one), np.uint64) - np.uint64(base) for one in objects]
        placed = [(one.address - base, one.address - base + one.size) for one in objects]
        return Shape(np.concatenate(words), tuple((*at, inside) for at, inside in zip(placed, offsets, strict=True)))

    def _frame(self, frame: Frame) -> FramePointers:
        """A frame's maps; every word where they cannot be read."""
        program, symtab = self.goroutines.program, self.goroutines.symtab
        try:
            return frame_pointers(program, symtab, frame)
        except (MemoryFault, InconsistentRuntime):
            return frame_pointers(program, symtab, frame, conservative=True)


def _in_objects(shape: Shape, live: Bools, offsets: U64) -> Bools:
    """Which of the words are pointer words of objects that are live on their stack."""
    found = np.zeros(len(offsets), np.bool_)
    for number, (_, _, inside) in enumerate(shape.objects):
        found |= live[:, number] & np.isin(offsets, inside)
    return found
