"""Kernels for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gdbext.compute.functions import helper
from gdbext.compute.intrinsics import stopped
from gdbext.compute.library import Library
from gdbext.target.kernels import Memory, read64  # noqa: F401  a kernel's declaration names some

if TYPE_CHECKING:
    from gdbext.compute.arrays import I32, U64, Bools

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


class Pair(NamedTuple):
    """Two arrays."""

    left: U64
    right: I32
    flags: Bools


@library.kernel("i64 Pair i64 -> i64 i64 i64 i64")
def ends(first, pair, second):  # type: ignore[no-untyped-def]
    """The numbers, the last of the left array and the first of the right."""
    return first, pair.left[len(pair.left) - 1], pair.right[0], second


@library.kernel("Memory u64[] u64[] bool[]")
def words_at(memory, addresses, out, ok):  # type: ignore[no-untyped-def]
    """The words at the addresses, and which could be read."""
    for i in range(len(addresses)):
        out[i], ok[i] = read64(memory, addresses[i])


@library.kernel("control i64[] -> i64")
def until_stopped(control, begun):  # type: ignore[no-untyped-def]
    """Counts until it is stopped; ``begun`` says that it runs."""
    count = 0
    begun[0] = 1
    while not stopped(control):
        count += 1
    return count
