"""What waits for objects to die: finalizers, cleanups and weak pointers, by what they call and of which type."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import field, frozen

from gdbext.analysis.heap.histogram import LIVE
from gdbext.analysis.heap.kernels import objects as states
from gdbext.analysis.heap.sites import counted_as
from gdbext.compute.distinct import distinct, members
from gdbext.errors import GdbextError
from gdbext.golang.runtime import funcvals, mcleanup, mfinal, special

if TYPE_CHECKING:
    from gdbext.analysis.heap.histogram import Entry, Histogram
    from gdbext.compute.arrays import I64, U8, U64
    from gdbext.golang.reading.program import Program
    from gdbext.golang.runtime.mheap import Heap
    from gdbext.golang.runtime.special import Specials
    from gdbext.golang.runtime.symtab import Symtab
    from gdbext.golang.types.rtype import Types

FINALIZER, CLEANUP, WEAK = range(3)
NAMES = {"Finalizer": "finalizer", "Cleanup": "cleanup", "WeakHandle": "weak pointer"}
"""Kinds of specials, as the runtime names them and in words; in the order of ``Waiting.kind``."""
KINDS = tuple(NAMES.values())
WRAPPER = "runtime.AddCleanup["
"""Until Go 1.25 a closure around what the program gave."""
UNKNOWN, DEAD, REACHED = -1, 0, 1


@frozen(eq=False)
class Waiting:
    """Specials of these kinds, an entry of each array for each.

    ``slot``: where the object's slot begins. ``kind``: in KINDS. ``function``: in ``names``, "" for weak pointers.
    ``type``: in ``types``, -1 unknown. ``size``: bytes of the slot. ``reached``: whether a root leads to the object by
    other ways: UNKNOWN, DEAD, REACHED.
    """

    object: U64 = field(repr=False)
    slot: U64 = field(repr=False)
    kind: U8 = field(repr=False)
    function: I64 = field(repr=False)
    names: tuple[str, ...]
    type: I64 = field(repr=False)
    types: tuple[str, ...]
    size: I64 = field(repr=False)
    reached: I64 = field(repr=False)
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.object)


def waiting(
    program: Program, symtab: Symtab, types: Types, heap: Heap, specials: Specials, found: Histogram | None
) -> Waiting:
    """All of a program. ``found``: what its objects are, None where that is not known. Raises MissingField."""
    rows = [specials.rows(name) for name in NAMES]
    every = np.concatenate(rows)
    kind = np.repeat(np.arange(len(rows)), [len(each) for each in rows]).astype(np.uint8)
    called = funcvals.functions(program, symtab, _called(program, specials, rows))
    names, function = _unwrapped(program, symtab, called)
    ids = heap.ids(specials.slot[every])
    size = np.where(ids >= 0, heap.elemsizes(np.maximum(ids, 0)).astype(np.int64) if len(heap.spans.base) else 0, 0)
    texts, type_ = _types(program, types, specials, rows, ids, found)
    order = np.argsort(specials.object[every], kind="stable")
    return Waiting(
        specials.object[every][order], specials.slot[every][order], kind[order], function[order], names,
        type_[order], texts, size[order], _reached(ids, found)[order], specials.notes,
    )  # fmt: skip


def _called(program: Program, specials: Specials, rows: list[I64]) -> U64:
    """The function value of each; 0 for weak pointers."""
    parts = []
    for struct, mine in zip((special.FINALIZER, special.CLEANUP, None), rows, strict=True):
        if struct is None or not len(mine):
            parts.append(np.zeros(len(mine), np.uint64))
            continue
        records, readable = specials.records(program, struct, mine)
        parts.append(np.where(readable, records["fn"], 0).astype(np.uint64))
    return np.concatenate(parts)


def _unwrapped(program: Program, symtab: Symtab, called: funcvals.Functions) -> tuple[tuple[str, ...], I64]:
    """(names, which of them each is): of cleanups what the program gave, which is what the closure captured first, or
    in Go 1.25 where that is."""
    wraps = np.isin(called.which, [n for n, name in enumerate(called.names) if name.startswith(WRAPPER)])
    names, which = called.names, called.which
    value = np.where(wraps, called.captured, 0).astype(np.uint64)
    for _ in range(2):
        inner = funcvals.functions(program, symtab, value)
        which = np.where(wraps & inner.known, inner.which + len(names), which)
        wraps, names = wraps & ~inner.known, (*names, *inner.names)
        value = np.where(wraps, program.gather(value, np.dtype("<u8"))[0], 0).astype(np.uint64)
    return names, which


def _types(
    program: Program, types: Types, specials: Specials, rows: list[I64], ids: I64, found: Histogram | None
) -> tuple[tuple[str, ...], I64]:
    """(names, which of them each object is): as the heap's types say; of finalizers as those do."""
    known: dict[str, int] = {}
    out = np.full(len(ids), -1, np.int64)
    if found is not None:
        _by_heap(found, ids, known, out)
    records, readable = specials.records(program, special.FINALIZED, rows[FINALIZER])
    for at, pointer in enumerate(np.where(readable, records["ot"], 0).tolist()):
        name = _pointed(types, pointer) if pointer else ""
        if name:
            out[at] = known.setdefault(name, len(known))
    return tuple(known), out


