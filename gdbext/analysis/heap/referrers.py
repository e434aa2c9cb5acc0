"""Who refers to an object: pointer words of reachable objects, and roots."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from gdbext.analysis.heap.flow import Flowed
from gdbext.analysis.heap.kernels import words
from gdbext.analysis.heap.kernels.words import Mask
from gdbext.analysis.heap.lookup import Lookup, Object
from gdbext.compute import parallel
from gdbext.compute.arrays import U64
from gdbext.golang.runtime.mgcmark import Roots

PIECES = 16
ROOM = 1 << 12


@frozen
class Referrer:
    """A word that points into an object: where it is, what it says, the object it lies in, what it is called there."""

    word: int
    pointer: int
    holder: Object
    field: str


def pointing_to(flowed: Flowed, targets: Sequence[Object]) -> U64:
    """Rows (where, what it says, which target) of pointer words in reachable objects; targets sorted by address."""
    lows = np.array([one.base for one in targets], np.uint64)
    highs = np.array([one.base + one.size for one in targets], np.uint64)
    laid, described = flowed.laid, flowed.table.described

    def some(begin: int, end: int) -> NDArray[np.uint64]:
        room = ROOM
        while True:
            out, mask = np.zeros((room, 3), np.uint64), Mask(np.zeros(6, np.uint64))
            memory = laid.heap.image.memory
            found = int(words.pointers_to(memory, laid.objects, described, mask, lows, highs, begin, end, out))
            if found <= room:
                return out[:found]
            room = found

    return np.concatenate(parallel.split(len(laid.objects.spans), some, PIECES))


def referrers(lookup: Lookup, target: Object) -> list[Referrer]:
    """The pointer words of reachable objects that point into one, by address."""
    return [made(lookup, int(row[0]), int(row[1])) for row in pointing_to(lookup.flowed, [target])]


def made(lookup: Lookup, word: int, pointer: int) -> Referrer:
    """A word of an object, named."""
    holder = lookup.at(word)
    assert holder is not None, f"{word:#x} is in no object"
    return Referrer(word, pointer, holder, lookup.field(holder, word))


def root_numbers(roots: Roots, target: Object) -> list[int]:
    """The roots that point into an object."""
    inside = (roots.value >= np.uint64(target.base)) & (roots.value < np.uint64(target.base + target.size))
    found: list[int] = np.flatnonzero(inside).tolist()
    return found
