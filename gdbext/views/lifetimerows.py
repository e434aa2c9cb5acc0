"""What go-lifetimes says: rows, and sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from gdbext.report import cells
from gdbext.report.columns import Column, Schema
from gdbext.report.counts import plural, verb
from gdbext.report.values import Kind
from gdbext.views.histogramrows import untyped
from gdbext.views.siterows import FRAME, made_by, place

if TYPE_CHECKING:
    from gdbext.analysis.dumps.lifetimes import Lifetime, Lifetimes


def _type(row: Lifetime) -> str:
    """The type; of objects without one, what is known of them."""
    return row.name if row.typed else untyped(row.elemsize, row.noscan)


def _of(key: str, kind: Kind, title: str, one: Callable[[Lifetime], Any]) -> Column[Lifetime, Sequence[Lifetime]]:
    return Column(key, kind, title, one)


ROW = Schema(
    (
        _of("survived", Kind.COUNT, "survived", lambda row: row.survived),
        _of("since", Kind.COUNT, "since", lambda row: row.since + 1),
        _of("count", Kind.COUNT, "count", lambda row: row.count.objects),
        _of("bytes", Kind.BYTES, "bytes", lambda row: row.count.bytes),
        _of("", Kind.HOSTILE, "type", _type),
        _of("type", Kind.HOSTILE, "", lambda row: row.name or None),
        _of("pkg_path", Kind.HOSTILE, "", lambda row: row.package or None),
        _of("sampled", Kind.COUNT, "sampled", lambda row: row.sampled),
        _of("site", Kind.TEXT, "", lambda row: place(row.stack[0]) if row.stack else None),
        _of("", Kind.TEXT, "mostly made by", lambda row: made_by(row.stack[0]) if row.stack else "not sampled"),
        _of("stack", Kind.LIST, "", lambda row: list(map(FRAME.object, row.stack))),
    )
)
"""Objects of a type that are there since one moment."""


def sentence(found: Lifetimes) -> str:
    """The answer."""
    oldest = found.total(0)
    are, they = verb(oldest.objects, "is", "are"), verb(oldest.objects, "it", "they")
    many, survived = plural(oldest.objects, "object"), plural(found.collections[0], "collection")
    return f"{many}, {oldest.bytes:,} bytes, {are} there since the first dump: {they} survived {survived}"


def moments(found: Lifetimes) -> Iterator[str]:
    """A line for each dump but the first."""
    for since in range(1, len(found.dumps)):
        count = found.total(since)
        many = f"{plural(count.objects, 'object')}, {cells.human_bytes(count.bytes)}"
        between = found.collections[since - 1] - found.collections[since]
        last = " (the last)" if since == len(found.dumps) - 1 else ""
        are = verb(count.objects, "is", "are")
        yield f"dump {since + 1}{last}, {plural(between, 'collection')} after the one before: {many} {are} new in it"
    if found.collections[0]:
        yield "Another object may have taken the place of one that a collection freed between (go-diff says more)."
