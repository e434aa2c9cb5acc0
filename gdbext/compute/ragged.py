"""Rows of unlike length, one after another in an array."""

from __future__ import annotations

import numpy as np

from gdbext.compute.arrays import I64


def within(counts: I64) -> I64:
    """0, 1, … for each row, up to how many it has. ``counts``: signed whole numbers, none below 0."""
    return np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
