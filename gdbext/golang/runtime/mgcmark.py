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

from gdbext.errors import MemoryFault, MissingSymbol
from gdbext.golang.runtime import mfinal, special
from gdbext.golang.runtime.mcleanup import queued_cleanups
from gdbext.golang.runtime.mfinal import queued_finalizers
from gdbext.golang.runtime.mgcstack.seeds import seeds
from gdbext.golang.runtime.mgcstack.stacks import LiveWords, Seeds, live_words
from gdbext.golang.runtime.rootwords import (
    BSS,
    CLEANUP,
    CLEANUP_QUEUE,
    CONSERVATIVE,
    DATA,
    FINALIZER,
    KINDS,
    QUEUED,
    STACK,
    WEAK_HANDLE,
    Part,
    joined,
)

if TYPE_CHECKING:
    from gdbext.compute.arrays import I64, U8, U64
    from gdbext.golang.reading.program import Program
    from gdbext.golang.runtime.moduledata import Module
    from gdbext.golang.runtime.proc import Goroutines
    from gdbext.golang.runtime.special import Specials
    from gdbext.golang.runtime.traces import Walked

ROOT_SPECIALS = (
    ("Finalizer", FINALIZER, special.FINALIZER),
    ("WeakHandle", WEAK_HANDLE, special.WEAK_HANDLE),
    ("Cleanup", CLEANUP, special.CLEANUP),
)
"""Kinds of specials that are roots: all fields that are declared of them are."""
BLOCK = 1 << 18
"""Bytes of globals that are read at a time (rootBlockBytes): one hole does not lose them all."""
LARGEST_SECTION = 1 << 32


@frozen(eq=False)
class Roots:
    """Every word that a collection starts from, one entry of each array per word; the same word may be there twice.

    ``where``: the address of the word, 0 for a register. ``value``: the pointer, never 0; it need not point into the
    heap. ``kind``: DATA, BSS … ``owner``: see ``rootwords.Part``. ``contents``: slots of objects whose pointer words
    are roots though they themselves are not marked: those that have finalizers. ``notes``: what could not be read.
    ``walked``: the stacks that words are from.
    """

    where: U64
    value: U64
    kind: U8
    owner: I64
    contents: U64 = field(factory=lambda: np.zeros(0, np.uint64))
    notes: tuple[str, ...] = ()
    walked: tuple[Walked, ...] = field(default=(), repr=False)

    def __len__(self) -> int:
        return len(self.value)


def roots(program: Program, goroutines: Goroutines, specials: Specials) -> Roots:
    """The roots of a program."""
    besides = seeds(goroutines)
    words = live_words(goroutines, Seeds(besides.owner, besides.value, besides.kind == CONSERVATIVE))
    parts = [*globals_(program, goroutines.symtab.modules), besides, on_stacks(words), *of_specials(program, specials)]
    whole = joined([*parts, *queues(program)])
    contents = np.unique(specials.slot[specials.rows("Finalizer")])
    return Roots(whole.where, whole.value, whole.kind, whole.owner, contents, whole.notes, words.walked)


def on_stacks(found: LiveWords) -> Part:
    """The live words of goroutine stacks."""
    kinds = np.where(found.doubted, CONSERVATIVE, STACK).astype(np.uint8)
    return Part(found.where, found.value, kinds, found.row, notes=found.notes)


def of_specials(program: Program, specials: Specials) -> Iterator[Part]:
    """What finalizers and cleanups of single objects will call, and the handles of weak pointers."""
    yield Part.none(*specials.notes)
    for name, kind, struct in ROOT_SPECIALS:
        rows = specials.rows(name)
        if not len(rows):
            continue
        records, readable = specials.records(program, struct, rows)
        bound = program.bound(struct)
        for word in records.dtype.names or ():
            where = specials.address[rows] + np.uint64(bound.offset(word))
            yield Part.of(kind, rows, where, records[word])
        if lost := int(np.count_nonzero(~readable)):
            yield Part.none(f"{lost:,} specials ({KINDS[kind]}) could not be read")


def queues(program: Program) -> Iterator[Part]:
    """Finalizers and cleanups that are about to run."""
    for what, read in ((QUEUED, _finalizers), (CLEANUP_QUEUE, _cleanups)):
        try:
            yield read(program)
        except (MissingSymbol, MemoryFault) as error:
            yield Part.none(f"{KINDS[what]}s: {error.message}")


def _finalizers(program: Program) -> Part:
    found, bound = queued_finalizers(program), program.bound(mfinal.FINALIZER)
    words = [
        Part.of(QUEUED, -1, found.address + np.uint64(bound.offset(name)), found.entry[name])
        for name in bound.dtype.names or ()
    ]
    return joined([*words, Part.none(*_broken(found.broken, QUEUED))])


def _cleanups(program: Program) -> Part:
    found = queued_cleanups(program)
    return Part.of(CLEANUP_QUEUE, -1, found.address, found.value, _broken(found.broken, CLEANUP_QUEUE))


def _broken(count: int, kind: int) -> list[str]:
    return [f"the list of {KINDS[kind]}s cannot be read to the end"] if count else []


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
        return Part.none(f"{name} of a module is said to have {size:,} bytes")
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
