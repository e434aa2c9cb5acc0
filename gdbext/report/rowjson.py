"""JSON rows by the million: columns of values, put together by one compiled template."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdbext.compute.arrays import I64
from gdbext.report import kernels
from gdbext.report.jsontext import NUL, encoded, join_cells
from gdbext.report.values import Kind, Values

BETWEEN = ",\n"
"""What stands between rows."""
NESTED = (Kind.LIST, Kind.MAPPING)


class RowWriter:
    """Writes objects with the same keys. One buffer serves all pieces."""

    def __init__(self, columns: Sequence[tuple[str, Kind]]) -> None:
        self.columns = columns
        names = [f"{encoded(key)}: " for key, _ in columns]
        self._before = [("{" if place == 0 else ", ") + name for place, name in enumerate(names)]
        self._buffer = np.empty(0, np.uint8)

    def piece(self, values: Sequence[Values]) -> str:
        """The rows that have these values, column by column, with commas between them."""
        texts, forms, literals = TextPool(), list[int](), list[int]()
        cells: list[I64] = []
        for (_, kind), before, each in zip(self.columns, self._before, values, strict=True):
            for form, numbers in each.forms(kind, texts):
                literals.append(texts.literal(before))
                before = ""
                forms.append(form)
                cells.append(numbers)
        literals.append(texts.literal("}" + BETWEEN))
        return self._written(np.array(forms, np.int64), np.stack(cells), np.array(literals, np.int64), texts)

    def _written(self, forms: I64, cells: I64, literals: I64, texts: TextPool) -> str:
        pool, start, end = texts.arrays()
        out = self._room(int(kernels.room(forms, cells, literals, start, end)))
        size = int(kernels.rows(forms, cells, literals, pool.ctypes.data, start, end, out.ctypes.data, out))
        return str(out[: max(size - len(BETWEEN), 0)].data, "ascii")

    def _room(self, size: int) -> NDArray[np.uint8]:
        """At least so many bytes, the same ones each time."""
        if len(self._buffer) < size:
            self._buffer = np.empty(size + size // 8, np.uint8)
        return self._buffer


class TextPool:
    """The texts of a piece, one after another: rows refer to them by number."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._parts: list[str] = []
        self._count = 0

    def literal(self, made: str) -> int:
        """The number of a text as it is."""
        number = self._numbers.get(made)
        if number is None:
            number = self._numbers[made] = self._add(made, 1)
        return number

    def values(self, values: Sequence[Any], kind: Kind) -> int:
        """The number of the first one's JSON; the others' follow."""
        if not len(values):
            return self._count
        if kind in NESTED:
            return self._add(NUL.join(map(encoded, values)), len(values))
        return self._add(join_cells(map(kind.cell, values) if kind is Kind.ADDRESS else values), len(values))

    def _add(self, made: str, count: int) -> int:
        first, self._count = self._count, self._count + count
        self._parts.append(made)
        return first

    def arrays(self) -> tuple[NDArray[np.uint8], I64, I64]:
        """All texts, with room to copy beyond the last; where each begins and ends."""
        joined = NUL.join([*self._parts, NUL * kernels.SLACK]).encode("ascii")
        pool = np.frombuffer(bytearray(joined), np.uint8)
        end = np.flatnonzero(pool == 0)[: self._count]
        return pool, np.concatenate([np.zeros(1, np.int64), end[:-1] + 1]), end


__all__ = ["BETWEEN", "RowWriter", "TextPool"]
