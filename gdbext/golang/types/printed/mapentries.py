"""The entries of one map, one after another: of both designs, while it grows too.

Swiss maps (internal/runtime/maps, Go 1.24): a group of eight slots, or a directory of tables of groups. Classic ones
(runtime/map.go until Go 1.23): buckets of eight cells with overflow buckets, and old ones that are not evacuated yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import frozen

from gdbext.errors import InconsistentRuntime
from gdbext.golang.types.maps import (
    CLASSIC_MAP,
    CONTROL,
    LARGEST_GROUP,
    SLOTS,
    SWISS_MAP,
    SWISS_TABLE,
    SWISS_TYPE,
    described,
)

if TYPE_CHECKING:
    from gdbext.golang.reading.program import Program
    from gdbext.golang.types.rtype import Types

WORD = 8
MOST_GROUPS = 1 << 24
MOST_OVERFLOW = 1 << 20
MOVED = range(2, 5)
"""evacuatedX, evacuatedY, evacuatedEmpty of a classic bucket's first tophash."""
LEAST_TOP = 5
SAME_SIZE = 8
"""The flag of a growth that only moves entries (sameSizeGrow)."""
TOGETHER = 1 << 16
"""Bytes of groups read at once."""


@frozen
class Layout:
    """Where the entries of a map type's groups or buckets lie: ``size`` of one; the first key and elem, and how far
    apart they are. ``indirect``: whether there is a pointer to the key, to the elem. ``key``, ``elem``: descriptors."""

    swiss: bool
    key: int
    elem: int
    size: int
    keys: int
    key_stride: int
    elems: int
    elem_stride: int
    indirect: tuple[bool, bool]

    def place(self, group: int, slot: int) -> tuple[int, int]:
        """Where the key and the elem of a slot are, or the pointers to them."""
        return group + self.keys + slot * self.key_stride, group + self.elems + slot * self.elem_stride


def layout(program: Program, types: Types, map_type: int) -> Layout:
    """Of the map type at an address. Raises InconsistentRuntime, MissingField, MemoryFault."""
    swiss, record = described(program, types, map_type)
    return _sane(_swiss(record, "stride" in program.bound(SWISS_TYPE)) if swiss else _classic(record))


def _swiss(record: Any, apart: bool) -> Layout:
    keys, elems = CONTROL, CONTROL
    if apart:
        keys, key_stride, elems, elem_stride = (
            int(record[name]) for name in ("keys", "stride", "elems", "elem_stride")
        )
    else:
        key_stride = elem_stride = int(record["slot_size"])
        elems += int(record["in_slot"])
    key, elem, size, flags = (int(record[name]) for name in ("key", "elem", "group_size", "flags"))
    return Layout(True, key, elem, size, keys, key_stride, elems, elem_stride, (flags & 4 > 0, flags & 8 > 0))


def _classic(record: Any) -> Layout:
    key, elem, size, flags = (int(record[name]) for name in ("key", "elem", "bucket_size", "flags"))
    key_size, value_size = int(record["key_size"]), int(record["value_size"])
    elems = CONTROL + SLOTS * key_size
    return Layout(False, key, elem, size, CONTROL, key_size, elems, value_size, (flags & 1 > 0, flags & 2 > 0))


def _sane(found: Layout) -> Layout:
    ends = [found.keys + 7 * found.key_stride, found.elems + 7 * found.elem_stride]
    if not CONTROL < found.size <= LARGEST_GROUP or max(ends) > found.size:
        raise InconsistentRuntime(f"a map type with groups of {found.size} bytes, whose entries take {max(ends)}")
    return found


def count(program: Program, found: Layout, header: int) -> int:
    """How many entries the map says it has. Raises MemoryFault."""
    return int(
        program.record(SWISS_MAP, header)["used"] if found.swiss else program.record(CLASSIC_MAP, header)["count"]
    )


def entries(program: Program, found: Layout, header: int) -> Iterator[tuple[int, int]]:
    """Where the key and the elem of each entry lie. Raises MemoryFault, InconsistentRuntime where it cannot go on."""
    groups = _swiss_groups(program, found, header) if found.swiss else classic_buckets(program, found, header)
    for group, raw, full in groups:
        for slot in full:
            key, elem = (
                int.from_bytes(raw[at - group : at - group + WORD], "little") if indirect else at
                for at, indirect in zip(found.place(group, slot), found.indirect, strict=True)
            )
            yield key, elem


Group = tuple[int, bytes, list[int]]
"""Where one is, its bytes, the slots in use."""


def _swiss_groups(program: Program, found: Layout, header: int) -> Iterator[Group]:
    record = program.record(SWISS_MAP, header)
    directory, tables = int(record["directory"]), int(record["tables"])
    if directory and not tables:
        yield from _side_by_side(program, found, directory, 1)
    seen, left = set[int](), MOST_GROUPS
    for number in range(tables if directory else 0):
        table = program.word(directory + WORD * number)
        if table in seen:  # slots of the directory share tables
            left -= 1
        else:
            seen.add(table)
            one = program.record(SWISS_TABLE, table)
            left -= int(one["mask"]) + 1
            if left < 0:
                raise InconsistentRuntime(f"a map of more than {MOST_GROUPS:,} groups")
            yield from _side_by_side(program, found, int(one["data"]), int(one["mask"]) + 1)
        if left < 0:
            raise InconsistentRuntime(f"a map with a directory of {tables:,} tables")


def _side_by_side(program: Program, found: Layout, data: int, count_: int) -> Iterator[Group]:
    """Groups or buckets that lie side by side, with their slots in use."""
    some = max(TOGETHER // found.size, 1)
    for first in range(0, count_, some):
        many = min(some, count_ - first)
        begin = data + first * found.size
        raw = program.read(begin, many * found.size)
        control = np.frombuffer(raw, np.uint8).reshape(many, found.size)[:, :SLOTS]
        used = control & 0x80 == 0 if found.swiss else control >= LEAST_TOP
        for group in range(many) if not found.swiss else np.flatnonzero(used.any(axis=1)).tolist():
            at = group * found.size
            yield begin + at, raw[at : at + found.size], np.flatnonzero(used[group]).tolist()


def classic_buckets(program: Program, found: Layout, header: int) -> Iterator[Group]:
    """Those of a map, with old ones that are not evacuated yet. Raises MemoryFault, InconsistentRuntime."""
    record = program.record(CLASSIC_MAP, header)
    log2, same = int(record["log2"]), int(record["flags"]) & SAME_SIZE
    if log2 > MOST_GROUPS.bit_length():
        raise InconsistentRuntime(f"a map of 2^{log2} buckets")
    seen = set[int]()
    for old, first in enumerate((int(record["buckets"]), int(record["old"]))):
        length = 1 << max(log2 - (1 if old and not same else 0), 0)
        for bucket in _side_by_side(program, found, first, length) if first else ():
            if not (old and bucket[1][0] in MOVED):
                yield bucket
                yield from _overflow(program, found, bucket, seen)


def _overflow(program: Program, found: Layout, bucket: Group, seen: set[int]) -> Iterator[Group]:
    """The buckets behind one: its last word points to the next."""
    next_ = int.from_bytes(bucket[1][-WORD:], "little")
    while next_:
        if next_ in seen or len(seen) > MOST_OVERFLOW:
            raise InconsistentRuntime(f"the overflow buckets of a map form a ring at {next_:#x}")
        seen.add(next_)
        (bucket,) = _side_by_side(program, found, next_, 1)
        yield bucket
        next_ = int.from_bytes(bucket[1][-WORD:], "little")
