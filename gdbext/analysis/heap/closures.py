"""Closures are found by their first word, which points to a function's code: no typed word says what they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gdbext.analysis.heap.kernels import closures as kernels
from gdbext.golang.reading.words import word_filter
from gdbext.golang.types.flat.closures import Closures, Seen

if TYPE_CHECKING:
    from gdbext.analysis.heap.kernels.meeting import Work
    from gdbext.analysis.heap.kernels.objects import Objects
    from gdbext.golang.types.flat.table import TypeTable


def type_closures(closures: Closures, table: TypeTable, objects: Objects, work: Work) -> TypeTable:
    """Give closures among the marked objects their types, once all else was followed; ``work`` gets them.

    Returns the types with those of closures.
    """
    entries = closures.symtab.entries
    filter_, found = word_filter(entries), np.zeros((len(entries), kernels.COLUMNS), np.uint64)
    kernels.find(objects, entries, filter_, found)
    alike = np.flatnonzero(found[:, kernels.SLOT_SIZE])
    functions = alike[closures.symtab.functions(entries[alike]) == alike]
    if not len(functions):
        return table
    columns = found[functions][:, [kernels.SLOT_SIZE, kernels.POINTERS]]
    seen = [Seen(one, size, bits) for one, (size, bits) in zip(functions.tolist(), columns.tolist(), strict=True)]
    table, made = closures.rows(table, seen, objects.classes)
    rows = np.full(len(entries), -1, np.int32)
    rows[functions] = made
    kernels.give_types(objects, table.described, work, entries, filter_, rows)
    return table
