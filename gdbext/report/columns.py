"""Rows declared once: typed columns give the table, the JSON row and, for very many rows, both in bulk.

    SCHEMA = Schema(
        (
            Column("tid", Kind.NUMBER, "thread", one=lambda thread: thread.tid),
            Column("address", Kind.ADDRESS, many=lambda piece: Numbers(piece.addresses)),
        )
    )

``one`` takes a row, ``many`` a piece: whatever stands for some thousand rows. A piece of a schema without ``many`` is a
sequence of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar, cast

from attrs import frozen

from gdbext import report
from gdbext.report.rowjson import RowWriter
from gdbext.report.values import Kind, Values, each

One = TypeVar("One")
Many = TypeVar("Many")


@frozen
class Column(Generic[One, Many]):
    """A column. ``key``: its name in JSON, "" where it is not there; ``title``: in the table, likewise.

    ``in_table``: what the table says where that is not what JSON says.
    """

    key: str
    kind: Kind
    title: str = ""
    one: Callable[[One], Any] | None = None
    many: Callable[[Many], Values] | None = None
    in_table: Callable[[Many], Values] | None = None

    def cell(self, row: One) -> Any:
        """What a row has in the column."""
        assert self.one is not None, f"{self.key or self.title} is had in bulk only"
        return self.kind.cell(self.one(row))

    def values(self, piece: Many) -> Values:
        """What the rows of a piece have."""
        return self.many(piece) if self.many is not None else each([self.cell(row) for row in cast(Any, piece)])

    def cells(self, piece: Many) -> list[Any]:
        """The same for the table."""
        return (self.in_table or self.values)(piece).cells(self.kind)


@frozen
class Schema(Generic[One, Many]):
    """The columns of a row, in their order."""

    columns: Sequence[Column[One, Many]]

    def only(self, *keys: str) -> Schema[One, Many]:
        """The same with these columns of JSON only."""
        return Schema([column for column in self.columns if column.key in keys])

    def object(self, row: One) -> dict[str, Any]:
        """A row of JSON."""
        return {column.key: column.cell(row) for column in self.columns if column.key}

    def encoded(self, pieces: Iterable[Many]) -> Iterator[str]:
        """The JSON objects, joined with commas, a text for each piece: for ``Rows(…, encoded=True, mended=True)``."""
        columns = [column for column in self.columns if column.key]
        writer = RowWriter([(column.key, column.kind) for column in columns])
        made = (writer.piece([column.values(piece) for column in columns]) for piece in pieces)
        return filter(None, made)

    def table(self, pieces: Iterable[Many], title: str = "", cut: str = "") -> report.Table:
        """The rows of the pieces as a table, made while they are drawn."""
        columns = [column for column in self.columns if column.title]
        headings = [report.Heading(column.title, "right" if column.kind.is_number else "left") for column in columns]
        rows = (row for piece in pieces for row in zip(*(column.cells(piece) for column in columns), strict=True))
        return report.Table(headings, rows, title, cut)


__all__ = ["Column", "Many", "One", "Schema"]
