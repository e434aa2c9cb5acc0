"""Debug information, skimmed: one compiled pass finds every type, function and global; the rest is read on demand.

    dwarf = Dwarf(Elf.open(path))
    dwarf.type_named("runtime.g")        -> Entry of the structure
    dwarf.function_at(pc)                -> Entry of the subprogram, with children
    dwarf.entry(offset)                  -> any entry

Nothing is read before it is asked for, no name is decoded before somebody wants to see it. All numbers come from a
file that may lie; what contradicts itself is UnsupportedTarget.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from gdbext.binary.dwarf import constants as dw
from gdbext.errors import UnsupportedTarget

if TYPE_CHECKING:
    from gdbext.binary.elf import Bytes, Elf

Ints = NDArray[np.int64]

SUBTREE_LIMIT = 100_000
"""Entries below one function. The largest seen have some thousands."""
SHORT = 128
"""Bytes of a string up to which finding its end needs no compiled loop."""
TYPE_DEPTH = 32
"""How many typedefs and arrays are followed before a type is taken for a ring."""


@frozen(eq=False)
class Entry:
    """One debugging information entry, its attributes still raw (``dwarfnumbers`` names the slots)."""

    dwarf: Dwarf = field(repr=False)
    offset: int
    tag: int
    depth: int
    kinds: Ints = field(repr=False)
    values: Ints = field(repr=False)
    lengths: Ints = field(repr=False)

    def number(self, slot: int) -> int | None:
        """A constant, address, offset or reference, as an unsigned number; None without it (or if it is no number)."""
        if self.kinds[slot] in (dw.ADDRESS, dw.CONSTANT, dw.OFFSET, dw.REFERENCE, dw.FLAG):
            return int(self.values[slot]) & 0xFFFFFFFFFFFFFFFF
        return None

    def block(self, slot: int) -> bytes | None:
        """An expression's bytes; None without it."""
        if self.kinds[slot] != dw.BLOCK:
            return None
        at = int(self.values[slot])
        return self.dwarf.sections[0][at : at + int(self.lengths[slot])].tobytes()

    @property
    def own_name(self) -> str:
        """The name attribute, "" without one."""
        slot = dw.NAME
        return self.dwarf.text(int(self.kinds[slot]), int(self.values[slot]))

    @property
    def name(self) -> str:
        """The name, taken from the abstract origin where the entry itself has none."""
        found: Entry | None = self
        for _ in range(4):
            if found is None or found.own_name:
                break
            found = found.reference(dw.ORIGIN)
        return found.own_name if found is not None else ""

    def reference(self, slot: int) -> Entry | None:
        """The entry that an attribute refers to."""
        value = self.number(slot)
        if value is None or self.kinds[slot] != dw.REFERENCE:
            return None
        return self.dwarf.entry(value)

    @property
    def type(self) -> Entry | None:
        """The entry of its type, by way of the abstract origin where the entry itself has none."""
        found: Entry | None = self
        for _ in range(4):
            if found is None or found.kinds[dw.TYPE] != dw.ABSENT:
                break
            found = found.reference(dw.ORIGIN)
        return found.reference(dw.TYPE) if found is not None else None


def scratch() -> Ints:
    """Room for the attributes of one entry: kinds, values, lengths."""
    return np.zeros((3, dw.SLOTS), np.int64)


