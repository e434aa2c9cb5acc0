"""How fast something grows, and how sure that is, from measurements of a program that collects its garbage.

Such a curve is a saw: neighbouring measurements err together. What that does to the slope is taken from how far they do
(Newey and West 1987, with Bartlett's weights), and how many standard errors that takes from the share of the
measurements that are looked at together (Kiefer and Vogelsang 2005, table 1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from gdbext.compute.arrays import F64

SETTLED = 1 / 3
"""The share of the time that is left out at the beginning: caches fill, the heap finds its size."""
LEAST = 8
"""Measurements below which nothing is said."""
TOGETHER = 0.2
"""The share of the measurements over which one still errs with another."""
SURE = 1.96 + 2.9694 * TOGETHER + 0.4160 * TOGETHER**2 - 0.5324 * TOGETHER**3
"""Standard errors on each side: 95 of 100 times the truth is between."""


class Trend(NamedTuple):
    """``slope``: by second; ``error``: to each side of it, 95 %; ``since``: seconds from which on it was looked at."""

    slope: float
    error: float
    since: float


def trend(seconds: F64, values: F64) -> Trend | None:
    """The straight line through measurements in the order of time, without the first third; None of too few."""
    seconds, values = (np.asarray(one, np.float64) for one in (seconds, values))
    if len(seconds) < LEAST:
        return None
    since = seconds[0] + SETTLED * (seconds[-1] - seconds[0])
    later = seconds >= since
    if np.count_nonzero(later) < LEAST or not np.ptp(seconds[later]):
        return None
    return _fitted(seconds[later], values[later], float(since))


def _fitted(seconds: F64, values: F64, since: float) -> Trend:
    time, value = seconds - seconds.mean(), values - values.mean()
    spread = float(time @ time)
    slope = float(time @ value) / spread
    variance = _variance(time * (value - slope * time)) / spread**2
    return Trend(slope, SURE * float(np.sqrt(variance * len(time) / (len(time) - 2))), since)


def _variance(score: F64) -> float:
    """Of the sum, where neighbours are alike."""
    lags = max(1, int(len(score) * TOGETHER))
    weights = 1 - np.arange(1, lags + 1) / (lags + 1)
    alike = np.array([score[lag:] @ score[:-lag] for lag in range(1, lags + 1)])
    return max(float(score @ score + 2 * weights @ alike), 0.0)
