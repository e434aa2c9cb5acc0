"""Rows of our own, for what the runtime makes of types: a map's header and tables, a channel, a string's bytes.

No descriptor describes them (internal/runtime/maps, runtime/map.go until Go 1.23, runtime/chan.go).
"""

from __future__ import annotations

import numpy as np
from attrs import field, frozen

from gdbext.compute.arrays import U64
from gdbext.errors import GdbextError
from gdbext.golang.reading.program import Program
from gdbext.golang.runtime.chan import HCHAN as CHANNEL
from gdbext.golang.types import maps
from gdbext.golang.types.flat import kernels
from gdbext.golang.types.flat.described import Reading
from gdbext.golang.types.flat.kernels import (
    CHAN,
    CLASSIC,
    DIRECTORY,
    HCHAN,
    HEADER,
    MAP,
    NODE,
    POINTER,
    TABLE,
    TEXT,
    UNSAFE,
    Described,
)  # fmt: skip
from gdbext.golang.types.rtype import Types

PARTS = ("maps.Map", "maps.table", "runtime.hmap", "runtime.hchan", "time.Timer", "time.Ticker", "runtime.timeTimer")
PACKAGES = ("internal/runtime/maps", "runtime", "time")
SYNC_NODE = "sync.node["


@frozen(eq=False)
class Own:
    """``described`` with rows of our own behind the program's. ``text``: the row of a string's bytes.

    ``layout``: where the headers' words lie, as ``kernels`` number them.
    """

    described: Described = field(repr=False)
    text: int
    layout: U64 = field(repr=False)


@frozen
class _Row:
    """A row to be appended: shaped like row ``like`` (-1: ``size`` bytes with one pointer, at ``pointer``)."""

    kind: int
    elem: int
    size: int
    pointer: int
    like: int = -1
    target: int = -1
    """Of the one pointer, where it is known."""


def with_own(program: Program, types: Types, reading: Reading, described: Described) -> Own:
    """The program's types and what the runtime makes of them."""
    parts = _Parts(program, types, reading)
    rows, own = list[_Row](), described.own.copy()
    for row in np.flatnonzero(described.kind == MAP).tolist():
        own[row] = len(described.size) + len(rows)
        rows += parts.of_map(int(described.elem[row]), len(described.size) + len(rows))
    for row in np.flatnonzero(described.kind == CHAN).tolist():
        own[row] = len(described.size) + len(rows)
        rows.append(parts.of_chan(int(described.elem[row])))
    rows.append(_Row(TEXT, -1, 1, -1))
    text = len(described.size) + len(rows) - 1
    nodes = _nodes(reading, described, text + 1)
    rows += nodes
    made = _appended(described._replace(own=own), rows)
    _timers(parts, made)
    _sync_maps(made, reading, text + 1, nodes)
    _overflows(parts, made)
    return Own(made, text, parts.layout())


class _Parts:
    """The runtime's own structures, as the program describes them."""

    def __init__(self, program: Program, types: Types, reading: Reading) -> None:
        self.program, self.types = program, types
        code = reading.named(*PARTS)
        self._rows = {name: self._only(reading, np.flatnonzero(code == 1 + i)) for i, name in enumerate(PARTS)}
        self.swiss = program.has(maps.SWISS_MAP) and self.row("maps.Map") >= 0

    def row(self, name: str) -> int:
        """The row of one of PARTS, -1 where the program has no such type."""
        return self._rows[name]

    def _only(self, reading: Reading, rows: np.ndarray) -> int:
        """The row of the runtime's own type: a user's package may have the same name."""
        for row in rows.tolist():
            try:
                if self.types.package(self.types.at(int(reading.address[row]))) in PACKAGES:
                    return int(row)
            except GdbextError:
                continue
        return -1

    def of_map(self, group: int, at: int) -> list[_Row]:
        """The rows of a map type, the first of which will be row ``at``."""
        if not self.swiss:
            bound = self.program.bound(maps.CLASSIC_MAP)
            return [_Row(CLASSIC, group, bound.size, bound.offset("buckets"), self.row("runtime.hmap"))]
        header, table = self.program.bound(maps.SWISS_MAP), self.program.bound(maps.SWISS_TABLE)
        return [
            _Row(HEADER, group, header.size, header.offset("directory"), self.row("maps.Map")),
            _Row(DIRECTORY, group, 8, 0, -1, at + 2),
            _Row(TABLE, group, table.size, table.offset("data"), self.row("maps.table")),
        ]

    def of_chan(self, elem: int) -> _Row:
        """The row of a channel type's channels."""
        bound = self.program.bound(CHANNEL)
        return _Row(HCHAN, elem, bound.size, bound.offset("buf"), self.row("runtime.hchan"))

    def layout(self) -> U64:
        """The numbers of ``kernels.AT_DIRECTORY`` and so on."""
        made, chan = np.zeros(kernels.LAYOUT, np.uint64), self.program.bound(CHANNEL)
        made[[kernels.AT_BUFFER, kernels.AT_CAPACITY]] = chan.offset("buf"), chan.offset("dataqsiz")
        if self.swiss:
            header, table = self.program.bound(maps.SWISS_MAP), self.program.bound(maps.SWISS_TABLE)
            made[[kernels.AT_DIRECTORY, kernels.AT_TABLES]] = header.offset("directory"), header.offset("tables")
            made[[kernels.AT_GROUPS, kernels.AT_GROUP_MASK]] = table.offset("data"), table.offset("mask")
        elif self.program.has(maps.CLASSIC_MAP):
            header = self.program.bound(maps.CLASSIC_MAP)
            names = ("buckets", "old", "log2")
            made[[kernels.AT_BUCKETS, kernels.AT_OLD, kernels.AT_LOG2]] = [header.offset(name) for name in names]
        return made


