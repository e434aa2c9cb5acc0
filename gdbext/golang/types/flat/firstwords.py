"""Which words of values are the first ones of slices and strings: by the slots of the values' types, many at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from gdbext.compute.ragged import within
from gdbext.golang.types.flat.kernels import REPEATED
from gdbext.golang.types.rtype import SLICE, STRING

if TYPE_CHECKING:
    from gdbext.compute.arrays import I64, U64, Bools
    from gdbext.golang.types.flat.kernels import Described

DEPTH = 16
"""Arrays in arrays."""
BITS = 38
LARGEST = 1 << BITS
"""Bytes of a type that is looked at."""


@frozen(eq=False)
class FirstWords:
    """One entry of each array per word. ``known``: the type says what the word is.

    ``size``: of an element, where it is the first word of a slice or a string; else 0. ``text``: it is a string's.
    ``place``: a number for each place of a type; an array's elements are one place.
    """

    known: Bools
    size: U64
    text: Bools
    place: I64


def first_words(described: Described, row: I64, offset: I64) -> FirstWords:
    """What is at offsets in values of types; of row -1 nothing is known."""
    key = (row + 1) << BITS | np.clip(offset, 0, LARGEST - 1)
    places, number = np.unique(key, return_inverse=True)
    found = _of_places(described, (places >> BITS) - 1, places & (LARGEST - 1))
    return FirstWords(found.known[number], found.size[number], found.text[number], found.place[number])


def _of_places(described: Described, row: I64, offset: I64) -> FirstWords:
    n = len(row)
    known, size, text = np.zeros(n, np.bool_), np.zeros(n, np.uint64), np.zeros(n, np.bool_)
    place = np.unique(row, return_inverse=True)[1].astype(np.int64)
    at = np.flatnonzero((row >= 0) & (len(described.slot_at) > 0))
    row, inside = row[at], offset[at]
    for _ in range(DEPTH):
        flat = described.slots[row] >= 0
        at, row, inside = at[flat], row[flat], inside[flat]
        if not len(at):
            break
        slot = slots_at(described, row, inside)
        place = _told_apart(place, at, slot)
        inside = inside - np.where(slot >= 0, described.slot_at[slot].astype(np.int64), 0)
        kind, of = np.where(slot >= 0, described.slot_kind[slot], 0), described.slot_type[slot].astype(np.int64)
        each = np.where(of >= 0, described.size[of], 0)
        deeper = (
            (kind == REPEATED) & (each > 0) & (inside // np.maximum(each.astype(np.int64), 1) < _times(described, slot))
        )
        begins = ~deeper & (inside == 0) & np.isin(kind, (SLICE, STRING))
        text[at] = begins & (kind == STRING)
        size[at] = np.where(begins, np.where(kind == STRING, np.uint64(1), each), np.uint64(0))
        known[at] = ~deeper & ~(begins & (kind == SLICE) & (of < 0))
        at, row, inside = at[deeper], of[deeper], inside[deeper] % np.maximum(each[deeper].astype(np.int64), 1)
    return FirstWords(known, size, text, place)


def _times(described: Described, slot: I64) -> I64:
    return np.minimum(described.slot_count[slot], np.uint64(LARGEST)).astype(np.int64)


def slots_at(described: Described, row: I64, offset: I64) -> I64:
    """The last slot of each type that begins at an offset or before; -1 without one."""
    used, number = np.unique(row, return_inverse=True)
    counts = described.slots[used]
    index = np.repeat(described.slot[used], counts) + within(counts)
    if not len(index):
        return np.full(len(row), -1, np.int64)
    begin = np.minimum(described.slot_at[index], np.uint64(LARGEST - 1)).astype(np.int64)
    key = np.repeat(np.arange(len(used)), counts) << BITS | begin
    order = np.argsort(key, kind="stable")
    found = np.searchsorted(key[order], number << BITS | offset, "right") - 1
    mine = (found >= 0) & (key[order[found]] >> BITS == number)
    return np.where(mine, index[order[found]], -1).astype(np.int64)


def _told_apart(place: I64, at: I64, slot: I64) -> I64:
    """The places with a number of its own for each slot."""
    step = np.full(len(place), -1, np.int64)
    step[at] = slot
    found: I64 = np.unique(np.stack([place, step], axis=1), axis=0, return_inverse=True)[1].ravel().astype(np.int64)
    return found
