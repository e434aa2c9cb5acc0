"""Which objects of the heap are contexts, by who refers to them and as what."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from attrs import field, frozen

from gdbext.compute import parallel
from gdbext.compute.arrays import U8, U64, Bools
from gdbext.golang.reading.words import index_in, word_filter, words_among
from gdbext.golang.runtime.kernels import scan
from gdbext.golang.runtime.mheap import Heap
from gdbext.golang.std import context
from gdbext.golang.std.context import ContextTypes
from gdbext.target.image import Image

OTHER_ROOM = 1 << 17
PIECES = 64
"""Of the heap, to be scanned side by side: parts take unlike times."""


@frozen(eq=False)
class Found:
    """Objects whose type is certain to be a context's: sorted addresses and their kinds."""

    address: U64 = field(repr=False)
    kind: U8 = field(repr=False)
    notes: tuple[str, ...] = ()

    def knows(self, addresses: U64) -> Bools:
        """Which of the addresses are among those found."""
        known: Bools = index_in(self.address, addresses) >= 0
        return known


def find(
    ctypes: ContextTypes, heap: Heap, closures: Sequence[tuple[int, int]], variables: Sequence[tuple[int, int]]
) -> Found:
    """Contexts that an interface pair or a capturing closure in a heap object refers to.

    ``closures``: (entry pc, kind) of the functions of package context whose closures capture a context in their first
    captured word. ``variables``: the ranges where global variables lie.
    """
    marks, other, notes = _scan(ctypes, heap, *with_closures(ctypes, closures))
    ids = np.flatnonzero(marks)
    kinds = _by_size(ctypes)[marks[ids].astype(np.int64) - 1]
    address, kind = _embedding(ctypes, heap.image, heap.addresses(ids), kinds)
    extra, extra_kind = _outside(heap, ctypes, other, variables)
    return _sorted(np.concatenate([address, extra]), np.concatenate([kind, extra_kind]), notes)


def _by_size(ctypes: ContextTypes) -> U8:
    """The kinds, the smallest type first: of two types at one address the larger is the object's."""
    return np.argsort([kind.size for kind in ctypes.kinds], kind="stable").astype(np.uint8)


def _scan(ctypes: ContextTypes, heap: Heap, words: U64, kind_of: U8) -> tuple[U8, U64, tuple[str, ...]]:
    """(for each slot 1 + place in ``_by_size`` where it is a context, else 0; (kind, address) elsewhere; notes)."""
    order, marks = _by_size(ctypes), np.zeros(heap.spans.slots, np.uint8)
    sizes, rank = np.array([ctypes.kinds[kind].size for kind in order], np.uint64), np.argsort(order).astype(np.uint8)
    wanted = scan.Wanted(words, word_filter(words), rank[kind_of], sizes)

    def some(begin: int, end: int) -> tuple[U64, int, int]:
        other = np.zeros((OTHER_ROOM + 1, 2), np.uint64)
        _, unreadable, lost = scan.scan_heap(
            heap.image.memory, heap.placed, heap.allocated, marks.ctypes.data, wanted, other, begin, end
        )
        rows = other[:-1][other[:-1, 1] != 0] if other[-1, 0] else other[:0]
        rows[:, 0] = order[rows[:, 0].astype(np.int64)]
        return rows, unreadable, lost

    found = parallel.split(len(heap.spans.base), some, PIECES)
    unreadable, lost = (sum(one[i] for one in found) for i in (1, 2))
    notes = list(heap.notes)
    if unreadable:
        notes.append(f"{unreadable} bytes of the heap cannot be read: contexts in them or held only there are missing")
    if lost:
        notes.append(f"{lost} references to contexts outside heap objects were left out")
    return marks, np.concatenate([one[0] for one in found]), tuple(notes)


def add(found: Found, ctypes: ContextTypes, heap: Heap, kind: U8, data: U64) -> Found:
    """More contexts, that pairs in globals or live stack slots refer to; those that are no allocated object are not."""
    ids = heap.ids(data)
    sizes = np.array([one.size for one in ctypes.kinds], np.uint64)
    fits = (ids >= 0) & ~found.knows(data)
    fits[fits] = heap.addresses(ids[fits]) == data[fits]
    fits[fits] = heap.elemsizes(ids[fits]) >= sizes[kind[fits].astype(np.int64)]
    if not fits.any():
        return found
    address, first = np.unique(data[fits], return_index=True)
    return joined(found, *_embedding(ctypes, heap.image, address, kind[fits][first]))


def joined(found: Found, address: U64, kind: U8) -> Found:
    """Those found and others."""
    return _sorted(np.concatenate([found.address, address]), np.concatenate([found.kind, kind]), found.notes)


def _sorted(address: U64, kind: U8, notes: tuple[str, ...]) -> Found:
    if (address[1:] > address[:-1]).all():
        return Found(address, kind, notes)
    order = np.argsort(address, kind="stable")
    return Found(address[order], kind[order], notes)


def with_closures(ctypes: ContextTypes, closures: Sequence[tuple[int, int]]) -> tuple[U64, U8]:
    """The words to look for and their kinds, sorted by word."""
    words = np.concatenate([ctypes.words, np.array([pc for pc, _ in closures], np.uint64)])
    kinds = np.concatenate([ctypes.kind_of, np.array([kind for _, kind in closures], np.uint8)])
    order = np.argsort(words, kind="stable")
    return words[order], kinds[order]


def _embedding(ctypes: ContextTypes, image: Image, address: U64, kind: U8) -> tuple[U64, U8]:
    """Those whose parent field holds a context, as a context's does."""
    fine = np.ones(len(address), np.bool_)
    for index, one in enumerate(ctypes.kinds):
        mine = np.flatnonzero(kind == index)
        if one.parent is not None and len(mine):
            fine[mine] = _embeds_context(image, ctypes, address[mine] + np.uint64(one.parent), one)
    return address[fine], kind[fine]


def _embeds_context(image: Image, ctypes: ContextTypes, addresses: U64, kind: context.Kind) -> Bools:
    """Whether the word at each address is an itab of context.Context; a user's context may hold nil."""
    itabs = ctypes.context_itabs
    allowed = itabs if kind.name in context.STANDARD else np.concatenate([np.zeros(1, np.uint64), itabs])
    return words_among(image, addresses, allowed)


def _outside(heap: Heap, ctypes: ContextTypes, other: U64, variables: Sequence[tuple[int, int]]) -> tuple[U64, U8]:
    """Users' contexts that are no whole heap object: global variables, fields of larger objects."""
    rows = np.unique(other, axis=0)
    kinds = [ctypes.kinds[int(kind)] for kind in rows[:, 0]]
    users = np.array([one.size > 0 and one.name not in context.STANDARD for one in kinds], np.bool_)
    placed = heap.ids(rows[:, 1]) >= 0
    for start, end in variables:
        placed |= (rows[:, 1] >= start) & (rows[:, 1] < end)
    rows = rows[users & placed]
    address, first = np.unique(rows[:, 1], return_index=True)
    return address, rows[first, 0].astype(np.uint8)
