"""A goroutine by the number that somebody typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gdbext.errors import GdbextError, UsageError
from gdbext.golang.runtime.runtime2 import LEFT_OUT, SCAN_BIT, all_gs, read_gs

if TYPE_CHECKING:
    from gdbext.golang.runtime.proc import Goroutines


def find(goroutines: Goroutines, goid: int) -> int:
    """The row of a goroutine. Raises UsageError."""
    row = goroutines.rows.get(goid)
    if row is None:
        raise UsageError(_why_missing(goroutines, goid), "go-goroutines lists those there are")
    return row


def _why_missing(goroutines: Goroutines, goid: int) -> str:
    """An ended goroutine's g keeps its number until the next one takes it over."""
    try:
        rows, _ = read_gs(goroutines.program, all_gs(goroutines.program))
    except GdbextError:
        return f"there is no goroutine {goid}"
    statuses = rows["atomicstatus"][rows["goid"] == goid].tolist()
    ended = any(status & ~SCAN_BIT in LEFT_OUT for status in statuses)
    return f"goroutine {goid} has ended" if ended and goid else f"there is no goroutine {goid}"
