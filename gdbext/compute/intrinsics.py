"""What compiled loops do to our own process's memory by address, and small searches that they share."""

from __future__ import annotations

from typing import Any

import numpy as np

from gdbext.compute.functions import helper

SOME = 1023  # short steps between two looks at the control word, one less than a power of two
WORKED = np.uint64(8)  # bytes from the control word to what was done
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
def polled64(address):
    """The u64 at an address of our own process, read each time anew: a signal's handler writes it."""
    raise NotImplementedError("compiled code only")


@helper
def stopped(control):
    """Whether the kernel should return: whether one byte of the control word is SIGINT."""
    word = polled64(control)
    if word == 0:
        return False
    word ^= SIGINTS
    return (word - ONES) & ~word & HIGHS != 0


@helper
def worked(control, count):
    """Note that so much more was done. Of several threads one may take away what another said."""
    at = control + WORKED
    store64(at, polled64(at) + np.uint64(count))


@helper
def max8(host: Any, value: Any) -> Any:
    """Raise the u8 at an address of our own process to ``value`` at once, whatever other threads do. The old one."""
    raise NotImplementedError("compiled code only")


@helper
def prefetch(host: Any) -> None:
    """Say that the memory at an address of our own process is looked at soon; any number does no harm."""
    raise NotImplementedError("compiled code only")


@helper
def swap32(host: Any, old: Any, new: Any) -> Any:
    """Make the i32 at an address of our own process ``new`` if it is ``old``, at once. What it was."""
    raise NotImplementedError("compiled code only")


@helper
def swap64(host: Any, old: Any, new: Any) -> Any:
    """The same of a u64."""
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
def up_to(ordered, value):
    """How many of the sorted values are not above ``value``."""
    low, high = 0, len(ordered)
    while low < high:
        middle = (low + high) // 2
        if ordered[middle] <= value:
            low = middle + 1
        else:
            high = middle
    return low
