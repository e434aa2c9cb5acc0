"""The rows of go-timers: groups of timers, and single ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import frozen

from gdbext import report
from gdbext.analysis.memory import timers as analysis
from gdbext.report import cells
from gdbext.report.columns import Column, Schema
from gdbext.report.values import Kind
from gdbext.views.siterows import FRAME

if TYPE_CHECKING:
    from gdbext.analysis.memory.timers import Group, Timers
    from gdbext.compute.arrays import I64
    from gdbext.golang.runtime.nanotime import Now
    from gdbext.golang.runtime.symtab import Location

NO_CLOCK = report.Absent("what time it was in the program is not known")
CALLERS = 2
"""Functions of a site that stand in a table."""
BOTTOM = "runtime.goexit"


@frozen(eq=False)
class Row:
    """One timer: its row. ``retained``: bytes, None where nobody asked, or a reason."""

    timers: Timers
    row: int
    now: Now
    retained: int | report.Absent | None = None

    def number(self, name: str) -> int:
        """A column of the timers."""
        return int(getattr(self.timers, name)[self.row])

    @property
    def left(self) -> int | report.Absent:
        """Nanoseconds until it fires; less than 0: it is late."""
        return self.number("when") - self.now.ns if self.now.ns else NO_CLOCK

    @property
    def function(self) -> str:
        """What it calls."""
        return self.timers.names[self.number("function")]


def _timer(key: str, kind: Kind, title: str, one: Callable[[Row], Any]) -> Column[Row, Sequence[Row]]:
    return Column(key, kind, title, one)


TIMER = Schema(
    (
        _timer("address", Kind.ADDRESS, "timer", lambda row: row.number("timer")),
        _timer("when_in_ns", Kind.DURATION, "in", lambda row: row.left),
        _timer("period_ns", Kind.DURATION, "every", lambda row: row.number("period") or None),
        _timer("kind", Kind.TEXT, "kind", lambda row: analysis.KINDS[row.number("kind")]),
        _timer("function", Kind.HOSTILE, "function", lambda row: row.function),
        _timer("arg", Kind.ADDRESS, "", lambda row: row.number("arg") or None),
        _timer("goid", Kind.NUMBER, "goroutine", lambda row: row.number("goid") or None),
        _timer("context", Kind.ADDRESS, "context", lambda row: row.number("context") or None),
        _timer("p", Kind.NUMBER, "", lambda row: row.number("owner")),
        _timer("site", Kind.LIST, "", lambda row: stack(row.timers.site(row.row))),
        _timer("retained_bytes", Kind.BYTES, "", lambda row: row.retained),
    )
)
"""A timer. ``p``: the number of the heap that has it."""
RETAINED = Schema((*TIMER.columns, _timer("", Kind.BYTES, "retains", lambda row: row.retained)))
"""The same where it was asked what it keeps alive."""


def stack(site: Sequence[Location]) -> list[dict[str, Any]] | None:
    """A site as JSON; None: not sampled."""
    return list(map(FRAME.object, site)) or None


def site_line(site: Sequence[Location]) -> str | None:
    """A site in one line: who made it, in which file, and who called that; None: not sampled."""
    if not site:
        return None
    first, *callers = [one for one in site[:CALLERS] if one.function != BOTTOM] or site[:1]
    made = f"{first.function} at {first.file.rpartition('/')[2]}:{first.line}"
    return " ← ".join([made, *(one.function for one in callers)])


@frozen(eq=False)
class GroupRow:
    """A group, and the first and the last of its timers. ``periods``: of those that fire again and again, rising."""

    group: Group
    first: Row
    last: Row
    periods: I64

    @classmethod
    def of(cls, group: Group, timers: Timers, now: Now) -> GroupRow:
        """With those."""
        first, last = (Row(timers, int(group.rows[at]), now) for at in (0, -1))
        periods = timers.period[group.rows]
        return cls(group, first, last, np.sort(periods[periods != 0]))

    def period(self, at: int) -> int | None:
        """The shortest (0) or the longest (-1); None: all fire once."""
        return int(self.periods[at]) if len(self.periods) else None

    @property
    def every(self) -> str | None:
        """The periods in a few words: a range where they differ, and how many have one where not all do."""
        if not len(self.periods):
            return None
        ends = dict.fromkeys(cells.human_duration(int(self.periods[at])) for at in (0, -1))
        some = f" ({len(self.periods):,} of {len(self.group):,})" if len(self.periods) < len(self.group) else ""
        return f"{' … '.join(ends)}{some}"


def _group(key: str, kind: Kind, title: str, one: Callable[[GroupRow], Any]) -> Column[GroupRow, Sequence[GroupRow]]:
    return Column(key, kind, title, one)


GROUP = Schema(
    (
        _group("count", Kind.COUNT, "timers", lambda row: len(row.group)),
        _group("kind", Kind.TEXT, "kind", lambda row: analysis.KINDS[row.group.kind]),
        _group("function", Kind.HOSTILE, "function", lambda row: row.group.function),
        _group("first_in_ns", Kind.DURATION, "first in", lambda row: row.first.left),
        _group("last_in_ns", Kind.DURATION, "last in", lambda row: row.last.left),
        _group("period_ns", Kind.DURATION, "", lambda row: row.period(0)),
        _group("longest_period_ns", Kind.DURATION, "", lambda row: row.period(-1)),
        _group("periodic", Kind.COUNT, "", lambda row: len(row.periods)),
        _group("", Kind.TEXT, "every", lambda row: row.every),
        _group("site", Kind.LIST, "", lambda row: stack(row.group.site)),
        _group("", Kind.HOSTILE, "made by", lambda row: site_line(row.group.site)),
        _group("example", Kind.ADDRESS, "example", lambda row: row.first.number("timer")),
    )
)
"""Timers that do the same and were made by the same stack. ``periodic`` of them fire again and again; ``period_ns`` is
the shortest period of these."""
