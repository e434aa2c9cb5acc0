"""Numbers in groups of seven bits, the lowest first, the top bit set in all bytes but the last (LEB128, Go's uvarint).

What loops over many of them has one of its own (``dwarf/kernels.py``).
"""

from __future__ import annotations

from collections.abc import Sequence


class Unending(ValueError):
    """A number that does not end where it must."""


def uvarint(data: bytes | memoryview | Sequence[int], at: int, most: int) -> tuple[int, int]:
    """(the number at ``at``, where it ends). Raises Unending after ``most`` bytes, and at the end of the data."""
    value = shift = 0
    for place in range(at, min(at + most, len(data))):
        byte = data[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place + 1
        shift += 7
    raise Unending(f"no number ends at {at:#x}")
