"""Compiled loops over target memory that our process has mapped: raw loads, gathers, sums."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gdbext.compute.functions import helper
from gdbext.compute.intrinsics import SOME, load8, load64, stopped, up_to
from gdbext.compute.library import Library

if TYPE_CHECKING:
    from gdbext.compute.arrays import I32, U64

library = Library(__name__)
PAGE_BITS, REGION_BITS = np.uint64(12), np.uint64(26)
PAGE, REGION_PAGES = 1 << 12, 1 << 14
ZERO, ONE, EIGHT = np.uint64(0), np.uint64(1), np.uint64(8)
PRIME, LEFT, RIGHT = np.uint64(0x9E3779B97F4A7C15), np.uint64(27), np.uint64(37)


class Memory(NamedTuple):
    """What kernels see of an Image: segments for what lies side by side, a page table for what lies anywhere."""

    starts: U64
    """Where segments begin, sorted, none over another."""
    ends: U64
    hosts: U64
    """Where in our own address space each segment's first byte lies."""
    regions: I32
    """By address >> 26: 1 + the number of its 16384 pages in ``pages``; 0 for nothing there. Empty: no table."""
    pages: U64
    """What to add to an address of a page; 0 where no segment has all of it."""


@helper
def segment_of(starts, ends, address, last):
    """Index of the segment that holds ``address``, or -1; ``last`` is tried first."""
    if 0 <= last < len(starts) and starts[last] <= address < ends[last]:
        return last
    index = up_to(starts, address) - 1
    if index >= 0 and address < ends[index]:
        return index
    return -1


@helper
def readable_from(starts, at, stop):
    """The next multiple of 8 from ``at`` on where a segment has begun; ``stop`` where none begins before that."""
    following = up_to(starts, at)
    if following == len(starts) or starts[following] >= stop:
        return stop
    return min((starts[following] + EIGHT - ONE) & ~(EIGHT - ONE), stop)


@helper
def host_of(memory, address, size):
    """Where ``size`` bytes (up to a page) at a target address lie in our process; 0 where not all are in a segment."""
    region = address >> REGION_BITS
    if region < np.uint64(len(memory.regions)):
        part = np.int64(memory.regions[region])
        if part == 0:
            return np.uint64(0)
        page = np.int64(address >> PAGE_BITS) & (REGION_PAGES - 1)
        offset = memory.pages[(part - 1) * REGION_PAGES + page]
        if offset != 0 and (address & np.uint64(PAGE - 1)) + size <= np.uint64(PAGE):
            return address + offset
    found = segment_of(memory.starts, memory.ends, address, -1)
    if found < 0 or memory.ends[found] - address < size:
        return np.uint64(0)
    return memory.hosts[found] + (address - memory.starts[found])


@helper
def read64(memory, address):
    """(word, whether it could be read) at a target address."""
    host = host_of(memory, address, EIGHT)
    if host == 0:
        return np.uint64(0), False
    return load64(host), True


@library.kernel("control u64[] u64[] u64[] i32[] u64[]")
def fill_pages(control, starts, ends, hosts, regions, pages):
    """The page table of ``Memory``: ``regions`` is made, ``pages`` zeros. What lies beyond the regions has no pages."""
    most = np.uint64(len(regions)) << (REGION_BITS - PAGE_BITS)
    for i in range(len(starts)):
        first, last = starts[i] >> PAGE_BITS, min(ends[i] >> PAGE_BITS, most)
        if starts[i] & np.uint64(PAGE - 1) != 0:  # rounded up without a sum, which the last page would wrap to 0
            first += ONE
        for page in range(first, last):
            if page & np.uint64(SOME) == 0 and stopped(control):
                return
            part = np.int64(regions[np.uint64(page) >> (REGION_BITS - PAGE_BITS)])
            if part > 0:
                pages[(part - 1) * REGION_PAGES + (np.int64(page) & (REGION_PAGES - 1))] = hosts[i] - starts[i]


@library.kernel("control Memory u64[] i64 u8[,] bool[]")
def gather(control, memory, addresses, size, out, ok):
    """Copy ``size`` bytes at each address into the rows of ``out`` (n, size); ``ok`` says where all could be read."""
    starts, ends, found = memory.starts, memory.ends, -1
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
            host = memory.hosts[found] + (address - starts[found])
            for j in range(step):
                out[i, copied + j] = load8(host + np.uint64(j))
            copied += step
        ok[i] = copied == size
        if copied != size:
            out[i, :] = 0


@helper
def mixed(sum_, word):
    """A sum with one more word; another word, or the same elsewhere, gives another sum."""
    product = (sum_ ^ word) * PRIME
    return (product << LEFT) | (product >> RIGHT)


@library.kernel("control u64[] i64[] i64 i64 u64[]")
def sums(control, host, size, begin, end, out):
    """Sums of all bytes of blocks of our own memory, ``size`` bytes at ``host`` each, from ``begin`` to ``end``.

    Four sums side by side: one would wait for its own multiplications.
    """
    for block in range(begin, end):
        if stopped(control):
            return
        at, left = host[block], np.uint64(size[block])
        a, b, c, d = ZERO, ONE, PRIME, EIGHT
        for i in range(left >> np.uint64(5)):
            row = at + (np.uint64(i) << np.uint64(5))
            a, b = mixed(a, load64(row)), mixed(b, load64(row + EIGHT))
            c, d = mixed(c, load64(row + EIGHT + EIGHT)), mixed(d, load64(row + EIGHT + EIGHT + EIGHT))
        for i in range(left & np.uint64(31)):
            a = mixed(a, np.uint64(load8(at + (left & ~np.uint64(31)) + np.uint64(i))))
        out[block] = mixed(mixed(mixed(mixed(a, b), c), d), left)
