"""Closures are found by their first word, which points to a function's code: no typed word says what they hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gdbext.analysis.heap.kernels import closures as kernels
from gdbext.compute import parallel
from gdbext.golang.reading.words import word_filter
from gdbext.golang.types.flat.closures import Closures, Seen

if TYPE_CHECKING:
    from gdbext.analysis.heap.kernels.meeting import Work
    from gdbext.analysis.heap.kernels.objects import Objects
    from gdbext.compute.arrays import I32, U8, U64, Rows
    from gdbext.golang.types.flat.table import TypeTable


def type_closures(closures: Closures, table: TypeTable, objects: Objects, work: Work) -> tuple[TypeTable, U64]:
    """Give closures among the marked objects their types, once all else was followed; ``work`` gets them.

    Returns the types with those of closures, and what ``grown`` makes them from: rows (function, size, pointers).
    """
    entries = closures.symtab.entries
    filter_ = word_filter(entries)
    found = _found(objects, entries, filter_)
    alike = np.flatnonzero(found[:, kernels.SLOT_SIZE])
    functions = alike[closures.symtab.functions(entries[alike]) == alike]
    seen = np.column_stack([functions.astype(np.uint64), found[functions][:, [kernels.SLOT_SIZE, kernels.POINTERS]]])
    if not len(seen):
        return table, seen
    table, made = grown(closures, table, objects, seen)
    rows = np.full(len(entries), -1, np.int32)
    rows[functions] = made
    kernels.give_types(objects, table.described, work, entries, filter_, rows)
    return table, seen


def _found(objects: Objects, entries: U64, filter_: U8) -> Rows:
    """What the closures of each function are like, as ``kernels.find`` says it."""

    def some(begin: int, end: int) -> Rows:
        found = np.zeros((len(entries), kernels.COLUMNS), np.uint64)
        kernels.find(objects, entries, filter_, begin, end, found)
        return found

    return joined(parallel.split(len(objects.spans), some))


def joined(parts: Sequence[Rows]) -> Rows:
    """What parts of the heap have of each function, as one."""
    found = parts[0].copy()
    for more in parts[1:]:
        _join(found, more)
    return found


def _join(found: Rows, more: Rows) -> None:
    new, both = found[:, kernels.COUNT] == 0, (found[:, kernels.COUNT] > 0) & (more[:, kernels.COUNT] > 0)
    unlike = both & (found[:, kernels.SLOT_SIZE :] != more[:, kernels.SLOT_SIZE :]).any(axis=1)
    found[:, kernels.COUNT] += more[:, kernels.COUNT]
    found[new, kernels.SLOT_SIZE :] = more[new, kernels.SLOT_SIZE :]
    found[unlike, kernels.SLOT_SIZE] = 0


def grown(closures: Closures, table: TypeTable, objects: Objects, seen: U64) -> tuple[TypeTable, I32]:
    """The types with those of closures like the ``seen`` ones, and the row of each, -1 where nothing is known."""
    return closures.rows(table, [Seen(*one) for one in seen.tolist()], objects.classes)
