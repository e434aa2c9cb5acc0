"""Large arrays that only short slices keep: what of them nobody uses is kept as well.

An array counts where every pointer to it, from a reachable object, is the first word of a slice or a string, and all of
these together cover less than half of it. Whatever else points to it, a root too, may use all of it; so may an empty
slice, which is how buffers are kept for later.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

import numpy as np
from attrs import frozen

from gdbext.analysis.heap import referrers
from gdbext.analysis.heap.kernels import objects as states
from gdbext.compute import parallel
from gdbext.errors import GdbextError
from gdbext.golang.reading.words import columns
from gdbext.golang.types.rtype import SLICE, STRING
from gdbext.golang.types.structsearch import leaf, steps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gdbext.analysis.heap.flow import Flowed
    from gdbext.compute.arrays import I64, U64, Bools
    from gdbext.golang.runtime.mgcmark import Roots
    from gdbext.golang.runtime.rootwords import Part
    from gdbext.golang.types.flat.table import TypeTable

LEAST = 1024
"""Bytes of an array that is looked at."""
PIECES = 64
PLACES = 1 << 14
"""Kinds of places (a type and an offset in it) that are told apart; more count as no slice."""


@frozen
class Group:
    """Arrays whose first slice lies at one place of a type. ``bytes``: beyond the slices' lengths."""

    holder: str
    field: str
    arrays: int
    bytes: int
    example: int


@frozen
class Pinned:
    """``size``: bytes of all these arrays; ``bytes``: of what lies beyond the lengths of their slices; ``unreachable``:
    beyond their capacities too, so that no code can use it."""

    arrays: int
    size: int
    bytes: int
    unreachable: int
    groups: Sequence[Group]


@frozen(eq=False)
class _Edges:
    """Pointers to large objects: where each is, what it says, the object's id."""

    where: U64
    pointer: U64
    target: I64


class Known(Protocol):
    """What is looked at, as a Session has it."""

    @property
    def maybe_live(self) -> Flowed: ...
    @property
    def roots(self) -> Roots: ...
    @property
    def unparked_words(self) -> Part: ...


def pinned(known: Known) -> Pinned:
    """Of a program. Raises GdbextError."""
    flowed = known.maybe_live
    heap, edges = flowed.laid.heap, _edges(flowed)
    row, offset = _places(flowed, edges.where)
    size, text = _elements(flowed.table, row, offset)
    said = columns(heap.image, edges.where, (8, 16))
    length = said[:, 0]
    capacity = np.where(text, length, said[:, 1])
    ids, number = np.unique(edges.target, return_inverse=True)
    base, whole = heap.addresses(ids), np.zeros(len(ids), np.bool_)
    end = base + _sizes(flowed, ids)
    np.logical_or.at(whole, number, (size == 0) | (length == 0) | (length > capacity))
    for part in (known.roots, known.unparked_words):  # all words from outside of the heap that keep something alive
        whole |= np.isin(ids, heap.ids(part.value))
    used = _covered(edges.pointer, length, size, number, end)
    reach = _covered(edges.pointer, capacity, size, number, end)
    every = (end - base).astype(np.int64)
    short = ~whole & (2 * used < every)
    first = np.full(len(ids), len(number), np.int64)
    np.minimum.at(first, number, np.arange(len(number)))
    rows = np.flatnonzero(short)
    more = (every - used)[rows]
    groups = _grouped(flowed.table, row[first[rows]], offset[first[rows]], more, base[rows])
    return Pinned(len(rows), int(every[rows].sum()), int(more.sum()), int((every - reach)[rows].sum()), groups)


