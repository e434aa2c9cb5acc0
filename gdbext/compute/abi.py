"""Whether compiled loops get what they are given.

We call them without numba, by its way of passing arguments, which it promises to nobody: another release may have
another. One tiny kernel takes something of each kind and is asked for what Python says of the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gdbext.compute.kernels import weigh
from gdbext.compute.signatures import KernelFault


def arguments() -> list[Any]:
    """Something of each kind that a kernel can take."""
    pair = np.array([2, 3, 5], np.uint8), np.array([7, 250], np.uint8)
    plane = np.array([[-1, 2, -3, 4], [5, -6, 7, -(1 << 30)]], np.int32)
    words = np.array([1 << 40, 9, 1 << 50, 11, 13], np.uint64)
    signs, flags = np.array([-1, 5, -128], np.int8), np.array([True, False, True])
    return [-(1 << 40), pair, 1 << 41, plane, words, signs, flags, 1 << 42]


def difference() -> str:
    """What a kernel says of its arguments and Python does not; "" where they agree."""
    compiled, plain = arguments(), arguments()
    wanted = tuple(map(int, weigh.function(*plain)))
    try:
        given = weigh(*compiled)
    except (KernelFault, OSError, RuntimeError) as error:
        return f"compiled loops do not run: {error}"
    if given != wanted or compiled[6].tolist() != plain[6].tolist():
        return f"compiled loops are not handed what they are given: {given}, not {wanted}"
    return ""
