"""Rows of our own, for what the runtime makes of types: a map's header and tables, a channel, a string's bytes.

No descriptor describes them (internal/runtime/maps, runtime/map.go until Go 1.23, runtime/chan.go).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from attrs import field, frozen

from gdbext.compute.arrays import U64
from gdbext.errors import GdbextError
from gdbext.golang.reading.program import Program
from gdbext.golang.runtime import time
from gdbext.golang.runtime.chan import HCHAN as CHANNEL
from gdbext.golang.types import maps
from gdbext.golang.types.flat import kernels
from gdbext.golang.types.flat.described import Reading
from gdbext.golang.types.flat.kernels import (
    CLASSIC,
    COUNTED,
    DIRECTORY,
    HCHAN,
    HEADER,
    INSIDE,
    NODE,
    TABLE,
    TEXT,
    Described,
)  # fmt: skip
from gdbext.golang.types.flat.rows import Row, Slot, appended
from gdbext.golang.types.rtype import CHAN, MAP, POINTER, UNSAFE, Types

TIMERS = ("time.Timer", "time.Ticker")
MADE = ("reflect.makeFuncImpl", "reflect.methodValue")
MAPS = ("maps.Map", "maps.table", "runtime.hmap")
PARTS = (*MAPS, "runtime.hchan", "runtime.timer", "runtime.timeTimer", "sync.poolLocal", *TIMERS, *MADE)
PACKAGES = ("internal/runtime/maps", "runtime", "time", "sync", "reflect")
SYNC_NODE = "sync.node["


@frozen(eq=False)
class Own:
    """``described`` with rows of our own behind the program's. ``text``: the row of a string's bytes.

    ``owner`` has to live as long as ``described``.
    """

    described: Described = field(repr=False)
    text: int
    parts: Parts = field(repr=False)
    owner: object = field(repr=False)


def with_own(program: Program, types: Types, reading: Reading, described: Described) -> Own:
    """The program's types and what the runtime makes of them."""
    parts = Parts(program, types, reading)
    rows, own = list[Row](), described.own.copy()
    for row in np.flatnonzero(described.kind == MAP).tolist():
        own[row] = len(described.size) + len(rows)
        rows += parts.of_map(int(described.elem[row]), len(described.size) + len(rows))
    for row in np.flatnonzero(described.kind == CHAN).tolist():
        own[row] = len(described.size) + len(rows)
        rows.append(parts.of_chan(int(described.elem[row])))
    rows.append(Row(TEXT, 1))
    text = len(described.size) + len(rows) - 1
    nodes = _nodes(reading, described, text + 1)
    inside = _timers_inside(parts)
    rows += [*nodes, *inside]
    made, owner = appended(described._replace(own=own), rows)
    parts.stand_ins.update(_timers(parts, made))
    parts.stand_ins.update({one.own: text + 1 + len(nodes) + i for i, one in enumerate(inside)})
    parts.stand_ins.update(_sync_maps(made, reading, text + 1, nodes))
    parts.put_stand_ins(made)
    _overflows(parts, made)
    return Own(made, text, parts, owner)


