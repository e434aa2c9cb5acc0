"""Compiled loops over target memory that our process has mapped: raw loads, gathers.

A kernel sees memory as three parallel arrays, sorted and disjoint: ``starts`` and ``ends`` (target addresses) and
``hosts`` (where in our own address space ``starts[i]`` lies).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gdbext.target.compiled import Library, helper

library = Library(__name__)
SOME = 1023  # short steps between two looks at the control word, one less than a power of two
SIGINTS, ONES, HIGHS = (np.uint64(0x0101010101010101 * byte) for byte in (2, 1, 0x80))


@helper
def load64(host: Any) -> Any:
    """The u64 at an address of our own process, aligned or not."""
    raise NotImplementedError("compiled code only")


@helper
def load8(host: Any) -> Any:
    """The u8 at an address of our own process."""
    raise NotImplementedError("compiled code only")


@helper
def polled64(address):  # type: ignore[no-untyped-def]
    """The u64 at an address of our own process, read each time anew: a signal's handler writes it."""
    raise NotImplementedError("compiled code only")


@helper
def stopped(control):  # type: ignore[no-untyped-def]
    """Whether the kernel should return: whether one byte of the control word is SIGINT."""
    word = polled64(control)
    if word == 0:
        return False
    word ^= SIGINTS
    return (word - ONES) & ~word & HIGHS != 0


@helper
def max8(host: Any, value: Any) -> Any:
    """Raise the u8 at an address of our own process to ``value`` at once, whatever other threads do. The old one."""
    raise NotImplementedError("compiled code only")


@helper
def store64(target: Any, word: Any) -> None:
    """Store a u64 at an address of our own process, aligned or not."""
    raise NotImplementedError("compiled code only")


@helper
def copy16(source: Any, target: Any) -> None:
    """Copy 16 bytes from one address of our own process to another, aligned or not."""
    raise NotImplementedError("compiled code only")


@helper
def up_to(ordered, value):  # type: ignore[no-untyped-def]
    """How many of the sorted values are not above ``value``."""
    low, high = 0, len(ordered)
    while low < high:
        middle = (low + high) // 2
        if ordered[middle] <= value:
            low = middle + 1
        else:
            high = middle
    return low


@helper
def segment_of(starts, ends, address, last):  # type: ignore[no-untyped-def]
    """Index of the segment that holds ``address``, or -1; ``last`` is tried first."""
    if 0 <= last < len(starts) and starts[last] <= address < ends[last]:
        return last
    index = up_to(starts, address) - 1
    if index >= 0 and address < ends[index]:
        return index
    return -1


@library.kernel("control u64[] u64[] u64[] u64[] i64 u8[,] bool[]")
def gather(control, starts, ends, hosts, addresses, size, out, ok):  # type: ignore[no-untyped-def]
    """Copy ``size`` bytes at each address into the rows of ``out`` (n, size); ``ok`` says where all could be read."""
    found = -1
    for i in range(len(addresses)):
        if stopped(control):
            return
        copied = 0
        while copied < size:
            address = addresses[i] + np.uint64(copied)
            found = segment_of(starts, ends, address, found)
            if found < 0:
                break
            step = min(np.uint64(size - copied), ends[found] - address)
            host = hosts[found] + (address - starts[found])
            for j in range(step):
                out[i, copied + j] = load8(host + np.uint64(j))
            copied += step
        ok[i] = copied == size
        if copied != size:
            out[i, :] = 0
