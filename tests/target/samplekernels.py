"""Kernels for tests."""

from __future__ import annotations

from gdbext.target.compiled import Library, helper
from gdbext.target.kernels import stopped

library = Library(__name__)


@helper
def plus(a, b):  # type: ignore[no-untyped-def]
    return a + b


@library.kernel("u64[] i64 i64[] -> i64 i64")
def running(values, start, out):  # type: ignore[no-untyped-def]
    """Running sums; (the last one, how many)."""
    for i in range(len(values)):
        start = plus(start, int(values[i]))
        out[i] = start
    return start, len(values)


@library.kernel("2*u8[] i32[,] -> i64")
def corner(pair, rows):  # type: ignore[no-untyped-def]
    """The first of the second array and the last of the plane."""
    return pair[1][0] + rows[1, 2]


@library.kernel("bool[]")
def nothing(flags):  # type: ignore[no-untyped-def]
    """Nothing."""
    flags[0] = True


@library.kernel("u8[] -> i64", "i32[] -> i64")
def last(values):  # type: ignore[no-untyped-def]
    """The last value."""
    return values[len(values) - 1]


@library.kernel("u64 -> i64")
def same(value):  # type: ignore[no-untyped-def]
    """The value."""
    return value


@library.kernel("control i64[] -> i64")
def until_stopped(control, begun):  # type: ignore[no-untyped-def]
    """Counts until it is stopped; ``begun`` says that it runs."""
    count = 0
    begun[0] = 1
    while not stopped(control):
        count += 1
    return count
