"""What the garbage collector starts from (markroot in runtime/mgcmark.go): globals and stacks.

Roots are words that hold a pointer, as arrays; what a precise collector would not follow is not among them. Where
nobody knows which words are pointers all are, and their kind says so: whoever follows such a word has to check that it
points into an object.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from gdbext.errors import MemoryFault
from gdbext.golang.runtime.mgcstack.stacks import Seeds, live_words

if TYPE_CHECKING:
    from gdbext.compute.arrays import I64, U8, U64
    from gdbext.golang.reading.program import Program
    from gdbext.golang.runtime.moduledata import Module
    from gdbext.golang.runtime.proc import Goroutines

DATA, BSS, STACK, CONSERVATIVE = range(4)
KINDS = ("data", "bss", "stack", "stack word that may be no pointer")
"""In words, by ``Roots.kind``."""
BLOCK = 1 << 18
"""Bytes of globals that are read at a time (rootBlockBytes): one hole does not lose them all."""
LARGEST_SECTION = 1 << 32


@frozen(eq=False)
class Part:
    """Some of the words, none of which is 0. ``notes``: what could not be read."""

    where: U64
    value: U64
    kind: U8
    owner: I64
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, kind: int, owner: I64 | int, where: U64, value: U64, notes: Sequence[str] = ()) -> Part:
        """Words of one kind; those that are 0 are left out."""
        kept = np.flatnonzero(value)
        owners = np.broadcast_to(np.asarray(owner, np.int64), value.shape)
        return cls(where[kept], value[kept], np.full(len(kept), kind, np.uint8), owners[kept], tuple(notes))


@frozen(eq=False)
class Roots:
    """Every word that a collection starts from.

    ``where``: the address of the word, 0 for a register. ``value``: the pointer, never 0; it need not point into the
    heap. ``kind``: DATA, BSS … ``owner``: which module (DATA, BSS), which row of the goroutines (stacks). ``contents``:
    objects whose pointer words are roots though they themselves are not marked. ``notes``: what could not be read.
    """

    where: U64
    value: U64
    kind: U8
    owner: I64
    contents: U64 = field(factory=lambda: np.zeros(0, np.uint64))
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.value)


def roots(program: Program, goroutines: Goroutines) -> Roots:
    """The roots of a program."""
    parts = [*globals_(program, goroutines.symtab.modules), stacks(goroutines)]
    return Roots(
        where=np.concatenate([part.where for part in parts]),
        value=np.concatenate([part.value for part in parts]),
        kind=np.concatenate([part.kind for part in parts]),
        owner=np.concatenate([part.owner for part in parts]),
        notes=tuple(note for part in parts for note in part.notes),
    )


def stacks(goroutines: Goroutines) -> Part:
    """The live words of goroutine stacks."""
    found = live_words(goroutines, Seeds.none())
    kinds = np.where(found.doubted, CONSERVATIVE, STACK).astype(np.uint8)
    return Part(found.where, found.value, kinds, found.row, found.notes)


def globals_(program: Program, modules: Sequence[Module]) -> Iterator[Part]:
    """The words of data and bss that the linker says are pointers."""
    for number, module in enumerate(modules):
        bits = (module.gcdatamask, module.gcdatamask_bits), (module.gcbssmask, module.gcbssmask_bits)
        yield section(program, DATA, number, (module.data, module.edata), *bits[0])
        yield section(program, BSS, number, (module.bss, module.ebss), *bits[1])


def section(program: Program, kind: int, number: int, bounds: tuple[int, int], mask: int, bits: int) -> Part:
    """The pointer words of one section, all of them where its mask cannot be read."""
    begin, end = bounds
    size, name = end - begin, KINDS[kind]
    if not 0 <= size <= LARGEST_SECTION:
        return Part.of(kind, number, *_nothing(), [f"{name} of a module is said to have {size:,} bytes"])
    flags, notes = _mask(program, mask, min(size // 8, bits), name)
    pieces = [_block(program, begin, at, flags[at : at + BLOCK // 8]) for at in range(0, len(flags), BLOCK // 8)]
    if lost := sum(len(where) for where, value in pieces if len(value) == 0):
        notes.append(f"{lost:,} pointers in {name} could not be read")
    read = [(where, value) for where, value in pieces if len(value)] or [_nothing()]
    where, value = (np.concatenate(column) for column in zip(*read, strict=True))
    return Part.of(kind, number, where, value, notes)


def _nothing() -> tuple[U64, U64]:
    return np.zeros(0, np.uint64), np.zeros(0, np.uint64)


def _mask(program: Program, address: int, bits: int, name: str) -> tuple[NDArray[np.uint8], list[str]]:
    """Which words are pointers."""
    try:
        raw = np.frombuffer(program.read(address, (bits + 7) // 8), np.uint8)
    except MemoryFault:
        return np.ones(bits, np.uint8), [f"which words of {name} are pointers could not be read: all count as such"]
    return np.unpackbits(raw, count=bits, bitorder="little"), []


def _block(program: Program, begin: int, at: int, flags: NDArray[np.uint8]) -> tuple[U64, U64]:
    """(addresses, words) of the flagged words from number ``at`` on; no words where they cannot be read."""
    index = np.flatnonzero(flags)
    where = np.uint64(begin + 8 * at) + np.uint64(8) * index.astype(np.uint64)
    try:
        words = np.frombuffer(program.read(begin + 8 * at, 8 * len(flags)), "<u8")
    except MemoryFault:
        return where, np.zeros(0, np.uint64)
    return where, words[index]
