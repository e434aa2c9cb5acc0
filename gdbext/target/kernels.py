"""Compiled loops over target memory that our process has mapped: raw loads, gathers.

A kernel sees memory as three parallel arrays, sorted and disjoint: ``starts`` and ``ends`` (target addresses) and
``hosts`` (where in our own address space ``starts[i]`` lies). This module, the DWARF skimmer's and analysis/kernels
are the only importers of numba.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic


def _load(bits: int) -> Any:
    """An unaligned load: GDB's gcore gives segments any file offset."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], ir.IntType(bits).as_pointer())
        return builder.load(pointer, align=1)

    return codegen


@intrinsic
def load64(typingctx: Any, host: Any) -> Any:
    """The u64 at an address of our own process."""
    return types.uint64(types.uint64), _load(64)


@intrinsic
def load8(typingctx: Any, host: Any) -> Any:
    """The u8 at an address of our own process."""
    return types.uint8(types.uint64), _load(8)


@njit(cache=True, inline="never")
def segment_of(starts, ends, address, last):  # type: ignore[no-untyped-def]
    """Index of the segment that holds ``address``, or -1; ``last`` is tried first."""
    if 0 <= last < len(starts) and starts[last] <= address < ends[last]:
        return last
    low, high = 0, len(starts)
    while low < high:
        middle = (low + high) // 2
        if starts[middle] <= address:
            low = middle + 1
        else:
            high = middle
    index = low - 1
    if index >= 0 and address < ends[index]:
        return index
    return -1


@njit(cache=True)
def gather(starts, ends, hosts, addresses, size, out):  # type: ignore[no-untyped-def]
    """Copy ``size`` bytes at each address into the rows of ``out`` (n, size); False where not all can be read."""
    ok = np.zeros(len(addresses), np.bool_)
    found = -1
    for i in range(len(addresses)):
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
    return ok
