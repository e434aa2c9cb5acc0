"""What code refers to, found in bulk (Intel SDM, volume 2): addresses that it takes, LEA with a RIP-relative operand;
functions that it calls or goes on in, CALL and JMP with a relative one. No instruction is told from its operands."""

from __future__ import annotations

import numpy as np

from gdbext.compute.functions import helper
from gdbext.compute.intrinsics import SOME, stopped, up_to
from gdbext.compute.library import Library

library = Library(__name__)
LENGTH = 7
NEAR = 256
"""Bytes of code from one address that is taken to another that belongs to it."""
NEARER = 64
"""The same from an argument to the call."""
NONE, CONTRADICTED = -1, -2


@helper
def place(ordered, value):
    """The index of a value in sorted ones, -1 where it is none of them."""
    at = up_to(ordered, value) - 1
    return at if at >= 0 and ordered[at] == value else -1


@helper
def relative(code, at, address):
    """The address that the last four bytes of an instruction, at ``at``, stand for."""
    far = np.int64(0)
    for i in range(4):
        far |= np.int64(code[at + i]) << (8 * i)
    far = (far ^ 0x80000000) - 0x80000000
    return address + np.uint64(at + 4) + np.uint64(far)


@helper
def taken(code, at, address):
    """The address that the instruction at ``at`` loads; 0 for another one."""
    if code[at] & 0xFB != 0x48 or code[at + 1] != 0x8D or code[at + 2] & 0xC7 != 0x05:
        return np.uint64(0)
    return relative(code, at + 3, address)


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


@library.kernel("control u8[] u64 u64[] u64[] bool[]")
def given_to(control, code, address, targets, values, out):
    """Which of the sorted ``values`` the code at ``address`` takes the address of at most NEARER bytes before it calls
    one of the sorted ``targets``."""
    last, where = -1, 0
    for at in range(len(code) - LENGTH):
        if at & SOME == 0 and stopped(control):
            return
        if last >= 0 and at - where > NEARER:
            last = -1
        if code[at] == 0xE8 and last >= 0 and place(targets, relative(code, at + 1, address)) >= 0:
            out[last], last = True, -1
        target = taken(code, at, address)
        found = place(values, target) if target != 0 else -1
        if found >= 0:
            last, where = found, at


@library.kernel("control u8[] u64 u64[] u64[] -> i64")
def calls(control, code, address, targets, out):
    """Where the code at ``address`` calls one of the sorted ``targets``, or jumps there; how many, which may be more
    than there is room for."""
    count = 0
    for at in range(len(code) - 4):
        if at & SOME == 0 and stopped(control):
            return count
        if code[at] & 0xFE != 0xE8:
            continue
        target = relative(code, at + 1, address)
        if targets[0] <= target <= targets[-1] and place(targets, target) >= 0:
            if count < len(out):
                out[count] = address + np.uint64(at)
            count += 1
    return count
