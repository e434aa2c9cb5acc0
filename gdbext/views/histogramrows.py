"""The rows of go-histogram, each column declared once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from gdbext.report.columns import Column, Schema
from gdbext.report.counts import plural
from gdbext.report.values import Kind
from gdbext.views.grades import graded

if TYPE_CHECKING:
    from gdbext.analysis.heap.byclass import OfClass
    from gdbext.analysis.heap.histogram import Entry, Instance


def _column(key: str, kind: Kind, title: str, one: Callable[[Entry], Any]) -> Column[Entry, Sequence[Entry]]:
    return Column(key, kind, title, one)


def shown(entry: Entry) -> str:
    """The type; of objects without one, what is known of them."""
    if entry.row >= 0:
        return graded(entry.name, entry.exact or len(entry.counted) > 1)
    return untyped(entry.elemsize, entry.noscan)


def untyped(elemsize: int, noscan: bool) -> str:
    """What is known of objects without a type. ``elemsize``: 0 for large ones."""
    size = f"{elemsize} bytes" if elemsize else "large"
    return f"(no type, {size}{', no pointers' if noscan else ''})"


ENTRY = Schema(
    (
        _column("count", Kind.COUNT, "count", lambda entry: entry.count.objects),
        _column("bytes", Kind.BYTES, "bytes", lambda entry: entry.count.bytes),
        _column("average_bytes", Kind.BYTES, "each", lambda entry: round(entry.count.bytes / entry.count.objects)),
        _column("type", Kind.HOSTILE, "", lambda entry: entry.name or None),
        _column("", Kind.HOSTILE, "type", shown),
        _column("pkg_path", Kind.HOSTILE, "", lambda entry: entry.package or None),
        _column("exact", Kind.FLAG, "", lambda entry: entry.exact),
        _column("elemsize", Kind.NUMBER, "", lambda entry: entry.elemsize or None),
        _column("noscan", Kind.FLAG, "", lambda entry: entry.noscan),
    )
)
"""Objects that are alike: to add a column, add it here."""


def _of(key: str, kind: Kind, title: str, one: Callable[[Instance], Any]) -> Column[Instance, Sequence[Instance]]:
    return Column(key, kind, title, one)


INSTANCE = Schema(
    (
        _of("address", Kind.ADDRESS, "address", lambda one: one.address),
        _of("size", Kind.BYTES, "size", lambda one: one.size),
        _of("reachable", Kind.FLAG, "reachable", lambda one: one.reachable),
    )
)
"""One object."""


def _class(key: str, kind: Kind, title: str, one: Callable[[OfClass], Any]) -> Column[OfClass, Sequence[OfClass]]:
    return Column(key, kind, title, one)


CLASS = Schema(
    (
        _class("count", Kind.COUNT, "count", lambda row: row.count.objects),
        _class("bytes", Kind.BYTES, "bytes", lambda row: row.count.bytes),
        _class("slots", Kind.COUNT, "slots", lambda row: row.slots),
        _class("spans", Kind.COUNT, "spans", lambda row: row.spans),
        _class("class", Kind.NUMBER, "class", lambda row: row.number),
        _class("elemsize", Kind.NUMBER, "", lambda row: row.elemsize or None),
        _class("", Kind.TEXT, "each", lambda row: f"{row.elemsize:,} bytes" if row.elemsize else "large"),
        _class("noscan", Kind.FLAG, "", lambda row: row.noscan),
        _class("", Kind.TEXT, "pointers", lambda row: "no" if row.noscan else "yes"),
    )
)
"""The objects of one span class."""

__all__ = ["CLASS", "ENTRY", "INSTANCE", "plural", "shown"]
