"""All types of a program in one table (internal/abi/type.go), with rows for what the runtime makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from attrs import evolve, field, frozen

from gdbext.compute.arrays import I32, U8, U64
from gdbext.errors import GdbextError, InconsistentRuntime
from gdbext.golang.reading.program import Program
from gdbext.golang.reading.words import index_in, word_filter
from gdbext.golang.runtime.moduledata import Module
from gdbext.golang.types.flat import described, own
from gdbext.golang.types.flat.kernels import CLASSIC, DIRECTORY, HCHAN, HEADER, INSIDE, NODE, TABLE, TEXT, Described
from gdbext.golang.types.flat.names import Name
from gdbext.golang.types.flat.own import Parts
from gdbext.golang.types.flat.rows import Row, appended
from gdbext.golang.types.rtype import Types


@frozen(eq=False)
class TypeTable:
    """``described`` for compiled loops; the rest for people.

    ``own``: the first row that is ours. ``text``: the row of a string's bytes. ``itab``: the sorted addresses of
    interface tables, ``itab_row`` their types, ``filter`` what looks them up quickly. ``layout``: see ``kernels``.
    """

    types: Types
    described: Described = field(repr=False)
    own: int
    text: int
    layout: U64 = field(repr=False)
    itab: U64 = field(repr=False)
    itab_row: I32 = field(repr=False)
    filter: U8 = field(repr=False)
    owners: Sequence[Any] = field(repr=False)
    parts: Parts = field(repr=False)
    names: Mapping[int, Name] = field(factory=dict, repr=False)
    """Of rows that are neither described nor made of described ones."""

    def __len__(self) -> int:
        return len(self.described.size)

    def row(self, address: int) -> int:
        """The row of the descriptor at an address; -1 without one."""
        return int(index_in(self.described.address, np.array([address], np.uint64))[0])

    def name(self, row: int) -> str:
        """Go's own name of a type; of a row of our own, what it is."""
        if row in self.names:
            return self.names[row].short
        if row < self.own:
            return self.types.at(int(self.described.address[row])).name
        kind = int(self.described.kind[row])
        if kind in (TEXT, NODE, INSIDE):
            return {TEXT: "string data", NODE: "sync.node", INSIDE: "runtime.timer"}[kind]
        of = self.name(self.whose(row))
        return of + {HEADER: "", CLASSIC: "", HCHAN: "", DIRECTORY: " directory", TABLE: " table"}[kind]

    def package(self, row: int) -> str:
        """The path of the package that declares a type, "" where none is said."""
        if row in self.names:
            return self.names[row].package
        if row >= self.own:
            return ""
        try:
            type_ = self.types.at(int(self.described.address[row]))
            return self.types.declared_in(type_) or self.types.package(type_)
        except GdbextError:
            return ""

    def whose(self, row: int) -> int:
        """The map or channel type that a row of ours belongs to. Raises InconsistentRuntime for a row of no such."""
        first = row - {DIRECTORY: 1, TABLE: 2}.get(int(self.described.kind[row]), 0)
        found = np.flatnonzero(self.described.own == first)
        if not len(found):
            raise InconsistentRuntime(f"row {row} of the types belongs to no map and no channel")
        return int(found[0])

    def grown(self, rows: Sequence[Row], names: Mapping[int, Name]) -> TypeTable:
        """With more rows, some of which have names of their own."""
        if not rows:
            return self
        made, owner = appended(self.described, rows)
        self.parts.put_stand_ins(made, len(self.described.slot_at))
        return evolve(self, described=made, owners=(*self.owners, owner), names={**self.names, **names})


def type_table(program: Program, types: Types, modules: Sequence[Module]) -> TypeTable:
    """The table of a program. Raises MemoryFault, InconsistentRuntime, MissingField."""
    image = program.whole_image() or program.target.memory.image([described.module_range(one) for one in modules])
    address, base = described.find(image, modules)
    reading = described.Reading(program, image, address, base)
    made = own.with_own(program, types, reading, reading.described())
    itabs = types.itabs()
    rows = index_in(address, itabs.type)
    return TypeTable(
        types, made.described, len(address), made.text, made.parts.layout(), itabs.address, rows,
        word_filter(itabs.address), (image, made.owner, *reading.owners), made.parts,
    )  # fmt: skip
