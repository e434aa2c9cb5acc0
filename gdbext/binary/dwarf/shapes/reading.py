"""Many entries of types or of closures' functions in one pass."""

from __future__ import annotations

from typing import Any

import numpy as np

from gdbext.binary.dwarf import constants as dw
from gdbext.binary.dwarf.shapes import kernels
from gdbext.binary.dwarf.skimmer import Dwarf, Ints, scratch

LIMIT = 10_000_000
"""Members of many types, captured variables of many functions."""


def shapes(dwarf: Dwarf, entries: Ints) -> tuple[Ints, Ints]:
    """What entries say of types, and their members: rows of TYPE_COLUMNS and MEMBER_COLUMNS (``kernels``).

    Raises UnsupportedTarget for damaged information; an entry that is none gets the tag 0.
    """
    types = np.zeros((len(entries), dw.TYPE_COLUMNS), np.int64)
    return types, _gathered(dwarf, kernels.read_types, dw.MEMBER_COLUMNS, np.ascontiguousarray(entries), types)


def captures(dwarf: Dwarf, functions: Ints) -> Ints:
    """The variables that functions have from the closures they are called through (Go 1.23): rows of CAPTURE_COLUMNS.

    Raises UnsupportedTarget for damaged information.
    """
    return _gathered(dwarf, kernels.read_captures, dw.CAPTURE_COLUMNS, np.ascontiguousarray(functions))


def _gathered(dwarf: Dwarf, kernel: Any, columns: int, *asked: Ints) -> Ints:
    """What a kernel finds, as many rows as it needs."""
    dwarf.index  # noqa: B018  units know their bases from then on
    count, room = 0, 16 + 8 * len(asked[0])
    while room <= LIMIT:
        out = np.zeros((room, columns), np.int64)
        count = int(kernel(dwarf.sections, *dwarf.tables, *asked, out, scratch()))
        if count <= room:
            return out[:count]
        room = count
    raise dwarf.damaged(f"{count:,} members of types")