class Dwarf:
    """The debug information of one ELF file: the binary itself or its separate debug file."""

    def __init__(self, elf: Elf) -> None:
        self.elf = elf

    @cached_property
    def kernels(self) -> Any:
        """The compiled loops; loaded when first needed."""
        from gdbext.binary.dwarf import kernels as dwarfkernels

        return dwarfkernels

    def section(self, name: str) -> Bytes:
        """A section; its bytes are the file's, to be read only."""
        return self.elf.section_bytes(name)

    @cached_property
    def sections(self) -> tuple[Bytes, ...]:
        """What the kernels read: info, str, line_str, addr, str_offsets."""
        names = (".debug_info", ".debug_str", ".debug_line_str", ".debug_addr", ".debug_str_offsets")
        return tuple(self.section(name) for name in names)

    def list_section(self, modern: bool, locations: bool) -> Bytes:
        """Location lists or ranges, of DWARF 5 (``modern``) or before."""
        return self._list_sections[2 * modern + locations]

    @cached_property
    def _list_sections(self) -> tuple[Bytes, ...]:
        return tuple(self.section(f".debug_{name}") for name in ("ranges", "loc", "rnglists", "loclists"))

    def damaged(self, where: str) -> UnsupportedTarget:
        """The one line about debug information that contradicts itself."""
        return self.elf.refuse(f"damaged debug information ({where})")

    @cached_property
    def tables(self) -> tuple[Ints, Ints, Ints]:
        """Units, abbreviation heads, attribute specs, as the kernels have them."""
        kernels, info = self.kernels, self.sections[0]
        units = np.zeros((info.size // 16 + 1, dw.UNIT_COLUMNS), np.int64)
        count = kernels.read_units(info, units)
        if count < 0:
            raise self.damaged("a unit header")
        units = units[:count].copy()
        heads, specs = self._abbreviations(units)
        return units, heads, specs

    def _abbreviations(self, units: Ints) -> tuple[Ints, Ints]:
        """Every abbreviation table that a unit uses; puts its place in our arrays into the unit's row."""
        kernels, abbrev = self.kernels, self.section(".debug_abbrev")
        tables, which = np.unique(units[:, dw.ABBREV], return_inverse=True)
        sizes = np.zeros((len(tables) + 1, 2), np.int64)
        for number, offset in enumerate(tables):
            sizes[number + 1] = kernels.count_abbreviations(abbrev, offset) if 0 <= offset < abbrev.size else (-1, -1)
            if sizes[number + 1, 0] < 0 or sizes[: number + 2].sum() > abbrev.size:
                raise self.damaged(".debug_abbrev")
        starts = sizes.cumsum(axis=0)
        heads, specs = np.zeros((starts[-1, 0], 5), np.int64), np.zeros((starts[-1, 1], 3), np.int64)
        for number, offset in enumerate(tables):
            if not kernels.read_abbreviations(abbrev, offset, *starts[number], heads, specs):
                raise self.damaged(".debug_abbrev")
        units[:, dw.ABBREV] = starts[which, 0]
        units[:, dw.ABBREV_COUNT] = sizes[which + 1, 0]
        return heads, specs

    @cached_property
    def index(self) -> Ints:
        """Every named type, function with code, global variable and constant: rows of INDEX_COLUMNS."""
        units, heads, specs = self.tables
        # An entry worth a row has 6 bytes or more; pages that stay untouched cost nothing.
        rows = np.empty((self.sections[0].size // 6 + 1, dw.INDEX_COLUMNS), np.int64)
        count, damaged = self.kernels.skim(self.sections, units, heads, specs, rows, scratch())
        if damaged >= 0:
            raise self.damaged(f"entry {damaged:#x}")
        return rows[:count].copy()

    @cached_property
    def types(self) -> Ints:
        """The index's types, sorted by the hash of their name."""
        tags = self.index[:, dw.TAG]
        rows: Ints = self.index[~np.isin(tags, (dw.TAG_SUBPROGRAM, dw.TAG_VARIABLE, dw.TAG_CONSTANT))]
        return rows.take(np.argsort(rows[:, dw.HASH], kind="stable"), axis=0)

    @cached_property
    def functions(self) -> Ints:
        """The index's functions, sorted by low pc."""
        rows: Ints = self.index[self.index[:, dw.TAG] == dw.TAG_SUBPROGRAM]
        return rows.take(np.argsort(rows[:, dw.FIRST_VALUE].view(np.uint64), kind="stable"), axis=0)

    @cached_property
    def globals(self) -> Ints:
        """The index's global variables, in the order of the file."""
        rows: Ints = self.index[self.index[:, dw.TAG] == dw.TAG_VARIABLE]
        return rows

    def text(self, kind: int, at: int) -> str:
        """A string by its section (IN_INFO …) and place; "" where there is none."""
        return self._bytes(kind, at).decode("utf-8", "backslashreplace")

    def _bytes(self, kind: int, at: int) -> bytes:
        if not dw.IN_INFO <= kind <= dw.IN_LINE_STR:
            return b""
        data = self.sections[kind - dw.IN_INFO]
        if not 0 <= at < data.size:
            return b""
        head = data[at : at + SHORT].tobytes()
        if (end := head.find(0)) >= 0:
            return head[:end]
        end = int(self.kernels.string_end(data, at, data.size))
        return data[at : end if end >= 0 else data.size].tobytes()

    def row_name(self, row: Ints) -> str:
        """The name of a row of the index."""
        return self._row_bytes(row).decode("utf-8", "backslashreplace")

    def _row_bytes(self, row: Ints) -> bytes:
        packed = int(row[dw.NAME_AT])
        return self._bytes(packed >> dw.NAME_SHIFT, packed & ((1 << dw.NAME_SHIFT) - 1))

    def rows_named(self, rows: Ints, name: str) -> Iterator[Ints]:
        """The rows of ``types`` (sorted by hash) with this very name."""
        wanted = name.encode("utf-8", "surrogateescape")
        hashes, value = rows[:, dw.HASH], self._hash(wanted)
        first, last = np.searchsorted(hashes, value, "left"), np.searchsorted(hashes, value, "right")
        for row in rows[first:last]:
            if self._row_bytes(row) == wanted:
                yield row

    def _hash(self, name: bytes) -> int:
        data = np.frombuffer(name + b"\0", np.uint8)
        return int(self.kernels.fnv(data, 0))

    def type_named(self, name: str) -> Entry | None:
        """The entry of a type, a typedef only where no other has the name."""
        found = sorted(self.rows_named(self.types, name), key=lambda row: row[0] == dw.TAG_TYPEDEF)
        return self.entry(int(found[0][dw.DIE])) if found else None

    def address_of(self, name: str) -> int | None:
        """The link-time address of a function or global variable."""
        return self._first_value(name, dw.TAG_SUBPROGRAM, dw.TAG_VARIABLE)

    def constant(self, name: str) -> int | None:
        """The value of an integer constant of a package, as an unsigned number."""
        return self._first_value(name, dw.TAG_CONSTANT)

    def _first_value(self, name: str, *tags: int) -> int | None:
        rows = self.index[self.index[:, dw.HASH] == self._hash(name.encode("utf-8", "surrogateescape"))]
        for row in self.rows_named(rows, name):
            if row[dw.TAG] in tags:
                return int(row[dw.FIRST_VALUE]) & 0xFFFFFFFFFFFFFFFF
        return None

    def variable(self, name: str) -> tuple[int, int] | None:
        """(link-time address, entry of the type) of a global variable."""
        rows = self.globals[self.globals[:, dw.HASH] == self._hash(name.encode("utf-8", "surrogateescape"))]
        for row in self.rows_named(rows, name):
            return int(row[dw.FIRST_VALUE]) & 0xFFFFFFFFFFFFFFFF, int(row[dw.SECOND_VALUE])
        return None

    def function_at(self, pc: int) -> Ints | None:
        """The row of the function that holds a link-time pc."""
        if not 0 <= pc < 1 << 64:
            return None
        lows = self.functions[:, dw.FIRST_VALUE].view(np.uint64)
        number = int(np.searchsorted(lows, np.uint64(pc), "right")) - 1
        if number < 0 or pc >= int(self.functions[number, dw.SECOND_VALUE]) & 0xFFFFFFFFFFFFFFFF:
            return None
        row: Ints = self.functions[number]
        return row

    def unit_of(self, offset: int) -> Ints:
        """The unit table's row for the entry at ``offset``. Raises UnsupportedTarget outside all units."""
        units = self.tables[0]
        number = int(np.searchsorted(units[:, dw.START], offset, "right")) - 1
        if number < 0 or offset < units[number, dw.FIRST] or offset >= units[number, dw.END]:
            raise self.damaged(f"no entry at {offset:#x}")
        row: Ints = units[number]
        return row

    def unit_base(self, offset: int) -> Ints:
        """Like ``unit_of``, with what the unit's root entry says (low pc, bases) filled in."""
        unit = self.unit_of(offset)
        if "index" not in self.__dict__:
            self.kernels.read_root(self.sections, unit, *self.tables[1:], *scratch())
        return unit

    def entry(self, offset: int) -> Entry:
        """The entry at an offset of .debug_info. Raises UnsupportedTarget when there is none."""
        return self._read(offset, False)[0]

    def subtree(self, offset: int) -> Sequence[Entry]:
        """The entry at ``offset`` and all below it, in the file's order. Raises UnsupportedTarget."""
        return self._read(offset, True)

    def _read(self, offset: int, whole: bool) -> list[Entry]:
        kernels, unit = self.kernels, self.unit_base(offset)
        size = 64 if whole else 1
        while True:
            shape = np.zeros((size, 3), np.int64)
            arrays = [np.zeros((size, dw.SLOTS), np.int64) for _ in range(3)]
            where = (self.sections, unit, *self.tables[1:], offset, whole)
            count, damaged = kernels.read_subtree(*where, shape, *arrays, scratch())
            if damaged >= 0 or count == 0 or count > SUBTREE_LIMIT:
                raise self.damaged(f"entry {offset:#x}")
            if count <= size:
                break
            size = count
        return [
            Entry(self, int(place), int(tag), int(depth), *rows)
            for (tag, depth, place), *rows in zip(shape[:count], *(array[:count] for array in arrays), strict=True)
        ]

    def type_size(self, entry: Entry | None) -> int:
        """The size of a type in bytes; 0 where the debug information does not say."""
        for _ in range(TYPE_DEPTH):
            if entry is None:
                return 0
            size = entry.number(dw.BYTE_SIZE)
            if size is not None:
                return size
            if entry.tag in (dw.TAG_POINTER, dw.TAG_SUBROUTINE):
                return int(self.unit_of(entry.offset)[dw.ADDRESS_SIZE])
            entry = entry.reference(dw.TYPE)
        return 0
