"""Structure types by what lies where in them: among all descriptors of the program (internal/abi/type.go).

Named structures stand in no list of the runtime's, so their descriptors are looked for in the memory of all types: what
passes for one that is none can only make an answer more careful.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
from attrs import evolve, frozen

from gdbext.compute.arrays import U64
from gdbext.compute.ragged import within
from gdbext.errors import InconsistentRuntime
from gdbext.golang.reading.program import distinct
from gdbext.golang.runtime.pclntab import view
from gdbext.golang.types.rtype import (
    ARRAY,
    ARRAY_TYPE,
    INTERFACE,
    KIND_MASK,
    MAX_FIELDS,
    STRUCT,
    STRUCT_FIELD,
    STRUCT_TYPE,
    TYPE,
    Type,
    Types,
)
from gdbext.target.image import Image

WORD = 8
DEPTH = 16
DEEPEST = 32
"""Steps that are named."""
LARGEST = 1 << 30
MOST_FIELDS = 1 << 22


def beginning_with(types: Types, first: U64, largest: int) -> U64:
    """The structures and arrays of up to ``largest`` bytes that begin with one of the types ``first``, at any depth.

    Raises MemoryFault, InconsistentRuntime.
    """
    parts = [_first_parts(types, start, end, largest) for start, end in ((m.types, m.etypes) for m in types.modules)]
    outer, inner = (np.concatenate(column) for column in zip(*parts, strict=True))
    known = np.zeros(0, np.uint64)
    grown = distinct(first)
    while len(grown) > len(known):
        known = grown
        grown = distinct(np.concatenate([known, outer[np.isin(inner, known)]]))
    return known[~np.isin(known, first)]


@frozen
class Step:
    """A part of a value: what is said to get there from what it is a part of, its type, and where it begins."""

    text: str
    type: Type
    offset: int


def steps(types: Types, type_: Type, offset: int) -> Iterator[Step]:
    """How to get to what lies at an offset of a type, when structures and arrays are opened: ``.rows``, ``[3]``."""
    start = 0
    for _ in range(DEEPEST):
        inner = _part(types, type_, offset - start)
        if inner is None:
            return
        type_, start = inner.type, start + inner.offset
        yield evolve(inner, offset=start)


def leaf(types: Types, type_: Type, offset: int) -> tuple[Type, int]:
    """What lies at an offset of a type, when structures and arrays are opened: its type and the offset in that."""
    start = 0
    for step in islice(steps(types, type_, offset), DEPTH):
        type_, start = step.type, step.offset
    return type_, offset - start


def holds_any(types: Types, type_: Type, offset: int) -> bool:
    """Whether an interface without methods lies there: its first word is that of a type."""
    found, inside = leaf(types, type_, offset)
    return found.kind == INTERFACE and inside == 0 and types.methods(found) == 0


def _part(types: Types, type_: Type, offset: int) -> Step | None:
    """The field or element that holds an offset; None for what has no parts."""
    if type_.kind == STRUCT:
        for one in types.fields(type_):
            inner = types.at(one.type)
            if one.offset <= offset < one.offset + inner.size:
                return Step(f".{one.name}", inner, one.offset)
    elif type_.kind == ARRAY:
        inner = types.elem(type_)
        if inner.size:
            return Step(f"[{offset // inner.size}]", inner, offset // inner.size * inner.size)
    return None


def _first_parts(types: Types, start: int, end: int, largest: int) -> tuple[U64, U64]:
    """(structure or array, type at its beginning) for the descriptors in a module's types."""
    if not 0 <= end - start <= LARGEST:
        raise InconsistentRuntime(f"types from {start:#x} to {end:#x}")
    image = types.program.target.memory.image([(start, end)])
    bound = types.program.bound(TYPE)
    start += -start % WORD
    count = max(end - start - bound.size, 0) // WORD
    rows = np.ndarray(count, bound.dtype, view(image, start, end - start), strides=(WORD,))
    fits = (rows["size"] <= largest) & (rows["pointer_bytes"] <= rows["size"]) & (rows["pointer_bytes"] >= WORD)
    kind = rows["kind"] & np.uint8(KIND_MASK)
    at = [np.uint64(start) + np.flatnonzero(fits & (kind == one)).astype(np.uint64) * WORD for one in (STRUCT, ARRAY)]
    structs, arrays = _first_fields(types, image, at[0]), _elements(types, image, at[1])
    return np.concatenate([structs[0], arrays[0]]), np.concatenate([structs[1], arrays[1]])


def _first_fields(types: Types, image: Image, structs: U64) -> tuple[U64, U64]:
    records, _ = types.program.bound(STRUCT_TYPE).many(image, structs)
    header, field = records["fields"], types.program.bound(STRUCT_FIELD)
    sane = (header["len"] > 0) & (header["len"] <= MAX_FIELDS) & (header["len"] == header["cap"])
    counts = np.where(sane, header["len"], 0).astype(np.int64)
    if counts.sum() > MOST_FIELDS:
        raise InconsistentRuntime(f"{counts.sum()} fields of structures")
    outer = np.repeat(structs, counts)
    number = within(counts)
    rows, ok = field.many(image, np.repeat(header["array"], counts) + number.astype(np.uint64) * np.uint64(field.size))
    mine = ok & (rows["offset"] == 0)
    return outer[mine], rows["type"][mine].astype(np.uint64)


def _elements(types: Types, image: Image, arrays: U64) -> tuple[U64, U64]:
    records, _ = types.program.bound(ARRAY_TYPE).many(image, arrays)
    return arrays, records["elem"].astype(np.uint64)
