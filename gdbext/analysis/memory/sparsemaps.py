"""Maps that have few entries and keep room for many: a map never gives back what it has grown to.

Of maps whose header is a reachable object (internal/runtime/maps/map.go from Go 1.24, runtime/map.go before). What has
no type because nothing typed leads there is not among them, nor is a map of one group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import field, frozen

from gdbext.analysis.heap.kernels import objects as states
from gdbext.compute.ragged import within
from gdbext.golang.reading.words import column
from gdbext.golang.types.flat.kernels import CLASSIC, HEADER
from gdbext.golang.types.maps import CLASSIC_MAP, SLOTS, SWISS_MAP, SWISS_TABLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gdbext.analysis.heap.flow import Flowed
    from gdbext.compute.arrays import I64, U64
    from gdbext.golang.reading.program import Program

LEAST_SLOTS = 1024
"""Smaller maps are not looked at."""
FULL = 4
"""A map that has just doubled is nearly half full; one of which less than a quarter is has lost entries, or was made
larger than it is filled."""
PIECE = 1 << 22
"""Objects whose types are looked at together."""


@frozen
class Group:
    """Maps of one type. ``more``: bytes beyond what a new map of so many entries would take; ``example``: the header
    of the one that has the most such."""

    type: str
    maps: int
    entries: int
    slots: int
    bytes: int
    more: int
    example: int


@frozen
class Sparse:
    """``looked``: maps of so many slots or more, sparse or not. ``groups``: those with the most bytes to gain first."""

    looked: int
    groups: Sequence[Group]

    @property
    def maps(self) -> int:
        """How many are sparse."""
        return sum(one.maps for one in self.groups)

    @property
    def bytes(self) -> int:
        """Of their groups or buckets."""
        return sum(one.bytes for one in self.groups)

    @property
    def more(self) -> int:
        """Bytes that new maps of the same entries would not take."""
        return sum(one.more for one in self.groups)


@frozen(eq=False)
class _Maps:
    """One entry of each array per map. ``row``: of its type; ``bytes``: of its groups or buckets."""

    row: I64 = field(repr=False)
    header: U64 = field(repr=False)
    entries: I64 = field(repr=False)
    slots: I64 = field(repr=False)
    bytes: I64 = field(repr=False)


def sparse(program: Program, flowed: Flowed) -> Sparse:
    """Of a program. Raises GdbextError."""
    ids, row, swiss = _headers(flowed)
    header = flowed.laid.heap.addresses(ids)
    entries, slots, size = (_swiss if swiss else _classic)(program, flowed, header)
    sane = (slots >= LEAST_SLOTS) & (entries <= slots) & (slots <= size)
    found = _Maps(row[sane], header[sane], entries[sane], slots[sane], size[sane])
    return Sparse(len(found.row), _grouped(flowed, found))


def _headers(flowed: Flowed) -> tuple[I64, I64, bool]:
    """(ids, types' rows, whether they are of Go 1.24) of reachable objects that are a map's header."""
    kind, state = flowed.table.described.kind, flowed.state
    mine = np.isin(kind, (HEADER, CLASSIC))
    parts = []
    for begin in range(0, len(state), PIECE):
        part = state[begin : begin + PIECE]
        at = np.minimum((part & states.ROW).astype(np.int64), len(kind) - 1)
        known = (part & states.MARKED != 0) & ((part & states.RANKS) != 0) & mine[at]
        parts.append(np.flatnonzero(known) + begin)
    ids = np.concatenate([np.zeros(0, np.int64), *parts])
    row = (state[ids] & states.ROW).astype(np.int64)
    return ids, row, bool((kind[row] == HEADER).any())


def _classic(program: Program, flowed: Flowed, header: U64) -> tuple[I64, I64, I64]:
    """(entries, slots, bytes) of each map; overflow buckets that were added since are not counted."""
    heap = flowed.laid.heap
    records, _ = program.bound(CLASSIC_MAP).many(heap.image, header)
    log2 = np.minimum(records["log2"].astype(np.int64), 40)
    return _count(records["count"]), SLOTS << log2, _sizes(flowed, records["buckets"].astype(np.uint64))


def _swiss(program: Program, flowed: Flowed, header: U64) -> tuple[I64, I64, I64]:
    """(entries, slots, bytes) of each map: of its tables, each of which may stand in its directory several times."""
    image = flowed.laid.heap.image
    records, _ = program.bound(SWISS_MAP).many(image, header)
    owner, table = _tables(flowed, records["directory"].astype(np.uint64), records["tables"].astype(np.int64))
    parts, readable = program.bound(SWISS_TABLE).many(image, table)
    mask = parts["mask"].astype(np.uint64)
    size = np.where(readable, _sizes(flowed, parts["data"].astype(np.uint64)), 0)
    size[mask >= np.uint64(max(int(size.max(initial=0)), 1))] = 0
    slots = np.where(size > 0, (mask.astype(np.int64) + 1) * SLOTS, 0)
    sums = [np.bincount(owner, of, len(header)).astype(np.int64) for of in (slots, size)]
    return _count(records["used"]), sums[0], sums[1]


def _tables(flowed: Flowed, directory: U64, tables: I64) -> tuple[I64, U64]:
    """(number of the map, address) of each table, once. Of torn memory several maps may name one directory, which is
    the first one's then."""
    first = np.unique(directory, return_index=True)[1]
    counts = np.zeros(len(directory), np.int64)
    counts[first] = np.clip(tables, 0, _sizes(flowed, directory) // 8)[first]
    owner = np.repeat(np.arange(len(directory)), counts)
    where = np.repeat(directory, counts) + np.uint64(8) * within(counts).astype(np.uint64)
    pairs = np.unique(np.stack([owner.astype(np.uint64), column(flowed.laid.heap.image, where)], axis=1), axis=0)
    return pairs[:, 0].astype(np.int64), np.ascontiguousarray(pairs[:, 1])


def _count(said: U64) -> I64:
    """How many entries maps say they have; what is no number of entries is too large for any."""
    return np.minimum(said.astype(np.uint64), np.uint64(1 << 62)).astype(np.int64)


def _sizes(flowed: Flowed, pointer: U64) -> I64:
    """Bytes of the slots of the objects that are pointed to; 0 for none."""
    heap = flowed.laid.heap
    ids = heap.ids(pointer)
    found = np.zeros(len(ids), np.int64)
    found[ids >= 0] = heap.elemsizes(ids[ids >= 0])
    return found


def _grouped(flowed: Flowed, found: _Maps) -> list[Group]:
    few = found.entries * FULL < found.slots
    wanted = np.maximum(SLOTS << _log2(-(-found.entries // (SLOTS - 1))), SLOTS)  # seven of eight slots are filled
    more = np.where(few, found.bytes * (1 - wanted / np.maximum(found.slots, 1)), 0).astype(np.int64)
    kinds = np.unique(found.row[few]).tolist()
    groups = [_group(flowed, found, more, np.flatnonzero(few & (found.row == row))) for row in kinds]
    return sorted(groups, key=lambda one: (-one.more, one.type))


def _log2(counts: I64) -> I64:
    """The least n for which 2^n is as many."""
    return np.ceil(np.log2(np.maximum(counts, 1))).astype(np.int64)


def _group(flowed: Flowed, found: _Maps, more: I64, rows: I64) -> Group:
    entries, slots, size, gain = (int(each[rows].sum()) for each in (found.entries, found.slots, found.bytes, more))
    example = int(found.header[rows[np.argmax(more[rows])]])
    return Group(flowed.table.name(int(found.row[rows[0]])), len(rows), entries, slots, size, gain, example)


__all__ = ["Group", "Sparse", "sparse"]
