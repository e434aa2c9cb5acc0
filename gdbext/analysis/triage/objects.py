"""Types of which most of the heap is, and the one variable or goroutine that keeps most of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gdbext.analysis.heap.histogram import LIVE
from gdbext.analysis.heap.rootgroups import GLOBAL, GOROUTINE
from gdbext.analysis.triage.finding import ESTIMATED, EXACT, LARGE_BYTES, Finding

if TYPE_CHECKING:
    from gdbext.analysis.triage.asked import Asked

TYPE, HOLDER = "type", "holder"
HALF = 0.5


def findings(asked: Asked) -> Iterator[Finding]:
    """Raises GdbextError where the heap cannot be followed."""
    whole = asked.histogram.total(LIVE).bytes
    if whole < LARGE_BYTES:
        return
    entry = max(asked.histogram.entries(LIVE), key=lambda one: one.count.bytes)
    if entry.count.bytes >= HALF * whole:
        yield Finding(TYPE, EXACT if entry.exact else ESTIMATED, entry.count.bytes, whole, entry)
    found = asked.dominators
    for place in found.of_groups((GLOBAL, GOROUTINE))[:1].tolist():
        if (size := int(found.bytes[place])) >= HALF * whole:
            yield Finding(HOLDER, EXACT, size, whole, place)
