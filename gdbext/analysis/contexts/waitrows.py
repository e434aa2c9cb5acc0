"""Rows (context, goroutine): who waits on whom."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gdbext.compute.arrays import I64, U64
from gdbext.compute.ragged import within

MOST_WAITS = 1 << 22
"""Pairs of a context and a goroutine that waits on it: each waits on a few at most, unless channels are garbage."""


def waits(channels: Sequence[tuple[I64, U64]], waiting: tuple[I64, U64]) -> I64:
    """Rows (context, goroutine) where a goroutine is blocked on a context's channel, sorted."""
    goroutine, on = waiting
    order = np.argsort(on, kind="stable")
    on, goroutine = on[order], goroutine[order]
    rows = [(np.zeros(0, np.int64), np.zeros(0, np.int64))]
    for index, channel in channels:
        low, high = np.searchsorted(on, channel, "left"), np.searchsorted(on, channel, "right")
        count = np.where(np.cumsum(high - low) <= MOST_WAITS, high - low, 0)
        rows.append((np.repeat(index, count), goroutine[np.repeat(low, count) + within(count)]))
    return waits_of(*(np.concatenate(column) for column in zip(*rows, strict=True)))


def waits_of(index: I64, goroutine: I64) -> I64:
    """Rows (context, goroutine), sorted, each once."""
    width = int(goroutine.max()) + 1 if len(goroutine) else 1
    return np.stack(np.divmod(np.unique(index.astype(np.int64) * width + goroutine), width), axis=1)
