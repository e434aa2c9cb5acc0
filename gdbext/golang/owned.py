"""Where a Go program has its memory, as its runtime knows: for a target that does not tell what is mapped.

A copy of these ranges is enough for every command. Other memory (C's heap, mapped files) is not in them; nor is what a
plugin added, so that a program with plugins has no such list.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gdbext.compute.freememory import free_memory
from gdbext.errors import MemoryFault, MissingSymbol, UnsupportedTarget
from gdbext.golang.reading.program import distinct
from gdbext.golang.runtime import mheap, mpagealloc
from gdbext.golang.runtime.malloc import persistent_chunks
from gdbext.golang.runtime.mheap import HEAP_ARENA, MHEAP, MSPAN
from gdbext.golang.runtime.runtime2 import machines
from gdbext.golang.runtime.spancheck import ARENA_SIZE, arena_indices
from gdbext.target import merge_ranges
from gdbext.target.layers import loads

if TYPE_CHECKING:
    from gdbext.golang.reading.program import Program
    from gdbext.target import Hold

Range = tuple[int, int]

STACK = 64 << 10
"""Of a stack that is not Go's: from where a thread is, and where it began."""
BUCKETS = 179_999  # buckHashSize in runtime/mprof.go


def ranges(program: Program) -> list[Range]:
    """Sorted, disjoint [start, end) ranges of all but the heap's bitmaps. Raises GdbextError where nobody can tell."""
    head = program.record(MHEAP, mheap.mheap(program))
    used = [(int(start), int(end)) for start, end in mpagealloc.used_ranges(program)]
    spans = int(head["allspans"]["array"]), 8 * int(head["allspans"]["len"])
    own = [*_variables(program), *persistent_chunks(program), *_arenas(program, int(head["arenas"]), used)]
    return merge_ranges([*used, *own, *_stacks(program), (spans[0], sum(spans)), *_buckets(program)])


def size(ranges: Iterable[Range]) -> int:
    """Bytes."""
    return sum(end - start for start, end in ranges)


def copy(program: Program, hold: Hold, ranges: Sequence[Range]) -> None:
    """The memory of the target has all of ``ranges``, and what else a command needs, from then on.

    Raises UnsupportedTarget, with figures, where there is no room for it.
    """
    wanted, free = size(ranges), free_memory()
    if wanted > free:
        figures = f"{wanted >> 20:,} MiB of the program are to be copied and {free >> 20:,} MiB are free here"
        raise UnsupportedTarget(figures, "stop it in Delve, and ask without --halt")
    program.target.memory.image(ranges)
    program.target.memory.image(bitmaps(program))
    hold.lay_zeros(*table(program))


def bitmaps(program: Program) -> list[Range]:
    """Those of the heap's bitmaps, by its spans: to be asked for when the rest has been copied."""
    pointers = mheap.span_pointers(program, program.record(MHEAP, mheap.mheap(program))["allspans"])
    rows, known = program.records(MSPAN, pointers)
    rows = rows[known & (rows["state"] == mheap.IN_USE)]
    return mheap.bitmap_ranges(rows["alloc_bits"].astype(np.uint64), rows["mark_bits"].astype(np.uint64))


def table(program: Program) -> Range:
    """The table of arenas: mostly never touched, and looked into for any address."""
    start = int(program.record(MHEAP, mheap.mheap(program))["arenas"])
    return start, start + 8 * ((1 << mpagealloc.ADDRESS_BITS) // ARENA_SIZE)


def _variables(program: Program) -> Iterator[Range]:
    """Of the program itself. Raises UnsupportedTarget where there are other modules."""
    first = program.symbol("runtime.firstmoduledata")
    if program.word(program.symbol("runtime.lastmoduledatap")) != first:
        raise UnsupportedTarget("the program has plugins")
    for load in loads(program.binary.elf):
        if load.writable:
            yield load.start + program.target.bias, load.end + program.target.bias


def _arenas(program: Program, table: int, used: Iterable[Range]) -> Iterator[Range]:
    """What is kept of each arena: its entry in the table, and what that points to."""
    within = [at for start, end in used for at in (*range(start, end, ARENA_SIZE), end - 1)]
    for index in distinct(arena_indices(program, np.array(within, np.uint64))).tolist():
        entry = table + 8 * index
        arena = program.word(entry)
        yield entry, entry + 8
        yield arena, arena + program.bound(HEAP_ARENA).size


def _stacks(program: Program) -> Iterator[Range]:
    """Of threads that C made, of the kernel's first one, and of signal handlers."""
    arch = program.arch
    for thread in program.target.threads():
        sp, tls = (thread.registers.get(name, 0) for name in (arch.sp, arch.tls))
        yield sp, sp + STACK
        yield tls + min(arch.tls_g, 0), tls + max(arch.tls_g + 8, 0)
    for machine in machines(program):
        yield machine.g0_stack[1] - STACK, machine.g0_stack[1]
        yield machine.signal_stack[0], min(machine.signal_stack[1], machine.signal_stack[0] + STACK)


def _buckets(program: Program) -> Iterator[Range]:
    """The table of the memory profile."""
    try:
        table = program.word(program.symbol("runtime.buckhash"))
    except (MemoryFault, MissingSymbol):
        return
    yield table, table + 8 * BUCKETS if table else table