def _edges(flowed: Flowed) -> _Edges:
    heap, spans = flowed.laid.heap, flowed.laid.heap.spans
    low, high = (int(spans.base.min()), int(spans.limit.max())) if len(spans.base) else (0, 0)

    def some(begin: int, end: int) -> _Edges:
        where, pointer = referrers.pointers(flowed, low, high, begin, end).T
        target = heap.ids(np.ascontiguousarray(pointer))
        there = target >= 0
        there[there] = heap.elemsizes(target[there]) >= LEAST
        return _Edges(where[there], pointer[there], target[there])

    parts = parallel.split(len(flowed.laid.objects.spans), some, PIECES)
    names = ("where", "pointer", "target")
    return _Edges(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _places(flowed: Flowed, where: U64) -> tuple[I64, I64]:
    """(type's row, offset in a value of it) of words of objects; row -1 where nobody knows."""
    heap, table = flowed.laid.heap, flowed.table
    known = (holder := heap.ids(where)) >= 0
    holder = np.where(known, holder, 0)
    state = flowed.state[holder].astype(np.int64)
    typed = (state & states.RANKS) >> states.RANK_SHIFT >= states.TILED
    row = np.where(typed & known, state & states.ROW, -1)
    row[row >= table.own] = -1
    size = np.maximum(table.described.size[np.maximum(row, 0)].astype(np.int64), 1)
    return row, (where - heap.addresses(holder)).astype(np.int64) % size


def _sizes(flowed: Flowed, ids: I64) -> U64:
    """Bytes of objects, behind their malloc headers."""
    heap = flowed.laid.heap
    number = np.searchsorted(heap.spans.base, heap.addresses(ids), "right") - 1
    found: U64 = heap.spans.elemsize[number].astype(np.uint64) - heap.spans.header[number].astype(np.uint64)
    return found


def _elements(table: TypeTable, row: I64, offset: I64) -> tuple[U64, Bools]:
    """Of each word: the size of an element where it is the first one of a slice or a string, else 0; whether it is of
    a string."""
    places, number = np.unique(np.stack([row, offset], axis=1), axis=0, return_inverse=True)
    size, text = np.zeros(len(places), np.uint64), np.zeros(len(places), np.bool_)
    for at, (one, inside) in enumerate(places[:PLACES].tolist()):
        if one >= 0:
            size[at], text[at] = _element(table, one, inside)
    return size[number.ravel()], text[number.ravel()]


def _element(table: TypeTable, row: int, offset: int) -> tuple[int, bool]:
    try:
        found, inside = leaf(table.types, table.types.at(int(table.described.address[row])), offset)
        if inside == 0 and found.kind == SLICE:
            return table.types.elem(found).size, False
        return (1, True) if inside == 0 and found.kind == STRING else (0, False)
    except GdbextError:
        return 0, False


def _covered(pointer: U64, count: U64, size: U64, number: I64, end: U64) -> I64:
    """Bytes of each object from the first to the last one that its slices cover."""
    room = end[number] - pointer
    fits = count <= room // np.maximum(size, np.uint64(1))
    last = np.where(fits, pointer + count * size, end[number])
    low, high = end.copy(), np.zeros(len(end), np.uint64)
    np.minimum.at(low, number, pointer)
    np.maximum.at(high, number, last)
    found: I64 = np.maximum(high, low).astype(np.int64) - low.astype(np.int64)
    return found


def _grouped(table: TypeTable, row: I64, offset: I64, more: I64, base: U64) -> list[Group]:
    """What pins the most first."""
    places, number = np.unique(np.stack([row, offset], axis=1), axis=0, return_inverse=True)
    names = [(table.name(one), _field(table, one, inside)) for one, inside in places.tolist()]
    groups: dict[tuple[str, str], list[int]] = {}
    for at, place in enumerate(number.ravel().tolist()):
        groups.setdefault(names[place], []).append(at)
    found = [_group(*name, more[rows], base[rows]) for name, rows in groups.items()]
    return sorted(found, key=lambda group: (-group.bytes, group.holder, group.field))


def _group(holder: str, field: str, more: I64, base: U64) -> Group:
    return Group(holder, field, len(more), int(more.sum()), int(base[np.argmax(more)]))


def _field(table: TypeTable, row: int, offset: int) -> str:
    """Which field; of a map's slots and an array's elements it does not matter which."""
    try:
        parts = steps(table.types, table.types.at(int(table.described.address[row])), offset)
        return re.sub(r"\[\d+\]", "[…]", "".join(step.text for step in parts))
    except GdbextError:
        return "?"
