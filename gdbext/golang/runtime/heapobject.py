"""The heap object that an address points into, through the arena's page table: no heap scan (runtime/mheap.go)."""

from __future__ import annotations

from attrs import frozen

from gdbext.errors import MemoryFault
from gdbext.golang.reading.program import Program
from gdbext.golang.runtime import mheap
from gdbext.golang.runtime.kernels.spans import Spans
from gdbext.golang.runtime.mheap import HEAP_ARENA, MHEAP
from gdbext.golang.runtime.spancheck import ARENA_SIZE, PAGE_SIZE

WORD = 8


@frozen
class HeapObject:
    """An allocated object. ``base``: where it begins, behind its malloc header; ``size``: bytes to the slot's end.

    ``slot``: where its slot begins.
    """

    base: int
    size: int
    noscan: bool
    slot: int


def find_object(program: Program, address: int) -> HeapObject | None:
    """The allocated object that holds ``address``; None where the heap has none there. Raises MissingField."""
    try:
        return _find(program, address)
    except MemoryFault:
        return None


def _find(program: Program, address: int) -> HeapObject | None:
    spans = _span(program, address)
    if spans is None or not int(spans.base[0]) <= address < int(spans.limit[0]):
        return None
    elemsize, header = int(spans.elemsize[0]), int(spans.header[0])
    slot = (address - int(spans.base[0])) // elemsize
    if not _allocated(program, spans, slot):
        return None
    begin = int(spans.base[0]) + slot * elemsize
    return HeapObject(begin + header, elemsize - header, bool(spans.noscan[0]), begin)


def span_address(program: Program, address: int) -> int:
    """The mspan that the page table has for an address, 0 for none; where pages are free it is a stale one.

    Raises MemoryFault.
    """
    head = program.record(MHEAP, mheap.mheap(program))
    index = (address - program.arch.arena_base) % (1 << 64) // ARENA_SIZE
    arena = program.word(int(head["arenas"]) + WORD * index)
    spans = program.bound(HEAP_ARENA).offset("spans")
    return program.word(arena + spans + WORD * (address % ARENA_SIZE // PAGE_SIZE)) if arena else 0


def _span(program: Program, address: int) -> Spans | None:
    """The in-use span whose pages hold the address, as arrays of one."""
    span = span_address(program, address)
    return mheap.span_alone(program, span) if span else None


def _allocated(program: Program, spans: Spans, slot: int) -> bool:
    taken = slot < int(spans.freeindex[0]) or _bit(program, int(spans.alloc_bits[0]), slot)
    if not taken or not spans.unswept[0]:
        return taken
    return _bit(program, int(spans.mark_bits[0]), slot) or _marked_inline(program, spans, slot)


def _marked_inline(program: Program, spans: Spans, slot: int) -> bool:
    """Whether a Green Tea page marks the slot itself (from Go 1.25)."""
    if not mheap.inline_marks(program, spans)[0]:
        return False
    return _bit(program, int(spans.base[0]) + PAGE_SIZE - 64, slot)


def _bit(program: Program, bits: int, slot: int) -> bool:
    return bool(program.read(bits + slot // 8, 1)[0] >> slot % 8 & 1)
