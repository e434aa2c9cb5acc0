"""Who refers to an object: pointer words of reachable objects, and roots."""

from __future__ import annotations

import numpy as np
from attrs import frozen

from gdbext.analysis.heap.flow import Flowed
from gdbext.analysis.heap.kernels import words
from gdbext.analysis.heap.kernels.words import Mask
from gdbext.analysis.heap.lookup import Lookup, Object
from gdbext.compute import parallel
from gdbext.compute.arrays import I32, U64
from gdbext.compute.room import enough
from gdbext.golang.runtime.mgcmark import Roots

PIECES = 16
ROOM = 1 << 12
ANY = np.zeros(0, np.int32)
"""No numbers of slots: what points into any is found."""


@frozen
class Referrer:
    """A word that points into an object: where it is, what it says, the object it lies in, what it is called there."""

    word: int
    pointer: int
    holder: Object
    field: str


def pointing_to(flowed: Flowed, target: Object) -> U64:
    """Rows (where, what it says) of pointer words in reachable objects that point into one, by address."""
    return pointing_into(flowed, target.base, target.base + target.size)


def pointing_into(flowed: Flowed, low: int, high: int, numbers: I32 = ANY, least: int = 0) -> U64:
    """Those that point into [low, high): with ``numbers`` of all slots, into slots whose number is at least so much."""
    spans = flowed.laid.objects.spans

    def some(begin: int, end: int) -> U64:
        return pointers(flowed, low, high, begin, end, numbers, least)

    return np.concatenate(parallel.split(len(spans), some, PIECES))


def pointing_from(flowed: Flowed, holder: Object, target: Object) -> U64:
    """Those of them in one object: none where that is not reachable, or changed meanwhile."""
    found = pointers(flowed, target.base, target.base + target.size, holder.span, holder.span + 1)
    where = found[:, 0]
    return found[(where >= np.uint64(holder.base)) & (where < np.uint64(holder.base + holder.size))]


def pointers(flowed: Flowed, low: int, high: int, begin: int, end: int, numbers: I32 = ANY, least: int = 0) -> U64:
    """Rows (where, what it says) of pointer words in reachable objects of spans [begin, end) that point into [low,
    high), by address; ``numbers`` as of ``pointing_into``."""
    laid, described, memory = flowed.laid, flowed.table.described, flowed.laid.heap.image.memory

    def find(room: int) -> tuple[int, U64]:
        out, mask = np.zeros((room, 2), np.uint64), Mask.none()
        some = low, high, numbers, least, begin, end
        return int(words.pointers_to(memory, laid.objects, described, mask, *some, out)), out

    count, found = enough(ROOM, find)
    return found[:count]


def referrers(lookup: Lookup, target: Object) -> list[Referrer]:
    """The pointer words of reachable objects that point into one, by address."""
    return [made(lookup, int(row[0]), int(row[1])) for row in pointing_to(lookup.flowed, target)]


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