def _appended(described: Described, rows: list[_Row]) -> Described:
    """The arrays with more rows, each with a slot of its own where it is like no other."""
    n, m = len(described.size), len(rows)
    like = np.array([row.like if row.like >= 0 and described.size[row.like] >= row.size else -1 for row in rows])
    alone, pointed = like < 0, np.array([row.pointer >= 0 for row in rows])
    pointer = np.array([max(row.pointer, 0) for row in rows], np.uint64)
    mask = np.where(pointed, np.uint64(1) << (pointer >> np.uint64(3)), 0).astype(np.uint64)
    size = np.array([row.size for row in rows], np.uint64)
    slot, mine = len(described.slot_at) + np.cumsum(alone & pointed) - 1, np.flatnonzero(alone & pointed)
    target = np.array([row.target for row in rows], np.int32)[mine]

    def more(name: str, values: np.ndarray) -> np.ndarray:
        base = getattr(described, name)
        return np.concatenate([base, np.where(alone, values, base[like]).astype(base.dtype)])

    plain = np.zeros(m, np.int64)
    made = described._replace(
        size=more("size", size),
        pointers=more("pointers", np.where(pointed, pointer + np.uint64(8), 0)),
        kind=np.concatenate([described.kind, np.array([row.kind for row in rows], np.uint8)]),
        direct=more("direct", plain), mask=more("mask", mask), tile=np.zeros(n + m, np.uint64),
        gcdata=more("gcdata", plain), elem=np.concatenate([described.elem, np.array([r.elem for r in rows], np.int32)]),
        length=more("length", plain), own=np.concatenate([described.own, np.full(m, -1, np.int32)]),
        first=np.concatenate([described.first, np.full(m, -1, np.int32)]),
        slot=more("slot", np.maximum(slot, 0)), slots=more("slots", pointed.astype(np.int64)),
        slot_at=np.concatenate([described.slot_at, pointer[mine]]),
        slot_kind=np.concatenate([described.slot_kind, np.where(target >= 0, POINTER, UNSAFE).astype(np.uint8)]),
        slot_type=np.concatenate([described.slot_type, target]),
        slot_count=np.concatenate([described.slot_count, np.ones(len(mine), np.uint64)]),
    )  # fmt: skip
    kernels.fill_tiles(made.mask, made.size, made.tile)
    return made


def _timers(parts: _Parts, made: Described) -> None:
    """*time.Timer and *time.Ticker point to what is before the rest of a runtime.timeTimer (Go 1.23, time.newTimer)."""
    whole = parts.row("runtime.timeTimer")
    for name in ("time.Timer", "time.Ticker"):
        row = parts.row(name)
        if whole >= 0 and row >= 0 and made.size[row] == 16:
            made.slot_type[(made.slot_kind == POINTER) & (made.slot_type == row)] = whole


def _nodes(reading: Reading, described: Described, at: int) -> list[_Row]:
    """A row for each sync.node: what it is lies in its first byte (internal/sync/hashtriemap.go, Go 1.24)."""
    rows = np.flatnonzero(reading.named(SYNC_NODE)).tolist()
    return [_Row(NODE, int(row), 1, -1) for row in rows]


def _sync_maps(made: Described, reading: Reading, at: int, nodes: list[_Row]) -> None:
    """A pointer to a sync.node is one to an entry or to an inner node, which both begin with it."""
    around = reading.named("sync.entry[", "sync.indirect[")
    for number, node in enumerate(nodes):
        found = np.flatnonzero(made.first[: len(around)] == node.elem)
        entry, inner = (next(iter(found[around[found] == code].tolist()), -1) for code in (1, 2))
        made.elem[at + number], made.own[at + number] = entry, inner
        made.slot_type[(made.slot_kind == POINTER) & (made.slot_type == node.elem)] = at + number


def _overflows(parts: _Parts, made: Described) -> None:
    """The last word of a classic bucket is one of its like (runtime/map.go until Go 1.23)."""
    if parts.swiss:
        return
    for bucket in np.unique(made.elem[made.kind == CLASSIC]).tolist():
        if bucket < 0 or made.slots[bucket] <= 0:
            continue
        last = int(made.slot[bucket] + made.slots[bucket] - 1)
        if made.slot_at[last] == made.size[bucket] - np.uint64(8):
            made.slot_kind[last], made.slot_type[last] = POINTER, bucket
