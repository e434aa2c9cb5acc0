"""What is live in a stack frame (runtime/stkframe.go): the words that the garbage collector would follow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from attrs import field, frozen

from gdbext.errors import InconsistentRuntime, MemoryFault
from gdbext.golang.reading.declarations import INT, UINT, declare

if TYPE_CHECKING:
    from gdbext.compute.arrays import U64
    from gdbext.golang.reading.program import Program
    from gdbext.golang.runtime.symtab import Symtab
    from gdbext.golang.runtime.traceback import Frame

STACK_MAP = declare("runtime.stackmap", n=INT, nbit=INT)
STACK_OBJECT = declare(
    "runtime.stackObjectRecord", off=INT, size=INT, ptr_bytes=INT("ptrBytes", "_ptrdata"), gcdataoff=UINT
)
PCDATA_STACK_MAP_INDEX = 1
FUNCDATA_ARGS, FUNCDATA_LOCALS, FUNCDATA_STACK_OBJECTS = range(3)
BITMAP = 8  # stackmap.bytedata follows its two counts
REFLECT_STUBS = ("reflect.makeFuncStub", "reflect.methodValueCall")
INTERRUPTED = ("runtime.asyncPreempt", "runtime.debugCallV2")
MOST_BITS = 1 << 20
MOST_OBJECTS = 1 << 16
LARGEST_OBJECT = 1 << 28


@frozen
class StackObject:
    """A variable that lives on the stack and whose address is taken: live when a live pointer points into it.

    ``mask``: the address of its pointer bits, ``pointers`` bytes of the object have bits; 0 where the mask is a program
    (Go 1.23 and older, very large objects): then every word may be a pointer.
    """

    address: int
    size: int
    pointers: int
    mask: int


@frozen
class FramePointers:
    """A frame's live words. ``conservative``: nobody knows which words are live, all of them are given."""

    words: U64 = field(eq=False)
    objects: Sequence[StackObject]
    conservative: bool


def frame_pointers(program: Program, symtab: Symtab, frame: Frame, conservative: bool = False) -> FramePointers:
    """The addresses of a frame's live pointer words (locals and arguments), and its stack objects.

    Conservative for a frame that was interrupted anywhere (``frame.trapped``, but for faults, after which only
    deferred calls run), for what ``reflect`` calls and for the frames of asynchronous preemption itself. Raises
    MemoryFault, InconsistentRuntime.
    """
    low, high, argp = frame.sp, _varp(symtab, frame), _argp(symtab, frame)
    if conservative or not has_maps(symtab, frame):
        return FramePointers(_every_word(low, end_of(symtab, frame)), (), True)
    at = _continuation(symtab, frame)
    if at == 0:
        return FramePointers(np.zeros(0, np.uint64), (), False)
    index = max(symtab.pcdata(frame.function, PCDATA_STACK_MAP_INDEX, at - 1), 0) if at != _entry(symtab, frame) else 0
    locals_ = _live(program, symtab, frame, FUNCDATA_LOCALS, index) if high > low else None
    args = _live(program, symtab, frame, FUNCDATA_ARGS, index) if _args_size(symtab, frame) else None
    words = [_words(high - 8 * locals_[0], locals_[1]) if locals_ else [], _words(argp, args[1]) if args else []]
    objects = tuple(stack_objects(program, symtab, frame))
    return FramePointers(np.array([word for part in words for word in part], np.uint64), objects, False)


def has_maps(symtab: Symtab, frame: Frame) -> bool:
    """Whether a frame stopped where its function says what is live. Raises InconsistentRuntime."""
    name = symtab.name(frame.function)
    return (frame.panicked or not frame.trapped) and name not in INTERRUPTED and name not in REFLECT_STUBS


def end_of(symtab: Symtab, frame: Frame) -> int:
    """Where a frame ends with the arguments that its caller made room for. Raises InconsistentRuntime."""
    return _argp(symtab, frame) + _args_size(symtab, frame)


def object_words(program: Program, found: StackObject) -> list[int]:
    """The addresses of a stack object's pointer words."""
    count = found.pointers // 8
    try:
        mask = program.read(found.mask, (count + 7) // 8) if found.mask else b"\xff" * ((count + 7) // 8)
    except MemoryFault:
        mask = b"\xff" * ((count + 7) // 8)
    return _words(found.address, mask)[:count]


def _varp(symtab: Symtab, frame: Frame) -> int:
    """The top of the locals."""
    return symtab.program.arch.locals_end(frame.sp, frame.cfa)


def _argp(symtab: Symtab, frame: Frame) -> int:
    """Where the arguments on the stack begin."""
    return frame.cfa + symtab.program.arch.arguments


def _entry(symtab: Symtab, frame: Frame) -> int:
    return symtab.entry(frame.function)


def _args_size(symtab: Symtab, frame: Frame) -> int:
    args = symtab.func(frame.function).args
    return args if 0 <= args < MOST_BITS else 0


def _continuation(symtab: Symtab, frame: Frame) -> int:
    """Where the frame goes on: below a fault at its deferred calls, or nowhere (0)."""
    if not frame.panicked:
        return frame.pc
    deferreturn = symtab.func(frame.function).deferreturn
    return _entry(symtab, frame) + deferreturn + 1 if deferreturn else 0


def _live(program: Program, symtab: Symtab, frame: Frame, which: int, index: int) -> tuple[int, bytes] | None:
    """(bits, bitmap) of a stack map, None where the function has none."""
    address = symtab.funcdata(frame.function, which)
    if address == 0:
        return None
    row = program.record(STACK_MAP, address)
    count, bits = int(row["n"]), int(row["nbit"])
    if count <= 0 or bits == 0:
        return None
    if not 0 <= index < count or not 0 < bits < MOST_BITS:
        raise InconsistentRuntime(f"{symtab.name(frame.function)}: stack map {index} of {count} with {bits} bits")
    size = (bits + 7) // 8
    return bits, program.read(address + BITMAP + index * size, size)


def _words(base: int, bitmap: bytes) -> list[int]:
    """The addresses of the words whose bits are set."""
    bits = np.unpackbits(np.frombuffer(bitmap, np.uint8), bitorder="little")
    return [base + 8 * bit for bit in np.flatnonzero(bits).tolist()]


def _every_word(low: int, high: int) -> U64:
    start = (low + 7) // 8 * 8
    return np.arange(start, max(min(high, start + LARGEST_OBJECT), start), 8, dtype=np.uint64)


def stack_objects(program: Program, symtab: Symtab, frame: Frame) -> Iterator[StackObject]:
    """The frame's variables whose address is taken. Raises MemoryFault, InconsistentRuntime."""
    address = symtab.funcdata(frame.function, FUNCDATA_STACK_OBJECTS)
    if address == 0:
        return
    count = program.word(address)
    if count > MOST_OBJECTS:
        raise InconsistentRuntime(f"{symtab.name(frame.function)}: {count} stack objects")
    rodata, varp, argp = symtab.module(frame.function).rodata, _varp(symtab, frame), _argp(symtab, frame)
    for row in program.bound(STACK_OBJECT).array(program, address + 8, count):
        offset, size, pointers = int(row["off"]), int(row["size"]), int(row["ptr_bytes"])
        base = (varp if offset < 0 else argp) + offset
        if base >= frame.sp and 0 < size < LARGEST_OBJECT:
            mask = rodata + int(row["gcdataoff"]) if pointers >= 0 else 0
            yield StackObject(base, size, min(abs(pointers), size), mask)
