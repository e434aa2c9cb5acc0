"""How the memory of programs grew that were measured side by side, and whether a fix held."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from attrs import define, field, frozen

from gdbext.analysis.trend import trend

MINUTE = 60
MEGA = 1e6
NANO = 1e-9
LITTLE = 0.01
"""Of what the first program grows: a second one that grows by less is at rest."""


@define(eq=False)
class Series:
    """What was measured of one program, a number or None for each moment. ``t_ns``: since the beginning. Bytes.

    ``notes``: what is to be said of it, in sentences. ``failed``: it ended by itself, and not as programs should.
    """

    name: str
    pid: int
    t_ns: list[int] = field(factory=list)
    rss: list[int] = field(factory=list)
    heap_live: list[int | None] = field(factory=list)
    contexts: list[int | None] = field(factory=list)
    notes: list[str] = field(factory=list)
    failed: bool = False


@frozen
class Slope:
    """Million bytes a minute, and the error to each side (95 %)."""

    mb_per_min: float
    error: float

    @property
    def grows(self) -> bool:
        """Beyond its error."""
        return self.mb_per_min > self.error


def slope(series: Series) -> Slope | None:
    """How fast its resident memory grew at last; None where it was measured too seldom."""
    found = trend(np.array(series.t_ns) * NANO, np.array(series.rss, np.float64))
    return Slope(found.slope * MINUTE / MEGA, found.error * MINUTE / MEGA) if found else None


def held(slopes: Sequence[Slope | None]) -> bool | None:
    """Whether the second grows less than the first, beyond both errors; None where that cannot be said."""
    if len(slopes) < 2 or slopes[0] is None or slopes[1] is None:
        return None
    first, second = slopes[0], slopes[1]
    return second.mb_per_min + second.error < first.mb_per_min - first.error


def leaks_on(first: Slope, second: Slope) -> bool:
    """Whether the second grows too, by more than a trifle of what the first does."""
    return second.grows and second.mb_per_min > LITTLE * first.mb_per_min
