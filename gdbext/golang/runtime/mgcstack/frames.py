"""What frames hold, once for all that are alike (runtime/stkframe.go): a frame's maps depend on its pc alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from attrs import define, field, frozen

from gdbext.errors import GdbextError, MemoryFault
from gdbext.golang.runtime.mgcstack import kernels
from gdbext.golang.runtime.stkframe import StackObject, end_of, frame_pointers, has_maps
from gdbext.golang.runtime.traceback import Frame

if TYPE_CHECKING:
    from gdbext.compute.arrays import I64, U64
    from gdbext.golang.reading.program import Program
    from gdbext.golang.runtime.symtab import Symtab
    from gdbext.golang.runtime.traces import Traces

SP = 1 << 40
"""Where frames are put to be looked at: above it and below it is room for any frame."""
NO_MASK = -1


@frozen(eq=False)
class Shape:
    """A frame's live words and stack objects, by their places from its SP; ``whole``: bytes of which nobody knows."""

    words: U64 = field(factory=lambda: np.zeros(0, np.uint64))
    objects: Sequence[StackObject] = ()
    whole: int = 0
    damaged: bool = False
    """It should have maps, and they could not be read."""


def shape_of(program: Program, symtab: Symtab, frame: Frame) -> Shape:
    """What a frame at ``SP`` holds."""
    try:
        if not has_maps(symtab, frame):
            return Shape(whole=end_of(symtab, frame) - frame.sp)
        found = frame_pointers(program, symtab, frame)
    except GdbextError:
        return Shape(whole=frame.cfa - frame.sp, damaged=True)
    return Shape(found.words - np.uint64(frame.sp), tuple(_apart(found.objects)))


def _apart(objects: Sequence[StackObject]) -> Iterator[StackObject]:
    """In order, none over another (the runtime throws there)."""
    end = 0
    for one in sorted(objects, key=lambda each: each.address):
        if one.address >= end:
            yield one
            end = one.address + one.size


@define
class Shapes:
    """The shapes of the nodes of traces, made as they are first seen."""

    program: Program
    traces: Traces
    found: list[Shape] = field(factory=list)
    _numbers: dict[tuple[int, bool, bool], int] = field(factory=dict)

    def nodes(self) -> kernels.Nodes:
        """Every node of the traces."""
        traces = self.traces
        shape = [self._number(node) for node in range(len(traces.pc))]
        callee, offset = np.array(traces.callee, np.int64), np.array(traces.offset, np.uint64)
        return kernels.Nodes(callee, offset, np.array(shape, np.int64))

    def _number(self, node: int) -> int:
        traces = self.traces
        callee = traces.callee[node]
        panicked = callee >= 0 and traces.table.info(traces.pc[callee]).panic
        key = (traces.pc[node], traces.trapped[node], panicked)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.found)
            self.found.append(self._make(*key))
        return number

    def _make(self, pc: int, trapped: bool, panicked: bool) -> Shape:
        info = self.traces.table.info(pc)
        frame = Frame(info.function, pc, SP, SP + info.size, trapped, panicked)
        return shape_of(self.program, self.traces.table.symtab, frame)

    def arrays(self) -> kernels.Shapes:
        """All shapes as compiled code reads them."""
        objects = [one for shape in self.found for one in shape.objects]
        mask, bits = self._masks(objects)
        return kernels.Shapes(
            first=_ends([len(shape.words) for shape in self.found]),
            word=np.concatenate([np.zeros(0, np.uint64), *(shape.words for shape in self.found)]),
            whole=np.array([shape.whole for shape in self.found], np.uint64),
            first_object=_ends([len(shape.objects) for shape in self.found]),
            begin=np.array([one.address - SP & (1 << 64) - 1 for one in objects], np.uint64),
            end=np.array([one.address - SP + one.size & (1 << 64) - 1 for one in objects], np.uint64),
            pointers=np.array([one.pointers // 8 for one in objects], np.int64),
            mask=mask,
            bits=bits,
        )

    def _masks(self, objects: Sequence[StackObject]) -> tuple[I64, np.ndarray[tuple[int], np.dtype[np.uint8]]]:
        """(the first bit of each object's mask, all masks), each mask once."""
        parts, places, size = [b""], dict[tuple[int, int], int](), 0
        mask = np.empty(len(objects), np.int64)
        for number, one in enumerate(objects):
            key = (one.mask, (one.pointers // 8 + 7) // 8)
            if key not in places:
                read = self._mask(*key)
                places[key] = NO_MASK if read is None else 8 * size
                parts.append(read or b"")
                size += len(parts[-1])
            mask[number] = places[key]
        return mask, np.frombuffer(b"".join([*parts, b"\0"]), np.uint8)

    def _mask(self, address: int, size: int) -> bytes | None:
        try:
            return self.program.read(address, size) if address else None
        except MemoryFault:
            return None


def _ends(counts: Sequence[int]) -> I64:
    """0 and the running total."""
    return np.concatenate([[0], np.cumsum(np.array(counts, np.int64))]).astype(np.int64)
