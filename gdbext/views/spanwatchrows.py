"""The rows of go-spanwatch, and what a person reads above them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gdbext import report
from gdbext.report.cells import human_bytes, human_duration
from gdbext.report.columns import Column, Schema
from gdbext.report.counts import plural
from gdbext.report.values import Kind

if TYPE_CHECKING:
    from gdbext.analysis.memory.spangrowth import Grown, Sample
    from gdbext.analysis.memory.spanhits import Caller

SHOWN_CALLERS = 3
"""Functions of a stack in a line."""
UNSEEN = report.Absent("the program could not be looked at afterwards")


def _class(key: str, kind: Kind, title: str, one: Callable[[Grown], Any]) -> Column[Grown, Sequence[Grown]]:
    return Column(key, kind, title, one)


def _signed(count: int) -> str:
    return f"{count:+,}"


def _signed_bytes(size: int) -> str:
    return f"{'-' if size < 0 else '+'}{human_bytes(abs(size))}"


def _is_heap(row: Grown) -> bool:
    return row.number >= 0


CLASS = Schema(
    (
        _class("class", Kind.NUMBER, "", lambda row: row.number),
        _class("", Kind.NUMBER, "class", lambda row: row.number if _is_heap(row) else "-"),
        _class("elemsize", Kind.NUMBER, "", lambda row: row.elemsize),
        _class("", Kind.NUMBER, "elemsize", lambda row: (row.elemsize or "large") if _is_heap(row) else "no heap"),
        _class("noscan", Kind.FLAG, "noscan", lambda row: row.noscan),
        _class("spans", Kind.NUMBER, "", lambda row: row.spans),
        _class("", Kind.NUMBER, "spans", lambda row: _signed(row.spans)),
        _class("bytes", Kind.NUMBER, "", lambda row: row.bytes),
        _class("", Kind.NUMBER, "pages", lambda row: _signed_bytes(row.bytes)),
    )
)
"""Spans of a class that have come: to add a column, add it here."""


def _caller(key: str, kind: Kind, title: str, one: Callable[[Caller], Any]) -> Column[Caller, Sequence[Caller]]:
    return Column(key, kind, title, one)


CALLER = Schema(
    (
        _caller("spans", Kind.COUNT, "spans", lambda row: row.spans),
        _caller("bytes", Kind.BYTES, "pages", lambda row: row.bytes),
        _caller("function", Kind.HOSTILE, "", lambda row: row.function),
        _caller("", Kind.HOSTILE, "allocated by", lambda row: " ← ".join(row.stack[:SHOWN_CALLERS])),
    )
)
"""Who allocates spans. ``stack`` is in JSON too."""


def caller_object(row: Caller) -> dict[str, Any]:
    """As JSON."""
    return {**CALLER.object(row), "stack": [report.Hostile(name) for name in row.stack]}


def counted_line(counted: Mapping[str, int] | None, elapsed_ns: int) -> str:
    """What the runtime counted meanwhile, where that is known."""
    if counted is None:
        return f"in {human_duration(elapsed_ns)}: not known how many objects were allocated: {UNSEEN.reason}"
    seconds = max(elapsed_ns, 1) / 1e9
    rate = human_bytes(round(counted["TotalAlloc"] / seconds))
    return (
        f"in {human_duration(elapsed_ns)}: {plural(counted['Mallocs'], 'object')} allocated "
        f"({human_bytes(counted['TotalAlloc'])}, {rate} a second), {counted['Frees']:,} freed, "
        f"{plural(counted['NumGC'], 'collection')}"
    )


def counted_object(counted: Mapping[str, int] | None) -> Mapping[str, int] | report.Absent:
    """The same as JSON."""
    return UNSEEN if counted is None else counted


def grown_line(rows: Sequence[Grown], elapsed_ns: int) -> str:
    """All classes together."""
    size = sum(row.bytes for row in rows)
    rate = _signed_bytes(round(size / (max(elapsed_ns, 1) / 1e9)))
    return f"spans in use: {_signed(sum(row.spans for row in rows))}, {_signed_bytes(size)} ({rate} a second)"


def hits_line(rows: Sequence[Grown], elapsed_ns: int, lost: int = 0) -> str:
    """All that were allocated, those included that came too fast to be noted."""
    spans, size = sum(row.spans for row in rows), sum(row.bytes for row in rows)
    rate = f"({(spans + lost) / (max(elapsed_ns, 1) / 1e9):,.0f} spans a second)"
    if lost:
        return f"{plural(spans + lost, 'span')} allocated, {spans:,} of them noted: at least {human_bytes(size)} {rate}"
    return f"{plural(spans, 'span')} allocated, {human_bytes(size)} {rate}"


def spanalloc_line(before: Sample, after: Sample) -> str:
    """Where mspans come from."""
    was, now = before.spanalloc, after.spanalloc
    return (
        f"mspans (mheap_.spanalloc): {human_bytes(was.inuse)} in use and {human_bytes(was.free)} free before, "
        f"{human_bytes(now.inuse)} and {human_bytes(now.free)} now"
    )


def interval_line(before: Sample, after: Sample) -> str:
    """One of several intervals, in a line."""
    one = _interval(before, after)
    return f"{_signed(one['spans'])} spans, {_signed_bytes(one['bytes'])}; {human_bytes(one['allocated'])} allocated"


def interval_object(began: Sample, before: Sample, after: Sample) -> dict[str, Any]:
    """The same as JSON. ``t_ns``: from the first sample on."""
    return {"t_ns": after.at_ns - began.at_ns, **_interval(before, after), "took_ns": after.took_ns}


def _interval(before: Sample, after: Sample) -> dict[str, int]:
    return {
        "spans": int((after.spans - before.spans).sum()),
        "bytes": int((after.bytes - before.bytes).sum()),
        "allocated": after.counters["TotalAlloc"] - before.counters["TotalAlloc"],
    }


def spanalloc_object(sample: Sample) -> dict[str, int]:
    """mheap_.spanalloc as JSON."""
    return {"inuse": sample.spanalloc.inuse, "free": sample.spanalloc.free}