class Parts:
    """The runtime's own structures, as the program describes them.

    ``stand_ins``: what a pointer to a row's type really points to, where that is another.
    """

    def __init__(self, program: Program, types: Types, reading: Reading) -> None:
        self.stand_ins: dict[int, int] = {}
        self.program, self.types = program, types
        self.sizes = reading.size
        code = reading.named(*PARTS)
        self._rows = {name: self._only(reading, np.flatnonzero(code == 1 + i)) for i, name in enumerate(PARTS)}
        self.swiss = program.has(maps.SWISS_MAP) and self.row("maps.Map") >= 0

    def row(self, name: str) -> int:
        """The row of one of PARTS, -1 where the program has no such type."""
        return self._rows.get(name, -1)

    def _only(self, reading: Reading, rows: np.ndarray) -> int:
        """The row of the runtime's own type: a user's package may have the same name."""
        for row in rows.tolist():
            try:
                if self.types.package(self.types.at(int(reading.address[row]))) in PACKAGES:
                    return int(row)
            except GdbextError:
                continue
        return -1

    def of_map(self, group: int, at: int) -> list[Row]:
        """The rows of a map type, the first of which will be row ``at``."""
        if not self.swiss:
            bound = self.program.bound(maps.CLASSIC_MAP)
            return [self._row(CLASSIC, group, bound.size, bound.offset("buckets"), "runtime.hmap")]
        header, table = self.program.bound(maps.SWISS_MAP), self.program.bound(maps.SWISS_TABLE)
        return [
            self._row(HEADER, group, header.size, header.offset("directory"), "maps.Map"),
            Row(DIRECTORY, 8, group, 1, [Slot(0, POINTER, at + 2)]),
            self._row(TABLE, group, table.size, table.offset("data"), "maps.table"),
        ]

    def of_chan(self, elem: int) -> Row:
        """The row of a channel type's channels."""
        bound = self.program.bound(CHANNEL)
        return self._row(HCHAN, elem, bound.size, bound.offset("buf"), "runtime.hchan")

    def _row(self, kind: int, elem: int, size: int, pointer: int, part: str) -> Row:
        """Shaped like the runtime's own structure; without its descriptor the one pointer in it is known."""
        like = self.row(part)
        if like >= 0 and self.sizes[like] >= size:
            return Row(kind, elem=elem, like=like)
        return Row(kind, size, elem, 1 << pointer // 8, [Slot(pointer, UNSAFE)])

    def put_stand_ins(self, made: Described, begin: int = 0) -> None:
        """Let pointers, from slot ``begin`` on, point to what really lies there."""
        kind, target = made.slot_kind[begin:], made.slot_type[begin:]
        for row, real in self.stand_ins.items():
            target[(kind == POINTER) & (target == row)] = real
        target[kind == COUNTED] = self.row("sync.poolLocal")

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


def _timers(parts: Parts, made: Described) -> Iterator[tuple[int, int]]:
    """*time.Timer and *time.Ticker point to what is before the rest of a runtime.timeTimer (Go 1.23, time.newTimer)."""
    whole = parts.row("runtime.timeTimer")
    for name in TIMERS:
        row = parts.row(name)
        if whole >= 0 and row >= 0 and made.size[row] == 16:
            yield row, whole


def _timers_inside(parts: Parts) -> list[Row]:
    """What a pointer to a runtime.timer points to: in a heap of timers it is part of a runtime.timeTimer. Until Go 1.22
    that is a time.Timer, or a time.Ticker where it comes again."""
    timer, whole, again = parts.row("runtime.timer"), parts.row("runtime.timeTimer"), -1
    if timer < 0:
        return []
    if whole < 0:
        whole, again = (parts.row(name) for name in TIMERS)
    try:
        offset, period = time.inside(parts.program), time.period_at(parts.program)
    except GdbextError:
        return []
    return [Row(INSIDE, offset, whole, own=timer, first=again, length=period)]


def _nodes(reading: Reading, described: Described, at: int) -> list[Row]:
    """A row for each sync.node: what it is lies in its first byte (internal/sync/hashtriemap.go, Go 1.24)."""
    rows = np.flatnonzero(reading.named(SYNC_NODE)).tolist()
    return [Row(NODE, 1, int(row)) for row in rows]


def _sync_maps(made: Described, reading: Reading, at: int, nodes: list[Row]) -> Iterator[tuple[int, int]]:
    """A pointer to a sync.node is one to an entry or to an inner node, which both begin with it."""
    around = reading.named("sync.entry[", "sync.indirect[")
    for number, node in enumerate(nodes):
        found = np.flatnonzero(made.first[: len(around)] == node.elem)
        entry, inner = (next(iter(found[around[found] == code].tolist()), -1) for code in (1, 2))
        made.elem[at + number], made.own[at + number] = entry, inner
        yield node.elem, at + number


def _overflows(parts: Parts, made: Described) -> None:
    """The last word of a classic bucket is one of its like (runtime/map.go until Go 1.23)."""
    if parts.swiss:
        return
    for bucket in np.unique(made.elem[made.kind == CLASSIC]).tolist():
        if bucket < 0 or made.slots[bucket] <= 0:
            continue
        last = int(made.slot[bucket] + made.slots[bucket] - 1)
        if made.slot_at[last] == made.size[bucket] - np.uint64(8):
            made.slot_kind[last], made.slot_type[last] = POINTER, bucket
