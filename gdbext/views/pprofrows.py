"""The sites of a heap profile as rows: what was allocated, whether this program does so, what is still there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from gdbext.analysis.profiles.sites import VALUES
from gdbext.report import Absent, Cell
from gdbext.report.cells import escape
from gdbext.report.columns import Column, Schema
from gdbext.report.values import Kind
from gdbext.views.siterows import CALLERS

if TYPE_CHECKING:
    from gdbext.analysis.profiles.allocators import Check
    from gdbext.analysis.profiles.profile import Line
    from gdbext.analysis.profiles.reachable import Reachable
    from gdbext.analysis.profiles.sites import Site

UNITS = {"objects": Kind.COUNT, "space": Kind.BYTES}


@frozen
class Row:
    """A site. ``address``: of the call here, None where it is not known; ``whole``: of the profile, what the site has a
    share of. ``reachable``: Absent where nobody can tell."""

    site: Site
    check: Check
    address: int | None
    reachable: Reachable | Absent
    by: int
    """Which of VALUES was asked for."""
    whole: int = field(repr=False)

    @property
    def share(self) -> float | None:
        """Per cent of the whole."""
        return round(100 * self.site.values[self.by] / self.whole, 2) if self.whole else None

    @property
    def line(self) -> Line | None:
        """Whose call it is, inlined or not."""
        return self.site.location.lines[0] if self.site.location.lines else None

    @property
    def allocates_by(self) -> str:
        """The function that is called, or why it is not known to allocate."""
        return escape(self.check.chain[0]) if self.check.verified else f"({escape(self.check.why)})"

    @property
    def text(self) -> str:
        """Whose call it is, and who called that where most was allocated."""
        if not (stack := self.site.stack):
            return "?"
        first, *callers = stack[:CALLERS]
        place = f"{escape(first.function)} at {escape(first.file.rsplit('/', 1)[-1])}:{first.line}"
        return " ← ".join([place, *(escape(one.function) for one in callers)])

    def shown(self, name: str) -> Cell:
        """The same in the table, below which stands once why nobody can tell."""
        return None if isinstance(self.reachable, Absent) else self.still(name)

    def still(self, name: str) -> Cell:
        """What is still reachable."""
        return self.reachable if isinstance(self.reachable, Absent) else getattr(self.reachable, name)


def _line(key: str, kind: Kind, one: Callable[[Line], Any]) -> Column[Line, Sequence[Line]]:
    return Column(key, kind, "", one)


FRAME = Schema(
    (
        _line("function", Kind.HOSTILE, lambda one: one.function),
        _line("file", Kind.HOSTILE, lambda one: one.file),
        _line("line", Kind.NUMBER, lambda one: one.line),
    )
)
"""A frame of a stack."""


def _of(key: str, kind: Kind, title: str, one: Callable[[Row], Any]) -> Column[Row, Sequence[Row]]:
    return Column(key, kind, title, one)


def _value(number: int, shown: bool) -> Column[Row, Sequence[Row]]:
    name = VALUES[number]
    kind = UNITS[name.rpartition("_")[2]]
    return _of(name, kind, name if shown else "", lambda row: row.site.values[number])


def schema(chosen: str) -> Schema[Row, Sequence[Row]]:
    """The columns where one of VALUES was asked for: the table has its objects and bytes only."""
    family = chosen.partition("_")[0]
    columns = [_value(number, name.startswith(f"{family}_")) for number, name in enumerate(VALUES)]
    return Schema((*columns[::-1], *REST))


REST = (
    _of("share", Kind.NUMBER, "%", lambda row: row.share),
    _of("", Kind.BYTES, "reachable, about", lambda row: row.shown("bytes")),
    _of("", Kind.COUNT, "objects", lambda row: row.shown("objects")),
    _of("", Kind.COUNT, "sampled", lambda row: row.shown("sampled")),
    _of("", Kind.ADDRESS, "one of them", lambda row: row.shown("example")),
    _of("sampled", Kind.COUNT, "", lambda row: row.still("sampled")),
    _of("estimated_objects", Kind.COUNT, "", lambda row: row.still("objects")),
    _of("estimated_bytes", Kind.BYTES, "", lambda row: row.still("bytes")),
    _of("example", Kind.ADDRESS, "", lambda row: row.still("example")),
    _of("address", Kind.ADDRESS, "call", lambda row: row.address),
    _of("verified", Kind.FLAG, "", lambda row: row.check.verified),
    _of("why", Kind.HOSTILE, "", lambda row: row.check.why or None),
    _of("chain", Kind.LIST, "", lambda row: list(map(Kind.HOSTILE.cell, row.check.chain))),
    _of("", Kind.TEXT, "allocates by", lambda row: row.allocates_by),
    _of("", Kind.TEXT, "site", lambda row: row.text),
    _of("function", Kind.HOSTILE, "", lambda row: row.line.function if row.line else None),
    _of("file", Kind.HOSTILE, "", lambda row: row.line.file if row.line else None),
    _of("line", Kind.NUMBER, "", lambda row: row.line.line if row.line else None),
    _of("frames", Kind.LIST, "", lambda row: list(map(FRAME.object, row.site.location.lines))),
    _of("profiled_address", Kind.ADDRESS, "", lambda row: row.site.location.address or None),
    _of("samples", Kind.COUNT, "", lambda row: row.site.samples),
    _of("stack", Kind.LIST, "", lambda row: list(map(FRAME.object, row.site.stack))),
)
"""What follows the profile's own values. ``sampled``, ``estimated_…``: of what is still reachable."""

__all__ = ["FRAME", "Row", "schema"]
