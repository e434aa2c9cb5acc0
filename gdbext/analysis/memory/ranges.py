"""Sets of addresses as sorted, disjoint [start, end) ranges: arrays (n, 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from gdbext.compute.arrays import U64, Bools

NONE = np.zeros((0, 2), np.uint64)


def union(ranges: U64) -> U64:
    """Any ranges, in any order, made sorted and disjoint; those that end before they begin are none."""
    ranges = ranges[ranges[:, 1] > ranges[:, 0]]
    if not len(ranges):
        return NONE
    ranges = ranges[np.argsort(ranges[:, 0], kind="stable")]
    ends = np.maximum.accumulate(ranges[:, 1])
    begins = np.concatenate([[True], ranges[1:, 0] > ends[:-1]])
    last = np.concatenate([np.flatnonzero(begins)[1:] - 1, [len(ranges) - 1]])
    return np.stack([ranges[begins, 0], ends[last]], axis=1)


def minus(one: U64, other: U64) -> U64:
    """What is in the first set and not in the second."""
    edges = np.unique(np.concatenate([one.reshape(-1), other.reshape(-1)]))
    if len(edges) < 2:
        return NONE
    first, last = edges[:-1], edges[1:]
    kept = covered(one, first) & ~covered(other, first)
    return union(np.stack([first[kept], last[kept]], axis=1))


def common(one: U64, other: U64) -> U64:
    """What is in both."""
    return minus(one, minus(one, other))


def covered(ranges: U64, at: U64) -> Bools:
    """Which addresses the set has."""
    if not len(ranges):
        return np.zeros(len(at), np.bool_)
    row = np.searchsorted(ranges[:, 0], at, "right") - 1
    found: Bools = (row >= 0) & (at < ranges[np.maximum(row, 0), 1])
    return found
