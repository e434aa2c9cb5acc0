"""Different rows of a table of numbers: as one sort of single numbers, where np.unique sorts rows byte by byte."""

from __future__ import annotations

import math

import numpy as np

from gdbext.compute.arrays import I64

ROOM = 1 << 62


def distinct(rows: I64) -> tuple[I64, I64]:
    """(the different rows in order, which of them each row is)."""
    if not rows.size:
        return rows[:1], np.zeros(len(rows), np.int64)
    one = _numbers(rows)
    if one is None:
        one = _numbers(_places(rows))
    if one is None:
        names, number = np.unique(rows, axis=0, return_inverse=True)
        return names, number.reshape(-1)
    _, first, number = np.unique(one, return_index=True, return_inverse=True)
    return rows[first], number.astype(np.int64)


def _numbers(rows: I64) -> I64 | None:
    """A number for each row, in the rows' order; None where there are more than a number tells apart."""
    low = rows.min(axis=0)
    widths = [high - below + 1 for high, below in zip(rows.max(axis=0).tolist(), low.tolist(), strict=True)]
    if math.prod(widths) > ROOM:
        return None
    one = np.zeros(len(rows), np.int64)
    for column, width in zip((rows - low).T, widths, strict=True):
        one = one * width + column
    return one


def _places(rows: I64) -> I64:
    """The rows with the place of each number among the different ones of its column."""
    return np.stack([np.unique(column, return_inverse=True)[1].reshape(-1) for column in rows.T], axis=1)


def members(number: I64, count: int) -> list[I64]:
    """Of each number below ``count`` the places where it stands, in order."""
    ends = np.cumsum(np.bincount(number, minlength=count))
    return np.split(np.argsort(number, kind="stable"), ends[:-1])[:count]
