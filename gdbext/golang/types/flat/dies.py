"""Types that only the debug information describes, for the linker left their descriptors out (cmd/link, dwarf.go).

Most global variables are of such a type. What a type consists of is taken from the program's own descriptors wherever
it has them; the rest is put together as the compiler lays it out. The information may be damaged: what contradicts
itself gives a type of no size, which nothing is taken for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from typing import NamedTuple

import numpy as np

from gdbext.binary.dwarf import constants as dw
from gdbext.binary.dwarf.skimmer import Dwarf
from gdbext.compute.arrays import I32, I64
from gdbext.golang.types.flat import masks
from gdbext.golang.types.flat.described import SHAPED
from gdbext.golang.types.flat.kernels import (
    COUNTED,
    EFACE,
    FEW,
    IFACE,
    REFLECTED,
    REPEATED,
)  # fmt: skip
from gdbext.golang.types.flat.names import Name
from gdbext.golang.types.flat.own import TIMERS
from gdbext.golang.types.flat.rows import Row, Slot, bounded, moved
from gdbext.golang.types.flat.shapes import Shape, described_entries, shapes_at
from gdbext.golang.types.flat.table import TypeTable
from gdbext.golang.types.rtype import ARRAY, CHAN, FUNC, INTERFACE, MAP, POINTER, SLICE, STRING, STRUCT, UNSAFE, WEAK

WORD = 8
NESTING = 64
"""How deep values stand in each other before they are taken for a ring; how many typedefs follow each other."""
MOST_TYPES = 1 << 17
LARGEST = 1 << 32
MOST_BITS, MOST_SLOTS = 1 << 28, 1 << 21
"""Of all types together: a damaged file may describe any number of giants."""
NO_KIND = -1
NOT_IN_HEAP = ("internal/runtime/sys.NotInHeap", "runtime/internal/sys.NotInHeap")  # the second until Go 1.23


class Value(NamedTuple):
    """A type as a part of another. ``slots``: None for too many."""

    row: int
    size: int
    bits: int
    slots: Sequence[Slot] | None


class Broken(Exception):
    """A type contradicts itself."""


def value_of(table: TypeTable, row: int) -> Value:
    """What a row of a table says. Raises Broken for one with more pointers than it has bits for."""
    described, bits = table.described, masks.known(table.described, row)
    if bits is None:
        raise Broken
    first, many = int(described.slot[row]), int(described.slots[row])
    columns = (described.slot_at, described.slot_kind, described.slot_type, described.slot_count)
    slots = [Slot(*one) for one in zip(*(c[first : first + many].tolist() for c in columns), strict=True)]
    return Value(row, int(described.size[row]), bits, slots if many >= 0 else None)


class Dies:
    """Rows for entries of types: ``table`` has them all. ``base``: moduledata.types."""

    def __init__(self, dwarf: Dwarf, table: TypeTable, base: int) -> None:
        self.dwarf, self.table = dwarf, table
        types = described_entries(dwarf, table, base)
        self._entries, self._described = types[:, 0], types[:, 1]
        self._shapes: dict[int, Shape] = {}
        self._rows: dict[int, int] = {}
        self._values: dict[int, Value] = {}
        self._extra: list[Row] = []
        self._off_heap: dict[int, bool] = {}
        self._bits, self._slots = MOST_BITS, MOST_SLOTS

    def again(self) -> Dies:
        """The same, whose table grows apart from this one's."""
        made = copy(self)
        made._shapes, made._rows, made._values = dict(self._shapes), dict(self._rows), dict(self._values)
        made._off_heap = dict(self._off_heap)
        return made

    def on(self, table: TypeTable) -> Dies:
        """The same, for a table that has grown since by rows of others."""
        self.table = table
        return self

    def rows(self, entries: I64) -> I32:
        """The rows of types; -1 where an entry is none. Raises UnsupportedTarget for damaged information."""
        wanted = np.unique(entries[entries > 0])
        new = self._read(wanted.tolist())
        if new:
            self._make(new)
        found = [self._row(entry) for entry in wanted.tolist()] or [-1]
        place = np.minimum(np.searchsorted(wanted, entries), len(found) - 1)
        return np.where(entries > 0, np.array(found, np.int32)[place], -1).astype(np.int32)

    def _read(self, entries: Iterable[int]) -> list[int]:
        """Read what is not known of these types and of all that they refer to; those without rows, in order."""
        new, todo = list[int](), set(entries) - self._rows.keys() - self._shapes.keys()
        while todo and len(self._shapes) < MOST_TYPES:
            wanted = np.array(sorted(todo), np.int64)
            rows = self._known(wanted)
            self._rows.update(zip(wanted[rows >= 0].tolist(), rows[rows >= 0].tolist(), strict=True))
            shapes = dict(shapes_at(self.dwarf, wanted[rows < 0]))
            self._shapes.update(shapes)
            new += [entry for entry, shape in shapes.items() if not shape.another_name]
            todo = {one for shape in shapes.values() for one in shape.others()} - self._rows.keys()
            todo -= self._shapes.keys()
        return new

    def _known(self, entries: I64) -> I32:
        """The rows of types that have descriptors."""
        if not len(self._entries):
            return np.full(len(entries), -1, np.int32)
        place = np.minimum(np.searchsorted(self._entries, entries), len(self._entries) - 1)
        return np.where(self._entries[place] == entries, self._described[place], -1).astype(np.int32)

    def _make(self, new: Sequence[int]) -> None:
        """Append rows for types that were read."""
        begin = len(self.table)
        self._rows.update((entry, begin + number) for number, entry in enumerate(new))
        self._extra = []
        self._behind = begin + len(new)
        rows = [self._one(entry) for entry in new]
        names = {self._rows[entry]: Name(self._shapes[entry].name) for entry in new}
        self.table = self.table.grown([*rows, *self._extra], names)

    def _one(self, entry: int) -> Row:
        try:
            return self._built(entry, 0)[1]
        except Broken:
            return Row(STRUCT)

    def _row(self, entry: int, depth: int = 0) -> int:
        """The row of the type at an entry, by way of other names; -1 without one."""
        found = self._rows.get(entry)
        if found is None:
            shape = self._shapes.get(entry)
            found = -1
            if shape is not None and shape.another_name and depth < NESTING:
                found = self._row(shape.type, depth + 1)
            self._rows[entry] = found
        return found

    def _real(self, entry: int) -> Shape | None:
        """What is said of a type without a descriptor, by way of other names."""
        for _ in range(NESTING):
            shape = self._shapes.get(entry)
            if shape is None or not shape.another_name:
                return shape
            entry = shape.type
        return None

    def _value(self, entry: int, depth: int) -> Value:
        """A type as a part of another. Raises Broken."""
        found = self._values.get(entry)
        if found is None:
            row = self._row(entry)
            if row < 0 or depth > NESTING:
                raise Broken
            found = value_of(self.table, row) if row < self.table.own else self._built(entry, depth)[0]
            self._values[entry] = found
        return found

    def _built(self, entry: int, depth: int) -> tuple[Value, Row]:
        """A type put together. Raises Broken."""
        shape = self._real(entry)
        if shape is None:
            raise Broken
        row = self._laid_out(shape, depth)
        if row.size > LARGEST or row.bits.bit_length() * WORD > row.size:
            raise Broken
        self._bits -= row.bits.bit_length()
        self._slots -= len(row.slots or ())
        if self._bits < 0 or self._slots < 0:
            raise Broken
        value = Value(self._row(entry), row.size, row.bits, row.slots)
        self._values[entry] = value
        return value, row

    def _laid_out(self, shape: Shape, depth: int) -> Row:
        tag, kind = shape.tag, shape.kind
        if tag == dw.TAG_POINTER:
            return self._pointer(shape)
        if tag == dw.TAG_SUBROUTINE:
            return Row(FUNC, WORD, bits=1, slots=[Slot(0, FUNC)])
        if tag == dw.TAG_TYPEDEF:
            return self._interface(shape) if kind == INTERFACE else self._reference(shape)
        if tag == dw.TAG_ARRAY:
            return self._array(shape, depth)
        if tag == dw.TAG_STRUCTURE and kind == STRING:
            return Row(STRING, 2 * WORD, bits=1, slots=[Slot(0, STRING)])
        if tag == dw.TAG_STRUCTURE and kind == SLICE:
            return self._slice(shape)
        if tag == dw.TAG_STRUCTURE:
            return self._structure(shape, depth)
        if tag in (dw.TAG_BASE, dw.TAG_ENUM) and shape.size >= 0:
            return Row(max(kind, 0) & 31, shape.size)
        raise Broken

    def _pointer(self, shape: Shape) -> Row:
        if shape.type <= 0:
            return Row(UNSAFE, WORD, bits=1, slots=[Slot(0, UNSAFE)])
        if self._not_in_heap(shape.type):
            return Row(POINTER, WORD)
        row = self._target(shape.type) if shape.name != SHAPED else -1
        return Row(POINTER, WORD, row, 1, [Slot(0, POINTER, row)])

    def _target(self, entry: int) -> int:
        """The row of what a pointer points to."""
        shape = self._real(entry)
        if shape is not None and shape.name in TIMERS and shape.size == 2 * WORD:
            return self.table.parts.row("runtime.timeTimer")
        return self._row(entry)

    def _slice(self, shape: Shape) -> Row:
        elem = shape.elem
        if elem <= 0 and shape.members and (array := self._real(shape.members[0][1])) is not None:
            elem = array.type
        if self._not_in_heap(elem):
            return Row(SLICE, 3 * WORD)
        row = self._row(elem)
        return Row(SLICE, 3 * WORD, row, 1, [Slot(0, SLICE, row)])

    def _interface(self, shape: Shape) -> Row:
        of, row = self._shapes.get(shape.type), self._row(shape.type)
        name = of.name if of is not None else self.table.name(row) if row >= 0 else ""
        return Row(INTERFACE, 2 * WORD, bits=2, slots=[Slot(0, EFACE if name.endswith("eface") else IFACE)])

    def _reference(self, shape: Shape) -> Row:
        """A channel: another type may have made it (<-chan T). Maps are made, and written to, by their descriptors:
        without one there is nothing in them."""
        if shape.kind == MAP:
            return Row(MAP, WORD, bits=1, slots=[Slot(0, UNSAFE)])
        own = self._behind + len(self._extra)
        self._extra.append(self.table.parts.of_chan(self._row(shape.elem)))
        return Row(CHAN, WORD, own=own, bits=1, slots=[Slot(0, POINTER, own)])

    def _array(self, shape: Shape, depth: int) -> Row:
        elem = self._value(shape.type, depth + 1)
        size = shape.length * elem.size
        if shape.length < 0 or size > LARGEST or shape.size not in (-1, size):
            raise Broken
        if elem.bits == 0 or shape.length == 0:
            return Row(ARRAY, size, elem.row, first=elem.row, length=shape.length)
        if elem.size % WORD or elem.size * shape.length // WORD > self._bits:
            raise Broken
        bits = masks.repeated(elem.bits, elem.size // WORD, shape.length)
        slots: Sequence[Slot] | None = [Slot(0, REPEATED, elem.row, shape.length)]
        if elem.slots is None:
            slots = None
        elif shape.length <= int(FEW):
            slots = bounded(moved(elem.slots, at * elem.size) for at in range(shape.length))
        return Row(ARRAY, size, elem.row, bits, slots, first=elem.row, length=shape.length)

    def _structure(self, shape: Shape, depth: int) -> Row:
        if shape.size < 0:
            raise Broken
        bits, first, parts, whole = 0, -1, list[Iterable[Slot]](), True
        for at, type_ in shape.members:
            value = self._value(type_, depth + 1)
            if not 0 <= at <= shape.size - value.size or (value.bits and at % WORD):
                raise Broken
            first = value.row if at == 0 and value.size and first < 0 else first
            bits |= value.bits << at // WORD
            whole = whole and value.slots is not None
            parts.append(moved(value.slots or (), at))
        slots = self._special(shape) or self._atomic(shape) or (bounded(parts) if whole else None)
        return Row(STRUCT, shape.size, bits=bits, slots=slots, first=first)

    def _special(self, shape: Shape) -> list[Slot]:
        """The slots of structures whose words are more than their types say, as ``kernels.put_special`` has them."""
        if shape.name == "sync.eface" and shape.size == 2 * WORD:
            return [Slot(0, UNSAFE), Slot(0, EFACE)]
        if shape.name == "reflect.Value" and shape.size == 3 * WORD:
            return [Slot(0, UNSAFE), Slot(0, REFLECTED)]
        if shape.name == "sync.Pool":
            kinds = [(at, self._kind(type_)) for at, type_ in shape.members]
            counted = [Slot(at, COUNTED) for at, kind in kinds if kind == UNSAFE and at <= shape.size - 2 * WORD]
            return counted + [Slot(at, FUNC) for at, kind in kinds if kind == FUNC]
        return []

    def _atomic(self, shape: Shape) -> list[Slot]:
        """The slot of a structure like atomic.Pointer[T]: its first field is a [0]*T, its last unsafe.Pointer."""
        if not 2 <= len(shape.members) <= 4 or shape.name.startswith(WEAK):
            return []
        (_, array), (at, last) = shape.members[0], shape.members[-1]
        target = self._of_none(array)
        is_pointer = self._kind(last) == UNSAFE
        return [Slot(at, POINTER, target)] if target >= 0 and is_pointer else []

    def _of_none(self, entry: int) -> int:
        """T's row of [0]*T; -1 for another type."""
        row, described = self._row(entry), self.table.described
        if 0 <= row < len(described.kind):
            elem = int(described.elem[row])
            none = described.kind[row] == ARRAY and described.length[row] == 0 and elem >= 0
            return int(described.elem[elem]) if none and described.kind[elem] == POINTER else -1
        shape = self._real(entry)
        if shape is None or shape.tag != dw.TAG_ARRAY or shape.length != 0:
            return -1
        pointer, row = self._real(shape.type), self._row(shape.type)
        if pointer is not None and pointer.tag == dw.TAG_POINTER:
            return self._target(pointer.type)
        return int(described.elem[row]) if 0 <= row < len(described.kind) and described.kind[row] == POINTER else -1

    def _kind(self, entry: int) -> int:
        row, shape = self._row(entry), self._real(entry)
        if 0 <= row < len(self.table.described.kind):
            return int(self.table.described.kind[row])
        if shape is None or shape.tag != dw.TAG_POINTER:
            return FUNC if shape is not None and shape.tag == dw.TAG_SUBROUTINE else NO_KIND
        return UNSAFE if shape.type <= 0 else POINTER

    def _not_in_heap(self, entry: int, depth: int = 0) -> bool:
        """Whether a type says that none of its kind is in the heap (internal/runtime/sys/nih.go): its marker, if any,
        is its first member or that one's first."""
        found = self._off_heap.get(entry)
        if found is None:
            shape = self._shapes.get(entry) or next((s for _, s in shapes_at(self.dwarf, np.array([entry]))), None)
            found = False
            if shape is not None and depth < NESTING:
                inner = (
                    [shape.type] if shape.tag in (dw.TAG_TYPEDEF, dw.TAG_ARRAY) else [t for _, t in shape.members[:1]]
                )
                inside = shape.kind not in (SLICE, STRING, MAP, CHAN, INTERFACE)
                found = shape.name in NOT_IN_HEAP or (
                    inside and any(self._not_in_heap(one, depth + 1) for one in inner if one > 0)
                )
            self._off_heap[entry] = found
        return found
