"""What the debug information says of types, and which of them have descriptors (cmd/link/internal/ld/dwarf.go)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from gdbext.binary.dwarf import constants as dw
from gdbext.binary.dwarf.shapes.reading import shapes
from gdbext.binary.dwarf.skimmer import Dwarf
from gdbext.compute.arrays import I64
from gdbext.golang.reading.words import index_in
from gdbext.golang.types.flat.table import TypeTable
from gdbext.golang.types.rtype import CHAN, INTERFACE, MAP


class Shape(NamedTuple):
    """What an entry says of a type; -1 for what it does not say. ``members``: (offset, entry of the type)."""

    tag: int
    name: str
    size: int
    type: int
    kind: int
    elem: int
    length: int
    members: Sequence[tuple[int, int]]

    def others(self) -> Iterator[int]:
        """The entries that it refers to."""
        yield from (one for one in (self.type, self.elem) if one > 0)
        yield from (type_ for _, type_ in self.members if type_ > 0)

    @property
    def another_name(self) -> bool:
        """Whether it only gives a type another name: Go's maps, channels and interfaces are such entries too."""
        return self.tag == dw.TAG_TYPEDEF and self.kind not in (MAP, CHAN, INTERFACE)


def shapes_at(dwarf: Dwarf, entries: I64) -> Iterator[tuple[int, Shape]]:
    """What each of the entries says."""
    types, members = shapes(dwarf, entries)
    parts = members[:, [dw.MEMBER_AT, dw.MEMBER_TYPE]].tolist()
    for entry, row in zip(entries.tolist(), types.tolist(), strict=True):
        tag, packed, size, type_, kind, elem, count, first, many = row
        name = dwarf.text(packed >> dw.NAME_SHIFT, packed & ((1 << dw.NAME_SHIFT) - 1)) if packed > 0 else ""
        yield entry, Shape(tag, name, size, type_, kind, elem, count, parts[first : first + many])


def described_entries(dwarf: Dwarf, table: TypeTable, base: int) -> I64:
    """Every type of the debug information that has a descriptor, sorted: its entry and the descriptor's row."""
    index = dwarf.index
    tags = index[:, dw.TAG]
    types = index[(tags != dw.TAG_VARIABLE) & (tags != dw.TAG_SUBPROGRAM)]
    types = types[np.argsort(types[:, dw.DIE], kind="stable")]
    said = types[:, dw.SECOND_VALUE]
    # An offset from moduledata.types; in Go 1.21 and 1.22 some are absolute.
    address = np.where(said >= base, said, said + base).astype(np.uint64)
    row = np.where(said != 0, index_in(table.described.address, address), -1)
    _through_names(types, row)
    return np.stack([types[row >= 0, dw.DIE], row[row >= 0]], axis=1)


def _through_names(types: I64, row: np.ndarray[tuple[int], np.dtype[np.int64]]) -> None:
    """Give other names for types the rows of those."""
    for _ in range(4):
        todo = np.flatnonzero((row < 0) & (types[:, dw.TAG] == dw.TAG_TYPEDEF))
        if not len(todo):
            break
        wanted = types[todo, dw.FIRST_VALUE]
        place = np.minimum(np.searchsorted(types[:, dw.DIE], wanted), len(types) - 1)
        row[todo] = np.where(types[place, dw.DIE] == wanted, row[place], -1)
