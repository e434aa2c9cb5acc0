"""Maps whose keys are interfaces (internal/runtime/maps/map.go from Go 1.24, runtime/map.go before).

A map header does not name its type: it comes from the field that holds the map.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from attrs import frozen

from gdbext.compute.arrays import U64
from gdbext.compute.room import enough
from gdbext.errors import InconsistentRuntime
from gdbext.golang.reading.declarations import UINT, declare, optional
from gdbext.golang.reading.program import Program
from gdbext.golang.types import kernels
from gdbext.golang.types.rtype import Types
from gdbext.target.image import Image

SWISS_TYPE = declare(
    "internal/abi.MapType",
    "internal/abi.SwissMapType",  # Go 1.24, 1.25
    missing_ok=True,
    key=UINT("Key"),
    elem=UINT("Elem"),
    group=UINT("Group"),
    group_size=UINT("GroupSize"),
    flags=UINT("Flags"),
    slot_size=optional(UINT("SlotSize")),  # until Go 1.26
    in_slot=optional(UINT("ElemOff")),  # until Go 1.26
    keys=optional(UINT("KeysOff")),  # Go 1.27
    stride=optional(UINT("KeyStride")),  # Go 1.27
    elems=optional(UINT("ElemsOff")),  # Go 1.27
    elem_stride=optional(UINT("ElemStride")),  # Go 1.27
)
SWISS_MAP = declare(
    "internal/runtime/maps.Map", missing_ok=True, used=UINT, directory=UINT("dirPtr"), tables=UINT("dirLen")
)
SWISS_TABLE = declare(
    "internal/runtime/maps.table", missing_ok=True, data=UINT("groups.data"), mask=UINT("groups.lengthMask")
)
CLASSIC_TYPE = declare(
    "internal/abi.MapType",
    "internal/abi.OldMapType",  # Go 1.24, 1.25 with GOEXPERIMENT=noswissmap
    missing_ok=True,
    key=UINT("Key"),
    elem=UINT("Elem"),
    bucket=UINT("Bucket"),
    bucket_size=UINT("BucketSize"),
    key_size=UINT("KeySize"),
    value_size=UINT("ValueSize"),
    flags=UINT("Flags"),
)
CLASSIC_MAP = declare(
    "runtime.hmap", missing_ok=True, count=UINT, flags=UINT, log2=UINT("B"), buckets=UINT, old=UINT("oldbuckets")
)
LARGEST_GROUP = 1 << 16
KEY = 16
CONTROL = 8  # a Swiss group starts with eight control bytes
SLOTS = 8
"""Of a group or a bucket."""


@frozen
class SwissShape:
    """How the groups of one Swiss map type are laid out, in bytes."""

    group_size: int
    keys: int
    stride: int


@frozen
class ClassicShape:
    """How the buckets of one classic map type are laid out, in bytes."""

    bucket_size: int


Shape = SwissShape | ClassicShape
T = TypeVar("T", SwissShape, ClassicShape)


def described(program: Program, types: Types, map_type: int) -> tuple[bool, np.void]:
    """(whether it is a Swiss one, its descriptor) of the map type at ``map_type``: ``SWISS_TYPE`` or ``CLASSIC_TYPE``.

    Raises InconsistentRuntime, MissingField, MemoryFault.
    """
    if program.has(SWISS_TYPE):
        record = program.record(SWISS_TYPE, map_type)
        if types.at(int(record["group"])).name.startswith("map.group["):
            return True, record
    record = program.record(CLASSIC_TYPE, map_type)
    if types.at(int(record["bucket"])).name.startswith("map.bucket["):
        return False, record
    raise InconsistentRuntime(f"the map type at {map_type:#x} has neither groups nor buckets")


def shape(program: Program, types: Types, map_type: int) -> Shape:
    """The layout of maps of the type at ``map_type``. Raises InconsistentRuntime, MissingField."""
    swiss, record = described(program, types, map_type)
    if swiss:
        return _swiss(program, record)
    return _fitting(ClassicShape(int(record["bucket_size"])), CONTROL + 8 * KEY + 8, int(record["bucket_size"]))


def _swiss(program: Program, record: np.void) -> SwissShape:
    bound = program.bound(SWISS_TYPE)
    keys = int(record["keys"]) if "keys" in bound else CONTROL
    stride = int(record["stride"]) if "stride" in bound else int(record["slot_size"])
    size = int(record["group_size"])
    return _fitting(SwissShape(size, keys, stride), max(keys, CONTROL) + 7 * max(stride, KEY) + KEY, size)


def _fitting(shape_: T, needed: int, size: int) -> T:
    """A shape whose keys lie inside: what walks maps relies on it. Raises InconsistentRuntime."""
    if not needed <= size <= LARGEST_GROUP:
        raise InconsistentRuntime(f"a map type with groups of {size} bytes, whose keys take {needed}")
    return shape_


def counts(program: Program, shape_: Shape, image: Image, headers: U64) -> U64:
    """How many entries each map says it has; 0 where its header cannot be read."""
    if isinstance(shape_, SwissShape):
        records, _ = program.bound(SWISS_MAP).many(image, headers)
        return records["used"].astype(np.uint64)
    records, _ = program.bound(CLASSIC_MAP).many(image, headers)
    return records["count"].astype(np.uint64)


def interface_keys(program: Program, shape_: Shape, image: Image, headers: U64) -> tuple[U64, int]:
    """The interface keys of many maps of one type: (rows (map index, data word of the key), maps not read whole)."""
    if isinstance(shape_, SwissShape):
        return _swiss_keys(program, shape_, image, headers)
    return _classic_keys(program, shape_, image, headers)


def _room(said: U64) -> int:
    """Rows to make room for at first: what the headers say, unless that cannot be true."""
    return int(min(np.minimum(said, np.uint64(1 << 24)).sum(), 1 << 22)) + 64


def _keys(said: int, walk: Callable[[U64], tuple[int, int]]) -> tuple[U64, int]:
    """What a walk puts into an array of rows for so many keys, and how many maps it could not read whole."""

    def find(room: int) -> tuple[int, tuple[U64, int]]:
        out = np.zeros((room, 2), np.uint64)
        found, torn = walk(out)
        return found, (out[:found], torn)

    return enough(said, find)[1]


def _swiss_keys(program: Program, shape_: SwissShape, image: Image, headers: U64) -> tuple[U64, int]:
    table = program.bound(SWISS_TABLE)
    records, _ = program.bound(SWISS_MAP).many(image, headers)
    rows = np.stack([records["directory"], records["tables"], records["used"]], axis=1).astype(np.uint64)
    layout = (shape_.group_size, shape_.keys, shape_.stride, table.offset("data"), table.offset("mask"))
    said = _room(records["used"].astype(np.uint64))
    return _keys(said, lambda out: kernels.swiss_keys(image.memory, rows, np.array(layout, np.uint64), out))


def _classic_keys(program: Program, shape_: ClassicShape, image: Image, headers: U64) -> tuple[U64, int]:
    records, _ = program.bound(CLASSIC_MAP).many(image, headers)
    rows = np.stack([records[name].astype(np.uint64) for name in ("buckets", "log2", "old", "flags", "count")], axis=1)
    said = _room(records["count"].astype(np.uint64))
    return _keys(said, lambda out: kernels.classic_keys(image.memory, rows, shape_.bucket_size, out))
