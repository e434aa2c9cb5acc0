"""The rows of go-threads, each column declared once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from gdbext.report.columns import Column, Schema
from gdbext.report.values import Kind

if TYPE_CHECKING:
    from gdbext.analysis.goroutines.threads import OsThread


def _column(key: str, kind: Kind, title: str, one: Callable[[OsThread], Any]) -> Column[OsThread, Sequence[OsThread]]:
    return Column(key, kind, title, one)


THREAD = Schema(
    (
        _column("tid", Kind.NUMBER, "thread", lambda thread: thread.tid),
        _column("m", Kind.NUMBER, "m", lambda thread: thread.machine.id if thread.machine else None),
        _column("p", Kind.NUMBER, "p", lambda thread: thread.p),
        _column("goid", Kind.NUMBER, "goid", lambda thread: thread.goid),
        _column("doing", Kind.TEXT, "doing", lambda thread: thread.doing),
        _column("in", Kind.TEXT, "in", lambda thread: thread.place or None),
        _column("syscall", Kind.TEXT, "system call", lambda thread: thread.syscall or None),
        _column("locked_goid", Kind.NUMBER, "locked to", lambda thread: thread.locked_goid),
    )
)
"""A thread, column by column: to add one, add it here."""
