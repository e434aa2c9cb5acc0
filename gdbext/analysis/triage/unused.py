"""Memory that is kept alive and that nobody can use, or nobody does: beyond slices' lengths, in maps gone empty."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gdbext.analysis.heap.histogram import LIVE
from gdbext.analysis.memory import pinned, sparsemaps
from gdbext.analysis.triage.finding import ESTIMATED, EXACT, LARGE_BYTES, Finding, is_large

if TYPE_CHECKING:
    from gdbext.analysis.triage.asked import Asked

SLICES, MAPS = "slices", "maps"


def findings(asked: Asked) -> Iterator[Finding]:
    """Raises GdbextError where the heap cannot be followed."""
    whole = asked.histogram.total(LIVE).bytes
    if whole < LARGE_BYTES:
        return
    short = pinned.pinned(asked)
    if is_large(short.bytes, whole):
        yield Finding(SLICES, EXACT, short.bytes, whole, short)
    empty = sparsemaps.sparse(asked.program, asked.maybe_live)
    if is_large(empty.more, whole):
        yield Finding(MAPS, ESTIMATED, empty.more, whole, empty)
