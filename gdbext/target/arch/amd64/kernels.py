"""Addresses that code takes, found in bulk: LEA with a RIP-relative operand (Intel SDM, volume 2)."""

from __future__ import annotations

import numpy as np

from gdbext.compute.functions import helper
from gdbext.compute.intrinsics import SOME, stopped, up_to
from gdbext.compute.library import Library

library = Library(__name__)
LENGTH = 7
NEAR = 256
"""Bytes of code from one address that is taken to another that belongs to it."""
NONE, CONTRADICTED = -1, -2


@helper
def place(ordered, value):
    """The index of a value in sorted ones, -1 where it is none of them."""
    at = up_to(ordered, value) - 1
    return at if at >= 0 and ordered[at] == value else -1


@helper
def taken(code, at, address):
    """The address that the instruction at ``at`` loads; 0 for another one. No instruction is told from its operands."""
    if code[at] & 0xFB != 0x48 or code[at + 1] != 0x8D or code[at + 2] & 0xC7 != 0x05:
        return np.uint64(0)
    far = np.int64(0)
    for i in range(4):
        far |= np.int64(code[at + 3 + i]) << (8 * i)
    far = (far ^ 0x80000000) - 0x80000000
    return address + np.uint64(at + LENGTH) + np.uint64(far)


@library.kernel("control u8[] u64 u64[] u64[] i32[]")
def pair(control, code, address, firsts, seconds, out):
    """Which of the sorted addresses ``firsts`` the code at ``address`` takes shortly before each of ``seconds``.

    ``out``: for each of ``seconds`` an index of ``firsts``, NONE, CONTRADICTED where it is not always the same.
    """
    out[:] = NONE
    first, where = -1, 0
    for at in range(len(code) - LENGTH):
        if at & SOME == 0 and stopped(control):
            return
        target = taken(code, at, address)
        if target == 0:
            continue
        found = place(firsts, target)
        if found >= 0:
            first, where = found, at
            continue
        index = place(seconds, target)
        if index >= 0 and first >= 0 and at - where <= NEAR:
            out[index] = first if out[index] == NONE or out[index] == first else CONTRADICTED
            first = -1
