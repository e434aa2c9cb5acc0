"""The rows of go-spans, each column declared once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from gdbext import report
from gdbext.golang.runtime import mspan
from gdbext.golang.runtime.spancheck import PAGE_SIZE
from gdbext.report.columns import Column, Schema
from gdbext.report.values import Kind, Numbers, Values

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gdbext.analysis.heap.onespan import OneSpan
    from gdbext.analysis.heap.spanclasses import SpanClass
    from gdbext.golang.runtime.mheap import Heap
    from gdbext.golang.runtime.mspan import State

TOGETHER = 4096
"""Rows made at once."""


def _class(key: str, kind: Kind, title: str, one: Callable[[SpanClass], Any]) -> Column[SpanClass, Sequence[SpanClass]]:
    return Column(key, kind, title, one)


CLASS = Schema(
    (
        _class("class", Kind.NUMBER, "class", lambda row: row.number),
        _class("elemsize", Kind.NUMBER, "", lambda row: row.elemsize),
        _class("", Kind.NUMBER, "elemsize", lambda row: row.elemsize or "large"),
        _class("noscan", Kind.FLAG, "noscan", lambda row: row.noscan),
        _class("spans", Kind.COUNT, "spans", lambda row: row.spans),
        _class("bytes", Kind.BYTES, "pages", lambda row: row.bytes),
        _class("slots", Kind.COUNT, "slots", lambda row: row.slots),
        _class("live", Kind.COUNT, "live", lambda row: row.live),
        _class("free", Kind.COUNT, "free", lambda row: row.free),
        _class("live_bytes", Kind.BYTES, "live bytes", lambda row: row.live_bytes),
        _class("unswept", Kind.COUNT, "unswept", lambda row: row.unswept),
    )
)
"""The spans of a class: to add a column, add it here."""


def _state(key: str, kind: Kind, title: str, one: Callable[[State], Any]) -> Column[State, Sequence[State]]:
    return Column(key, kind, title, one)


STATE = Schema(
    (
        _state("state", Kind.TEXT, "state", lambda row: row.name),
        _state("spans", Kind.COUNT, "spans", lambda row: row.spans),
        _state("bytes", Kind.BYTES, "pages", lambda row: row.bytes),
    )
)
"""The spans of a state."""


class Piece:
    """Some spans of the heap, by their rows."""

    def __init__(self, heap: Heap, rows: NDArray[np.int64]) -> None:
        self.heap, self.rows = heap, rows

    def column(self, name: str) -> NDArray[Any]:
        """A column of ``Heap.spans``."""
        found: NDArray[Any] = getattr(self.heap.spans, name)[self.rows]
        return found


def pieces(heap: Heap, rows: NDArray[np.int64]) -> Iterator[Piece]:
    """The rows, TOGETHER at a time."""
    for start in range(0, len(rows), TOGETHER):
        yield Piece(heap, rows[start : start + TOGETHER])


def _span(key: str, kind: Kind, title: str, many: Callable[[Piece], NDArray[Any]]) -> Column[Any, Piece]:
    def values(piece: Piece) -> Values:
        return Numbers(many(piece))

    return Column(key, kind, title, many=values)


def _unswept(piece: Piece) -> Values:
    unswept = piece.column("unswept")
    return Numbers(unswept.astype("i8"), [(unswept, True), (~unswept, False)])


SPAN: Schema[Any, Piece] = Schema(
    (
        _span("address", Kind.ADDRESS, "address", lambda piece: piece.column("base")),
        _span("bytes", Kind.BYTES, "pages", lambda piece: piece.column("npages") * PAGE_SIZE),
        _span("elemsize", Kind.NUMBER, "elemsize", lambda piece: piece.column("elemsize")),
        _span("slots", Kind.COUNT, "slots", lambda piece: piece.column("nelems")),
        _span("live", Kind.COUNT, "live", lambda piece: piece.heap.live[piece.rows]),
        _span("free", Kind.COUNT, "free", lambda piece: piece.column("nelems") - piece.heap.live[piece.rows]),
        Column("unswept", Kind.FLAG, "unswept", many=_unswept),
    )
)
"""A span in use."""


def _one(key: str, kind: Kind, title: str, one: Callable[[OneSpan], Any]) -> Column[OneSpan, Sequence[OneSpan]]:
    return Column(key, kind, title, one)


def _field(key: str, kind: Kind, title: str, name: str) -> Column[OneSpan, Sequence[OneSpan]]:
    """A field of the mspan; none where its release has none."""
    return _one(key, kind, title, lambda span: span.number(name))


def _yes(name: str) -> Callable[[OneSpan], Any]:
    return lambda span: bool(span.number(name))


ONE = Schema(
    (
        _one("address", Kind.ADDRESS, "mspan", lambda span: span.address),
        _field("base", Kind.ADDRESS, "startAddr", "base"),
        _one("end", Kind.ADDRESS, "end of its pages", lambda span: span.end),
        _field("limit", Kind.ADDRESS, "limit", "limit"),
        _one("bytes", Kind.BYTES, "pages", lambda span: span.bytes),
        _one("state", Kind.TEXT, "state", lambda span: mspan.state_name(int(span.record["state"]))),
        _field("class", Kind.NUMBER, "spanclass", "spanclass"),
        _one("noscan", Kind.FLAG, "noscan", lambda span: bool(int(span.record["spanclass"]) & 1)),
        _field("elemsize", Kind.NUMBER, "elemsize", "elemsize"),
        _field("slots", Kind.COUNT, "nelems", "nelems"),
        _one("live", Kind.COUNT, "live", lambda span: span.live),
        _one("free", Kind.COUNT, "free", lambda span: None if span.live is None else _slots(span) - span.live),
        _field("alloc_count", Kind.COUNT, "allocCount", "taken"),
        _field("alloc_count_before_cache", Kind.COUNT, "allocCountBeforeCache", "before"),
        _field("freeindex", Kind.COUNT, "freeindex", "freeindex"),
        _field("free_index_for_scan", Kind.COUNT, "freeIndexForScan", "scan_freeindex"),
        _field("alloc_cache", Kind.ADDRESS, "allocCache", "alloc_cache"),
        _field("alloc_bits", Kind.ADDRESS, "allocBits", "alloc_bits"),
        _field("gcmark_bits", Kind.ADDRESS, "gcmarkBits", "mark_bits"),
        _field("pinner_bits", Kind.ADDRESS, "pinnerBits", "pinner_bits"),
        _field("sweepgen", Kind.NUMBER, "sweepgen", "sweepgen"),
        _one("swept", Kind.TEXT, "swept", lambda span: span.swept or None),
        _one("held_by", Kind.TEXT, "in", lambda span: span.held_by or None),
        _one("needzero", Kind.FLAG, "needzero", _yes("needzero")),
        _one("is_user_arena_chunk", Kind.FLAG, "isUserArenaChunk", _yes("user_arena")),
        _field("specials", Kind.ADDRESS, "specials", "specials"),
        _field("large_type", Kind.ADDRESS, "largeType", "large_type"),
    )
)
"""One span, titled as Go calls the fields."""


def _slots(span: OneSpan) -> int:
    return int(span.record["nelems"])


def one_table(span: OneSpan) -> report.Table:
    """A line for each field."""
    headings = [report.Heading("field"), report.Heading("value")]
    return report.Table(headings, [(column.title, column.cell(span)) for column in ONE.columns])
