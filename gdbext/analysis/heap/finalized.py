"""Objects with finalizers: what they refer to is kept until those have run, and is of types that SetFinalizer noted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gdbext.golang.reading.words import index_in
from gdbext.golang.runtime.special import FINALIZED

if TYPE_CHECKING:
    from gdbext.compute.arrays import U64
    from gdbext.golang.reading.program import Program
    from gdbext.golang.runtime.special import Specials
    from gdbext.golang.types.flat.table import TypeTable


def values(program: Program, specials: Specials, table: TypeTable) -> U64:
    """Rows (address, type's row, 1) of those whose type is in the table (runtime/mfinal.go, specialfinalizer.ot).

    Raises MissingField.
    """
    mine = specials.rows("Finalizer")
    records, readable = specials.records(program, FINALIZED, mine)
    pointers = index_in(table.described.address, np.where(readable, records["ot"], 0).astype(np.uint64))
    rows = np.where(pointers >= 0, table.described.elem[pointers], -1).astype(np.int64)
    known = rows >= 0
    made = np.ones((int(np.count_nonzero(known)), 3), np.uint64)
    made[:, 0], made[:, 1] = specials.object[mine][known], rows[known].astype(np.uint64)
    return made
