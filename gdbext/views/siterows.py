"""Where objects were allocated: stacks of the memory profile as rows and as lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from gdbext.report.cells import escape
from gdbext.report.columns import Column, Schema
from gdbext.report.counts import plural
from gdbext.report.values import Kind
from gdbext.views.histogramrows import shown

if TYPE_CHECKING:
    from gdbext.analysis.heap.allocsite import Site
    from gdbext.analysis.heap.sites import TypeSite
    from gdbext.analysis.leaks.sites import GroupSite
    from gdbext.golang.runtime.symtab import Location, Symtab


def _column(key: str, kind: Kind, one: Callable[[Location], Any]) -> Column[Location, Sequence[Location]]:
    return Column(key, kind, "", one)


FRAME = Schema(
    (
        _column("function", Kind.HOSTILE, lambda one: one.function),
        _column("file", Kind.HOSTILE, lambda one: one.file),
        _column("line", Kind.NUMBER, lambda one: one.line),
        _column("inlined", Kind.FLAG, lambda one: one.inlined),
    )
)
"""A frame of a stack."""


def frame(one: Location) -> str:
    """A frame as runtime.Stack prints it."""
    return f"{escape(one.function)}(...)\n\t{escape(one.file)}:{one.line}"


def place(one: Location) -> str:
    """A frame in one line."""
    return f"{escape(one.function)} at {escape(one.file)}:{one.line}"


def made_by(one: Location) -> str:
    """A frame in one line, without the directories that JSON has."""
    function, file = (text.rsplit("/", 1)[-1] for text in (one.function, one.file))
    return f"{escape(function)} at {escape(file)}:{one.line}"


def mostly_by(site: GroupSite | None) -> str:
    """Who made most of some contexts, and how many other places there are."""
    if site is None or site.place is None:
        return "not sampled"
    return made_by(site.place) + (f" and {plural(site.others, 'other place')}" if site.others else "")


def sampled(known: int, of: int) -> str:
    """How many of some objects the memory profile knows."""
    return f"{known:,} of {of:,}" if known else "none"


def site_object(site: Site) -> dict[str, Any]:
    """A site as JSON."""
    return {"size": site.bucket.size, "stack": list(map(FRAME.object, site.shown))}


CALLERS = 3
"""Frames of a stack that stand in a table."""


@frozen
class Row:
    """A row of go-histogram --sites; ``stack``: without the allocator's frames, innermost first."""

    site: TypeSite
    stack: Sequence[Location]

    @classmethod
    def of(cls, site: TypeSite, symtab: Symtab) -> Row:
        """With its stack."""
        return cls(site, site.stack(symtab))

    @property
    def text(self) -> str:
        """Who allocated, and who called that."""
        if not self.stack:
            return "?"
        first, *callers = self.stack[:CALLERS]
        return " ← ".join([place(first), *(escape(one.function) for one in callers)])


def _of(key: str, kind: Kind, title: str, one: Callable[[Row], Any]) -> Column[Row, Sequence[Row]]:
    return Column(key, kind, title, one)


SITE = Schema(
    (
        _of("sampled", Kind.COUNT, "sampled", lambda row: row.site.sampled),
        _of("objects", Kind.COUNT, "of", lambda row: row.site.entry.count.objects),
        _of("estimated_objects", Kind.COUNT, "", lambda row: row.site.objects),
        _of("estimated_bytes", Kind.BYTES, "about", lambda row: row.site.bytes),
        _of("type", Kind.HOSTILE, "", lambda row: row.site.entry.name or None),
        _of("", Kind.HOSTILE, "type", lambda row: shown(row.site.entry)),
        _of("pkg_path", Kind.HOSTILE, "", lambda row: row.site.entry.package or None),
        _of("", Kind.TEXT, "allocated by", lambda row: row.text),
        _of("stack", Kind.LIST, "", lambda row: list(map(FRAME.object, row.stack))),
    )
)
"""Sampled objects of a type that one stack allocated. ``objects``: all of the type, sampled or not."""