def _by_heap(found: Histogram, ids: I64, known: dict[str, int], out: I64) -> None:
    counted = _counted(found, ids)
    for one in np.unique(counted[counted >= 0]).tolist():
        entry: Entry = found.entry(one, LIVE)
        if entry.name:
            out[counted == one] = known.setdefault(entry.name, len(known))


def _counted(found: Histogram, ids: I64) -> I64:
    """Where the histogram counts each object; -1 of none."""
    laid, table = found.flowed.laid, found.flowed.table
    safe = np.maximum(ids, 0)
    state = found.flowed.state[safe].astype(np.int64)
    spans = laid.heap.spans
    of_class = spans.spanclass[np.searchsorted(spans.first, safe, "right") - 1].astype(np.int64)
    return np.where(ids >= 0, counted_as(state, of_class, len(table), table.text), -1)


def _pointed(types: Types, pointer: int) -> str:
    try:
        return types.at(pointer).name.removeprefix("*")
    except GdbextError:
        return ""


def _reached(ids: I64, found: Histogram | None) -> I64:
    if found is None:
        return np.full(len(ids), UNKNOWN, np.int64)
    marked = found.flowed.state[np.maximum(ids, 0)].astype(np.int64) & states.MARKED != 0
    return np.where(ids >= 0, np.where(marked, REACHED, DEAD), UNKNOWN).astype(np.int64)


@frozen
class Total:
    """The objects that something waits for, each once however much does; tiny ones that share a slot are one.

    ``bytes``: of their slots. ``dead``: to how many nothing else leads; None: known of none of them.
    """

    objects: int
    bytes: int
    dead: int | None


def total(found: Waiting) -> Total:
    """All of them together."""
    _, first = np.unique(found.slot, return_index=True)
    size, reached = found.size[first], found.reached[first]
    unknown = len(first) > 0 and bool((reached == UNKNOWN).all())
    return Total(len(first), int(size.sum()), None if unknown else int(np.count_nonzero(reached == DEAD)))


@frozen
class Queues:
    """What is about to run: finalizers and cleanups whose objects are dead. None: not known."""

    finalizers: int | None
    cleanups: int | None


def queues(program: Program) -> Queues:
    """Of a program."""
    return Queues(_finalizers(program), _cleanups(program))


def _finalizers(program: Program) -> int | None:
    try:
        return len(mfinal.queued_finalizers(program).entry)
    except GdbextError:
        return None


def _cleanups(program: Program) -> int | None:
    try:
        found = mcleanup.queued_cleanups(program)
    except GdbextError:
        return None
    words = program.bound(mcleanup.ENTRY).size // 8 if program.has(mcleanup.ENTRY) else 1
    return len(found.value) // words


@frozen(eq=False)
class Group:
    """Those of one kind, function and type. ``rows``: which, by address."""

    kind: int
    function: str
    type: str
    rows: I64 = field(repr=False)
    bytes: int
    dead: int

    def __len__(self) -> int:
        return len(self.rows)


def groups(found: Waiting) -> list[Group]:
    """The largest one first."""
    labels = {name: at for at, name in enumerate(dict.fromkeys(found.names))}
    function = np.array([labels[name] for name in found.names], np.int64)[found.function]
    keys = np.stack([found.kind.astype(np.int64), function, found.type], axis=1)
    names, number = distinct(keys)
    made = [_group(found, rows) for rows in members(number, len(names))]
    return sorted(made, key=lambda group: (-len(group), group.kind, group.function, group.type))


def _group(found: Waiting, rows: I64) -> Group:
    first = int(rows[0])
    type_ = int(found.type[first])
    return Group(
        int(found.kind[first]),
        found.names[int(found.function[first])],
        found.types[type_] if type_ >= 0 else "",
        rows,
        int(found.size[rows].sum()),
        int(np.count_nonzero(found.reached[rows] == DEAD)),
    )
