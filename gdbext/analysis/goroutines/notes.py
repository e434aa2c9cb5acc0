"""What is to be said of a list of goroutines besides its rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gdbext.golang.runtime.traceback import CUT

if TYPE_CHECKING:
    from gdbext.analysis.goroutines.grouping import Overview
    from gdbext.golang.runtime.proc import Goroutines


def unsearched(overview: Overview) -> list[str]:
    """What is to be said of a search for a function: where it did not see the whole stack."""
    deep = int((overview.places.ends == CUT).sum())
    stacks = f"{deep:,} stack{'s' if deep > 1 else ''} deeper than {overview.deepest:,} frames"
    return [f"{stacks}: what lies further out was not searched"] if deep else []


def gaps(goroutines: Goroutines, rows: Iterable[int]) -> list[str]:
    """What is to be said of rows that are not whole, and of those that are not there."""
    found = sorted(troubles(goroutines, rows).items())
    return goroutines.losses + [f"{count:,} with gaps: {reason}" for reason, count in found]


def troubles(goroutines: Goroutines, rows: Iterable[int]) -> dict[str, int]:
    """How many of the rows are not whole, by reason."""
    counts: dict[str, int] = {}
    if not goroutines.trouble:
        return counts
    for row in goroutines.trouble.keys() & set(rows):
        reason = goroutines.trouble[row]
        counts[reason] = counts.get(reason, 0) + 1
    return counts
