"""Linked lists of the runtime, many at once: specials of all spans, deferred calls of all goroutines.

The elements of a list lie anywhere, but near others of their kind. So where memory is not all at hand already, what
lies around the element that could not be read is fetched, and the list goes on from there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from gdbext.compute.arrays import I64, U8, U64
from gdbext.golang.reading import kernels
from gdbext.golang.reading.program import distinct
from gdbext.target import merge_ranges

if TYPE_CHECKING:
    from gdbext.golang.reading.program import Program
    from gdbext.target.image import Image

ROOM = 1 << 12
ROUNDS = 1 << 10
"""Fetches of what lies around; each brings a list at least one element on."""
AROUND = 1 << 16


@frozen(eq=False)
class Elements:
    """``address`` of each element and the list that it is in (``owner``), list by list.

    ``broken``: how many lists have no end."""

    owner: I64
    address: U64
    broken: int


def elements(program: Program, heads: U64, link: int, size: int) -> Elements:
    """All elements, of ``size`` bytes, of the lists from ``heads`` on (0: empty), linked by the word at ``link``.

    A list that cannot be read to its end, or that comes back to itself, gives what is known of it; so does all together
    when it is more than there is memory for.
    """
    owners, found = [np.zeros(0, np.int64)], [np.zeros(0, np.uint64)]
    lists, heads, before = np.arange(len(heads)), heads.astype(np.uint64), np.zeros(0, np.uint64)
    broken, left, whole = 0, program.most(size), program.whole_image()
    for _ in range(ROUNDS if whole is None else 1):
        owner, address, at, end = _followed(whole or _around(program, heads, size), heads, link, left)
        owners.append(lists[owner])
        found.append(address)
        left -= len(address)
        broken += int(np.count_nonzero(end == kernels.RING))
        stuck = np.flatnonzero(end == kernels.UNREADABLE)
        lists, heads = lists[stuck], at[stuck]
        if not len(lists) or left <= 0 or np.array_equal(heads, before):
            break
        before = heads
    owner = np.concatenate(owners)
    order = np.argsort(owner, kind="stable")  # a list may have been continued
    return Elements(owner[order], np.concatenate(found)[order], broken + len(lists))


def _around(program: Program, heads: U64, size: int) -> Image:
    blocks = distinct(heads[heads != 0] // np.uint64(AROUND)).tolist()
    return program.target.memory.image(merge_ranges((AROUND * one, AROUND * (one + 1) + size) for one in blocks))


def _followed(image: Image, heads: U64, link: int, most: int) -> tuple[I64, U64, U64, U8]:
    """(list and address of each element; where each list stopped, and why)."""
    at, end, room = np.zeros(len(heads), np.uint64), np.zeros(len(heads), np.uint8), min(ROOM, most)
    while True:
        out, owner = np.empty(room, np.uint64), np.empty(room, np.int64)
        count, done = kernels.follow(image.memory, heads, link, out, owner, at, end)
        if done == len(heads) or room >= most:
            end[done:] = kernels.RING
            return owner[:count], out[:count], at, end
        room = min(2 * room, most)
