"""Which words of a value are pointers, as a number: bit i stands for word i."""

from __future__ import annotations

import ctypes

from gdbext.golang.types.flat.kernels import Described

WORD = 8


def repeated(bits: int, width: int, times: int) -> int:
    """``bits`` so many times, each ``width`` bits above the one before."""
    made, shift = 0, 0
    while times:
        if times & 1:
            made |= bits << shift
            shift += width
        bits |= bits << width
        width, times = 2 * width, times >> 1
    return made


def known(described: Described, row: int) -> int | None:
    """The mask that a row has; None for pointers without one."""
    words, at = int(described.pointers[row]) // WORD, int(described.gcdata[row])
    if words == 0 or at == 0:
        return None if words else 0
    if words <= 64:
        return int(described.mask[row])
    return int.from_bytes(ctypes.string_at(at, (words + 7) // 8), "little") & ((1 << words) - 1)
