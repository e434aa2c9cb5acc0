"""Very many addresses in few characters: differences of the sorted ones, seven bits a byte, as base64."""

from __future__ import annotations

import base64

import numpy as np

from gdbext.compute.arrays import U64

LARGEST = 1 << 53
"""From here on a browser's numbers are not exact; no program has such an address."""
BITS = 7
MORE = 0x80
"""A byte that others follow."""


def packed(addresses: U64) -> str:
    """Of the addresses, each once, the lowest first; what is no address is left out."""
    sorted_ = np.unique(addresses[addresses < LARGEST].astype(np.uint64))
    return base64.b64encode(_bytes(np.diff(sorted_, prepend=np.uint64(0)))).decode()


def _bytes(numbers: U64) -> bytes:
    """LEB128: the lowest bits first."""
    lengths = np.ones(len(numbers), np.int64)
    for shift in range(BITS, LARGEST.bit_length(), BITS):
        lengths += numbers >> np.uint64(shift) > 0
    at = np.cumsum(lengths) - lengths
    made = np.zeros(int(lengths.sum()), np.uint8)
    for place in range(int(lengths.max(initial=0))):
        mine = lengths > place
        part = (numbers[mine] >> np.uint64(BITS * place)).astype(np.uint8) & (MORE - 1)
        made[at[mine] + place] = part | np.where(lengths[mine] > place + 1, MORE, 0).astype(np.uint8)
    return made.tobytes()
