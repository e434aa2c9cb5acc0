"""Tables for DuckDB, Spark and their like: Apache Parquet. The only importer of pyarrow, which is an extra."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import field, frozen

from gdbext.compute.control import CONTROL
from gdbext.errors import GdbextError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gdbext.compute.arrays import Bools

COMPRESSION = "zstd"
INTEGERS = "DELTA_BINARY_PACKED"
"""How whole numbers are written: addresses that rise take a byte or two each."""


@frozen(eq=False)
class Texts:
    """A column of texts: which of ``texts`` each row has, -1 for none."""

    which: NDArray[Any] = field(repr=False)
    texts: Sequence[str] = field(repr=False)


@frozen(eq=False)
class Masked:
    """A column of numbers; null where they are not ``known``."""

    values: NDArray[Any] = field(repr=False)
    known: Bools = field(repr=False)


Column = Texts | Masked | Any
"""The last: an array of whole numbers or of truth values."""
Piece = Mapping[str, Column]
"""Columns of some rows, by name; each as long as the others."""


def library() -> tuple[Any, Any]:
    """(pyarrow, its parquet). Raises GdbextError where it is not there: to be asked before much is computed."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise GdbextError("parquet files need pyarrow", "./install.sh --with parquet") from error
    return pyarrow, pyarrow.parquet


def write(path: Path, pieces: Iterable[Piece]) -> int:
    """A new file for this user only, a piece at a time; one piece at least. Returns its rows. Raises OSError."""
    pyarrow, parquet = library()
    rows, writer = 0, None
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(number, "wb") as file:
        try:
            for piece in pieces:
                CONTROL.check()
                table = pyarrow.table({name: _array(pyarrow, column) for name, column in piece.items()})
                writer = writer or parquet.ParquetWriter(file, table.schema, **_options(table.schema, pyarrow))
                writer.write_table(table)
                rows += table.num_rows
        finally:
            if writer is not None:
                writer.close()
    return rows


def _options(schema: Any, pyarrow: Any) -> dict[str, Any]:
    integers = [one.name for one in schema if pyarrow.types.is_integer(one.type)]
    texts = [one.name for one in schema if pyarrow.types.is_dictionary(one.type)]
    return {
        "compression": COMPRESSION,
        "use_dictionary": texts,
        "column_encoding": dict.fromkeys(integers, INTEGERS),
    }


def _array(pyarrow: Any, column: Column) -> Any:
    if isinstance(column, Texts):
        which = np.ascontiguousarray(column.which, np.int32)
        texts = pyarrow.array([_plain(text) for text in column.texts], pyarrow.string())
        return pyarrow.DictionaryArray.from_arrays(pyarrow.array(which, mask=which < 0), texts)
    if isinstance(column, Masked):
        return pyarrow.array(column.values, mask=~column.known)
    return pyarrow.array(column)


def _plain(text: str) -> str:
    """Without what is no UTF-8: a byte of the target's that was none becomes ``\\xNN``."""
    return text.encode("utf-8", "backslashreplace").decode()
