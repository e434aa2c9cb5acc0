"""Where a variable lies at a pc: address ranges, location lists and expressions (DWARF 5 §2.5, §2.6).

Go's compiler writes few of the operations; what it does not write gives a piece of kind "unknown", never a guess.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from attrs import frozen

from gdbext.binary.dwarf import constants as dw
from gdbext.binary.varint import Unending, uvarint
from gdbext.errors import GdbextError

if TYPE_CHECKING:
    from gdbext.binary.dwarf.skimmer import Dwarf, Entry

ENTRY_LIMIT = 100_000
"""Entries of one list. The longest seen have some hundreds."""
OPERATION_LIMIT = 1000
LONGEST_LEB = 10
UNSIGNED = 0xFFFFFFFFFFFFFFFF


@frozen
class Piece:
    """``size`` bytes of a variable.

    ``kind`` says what ``value`` is: "cfa" an offset from the frame's CFA, "register" a DWARF register number,
    "address" a link-time address, "value" the contents itself, "cfa pointer" and "address pointer" where the
    variable's address is stored, "register memory" a register to which ``offset`` is added; "missing" bytes are
    nowhere at this pc, and "unknown" is an expression we do not evaluate.
    """

    kind: str
    value: int
    size: int
    offset: int = 0


class Damaged(GdbextError):
    """A list or expression that runs out of its section; the caller says where."""


class Cursor:
    """Reads numbers out of a section."""

    def __init__(self, data: memoryview, at: int) -> None:
        self.data = data
        self.at = at
        if not 0 <= at <= len(data):
            raise Damaged(f"offset {at:#x}")

    def number(self, size: int) -> int:
        """An unsigned number of ``size`` bytes."""
        return int.from_bytes(self.take(size), "little")

    def take(self, size: int) -> memoryview:
        """``size`` bytes."""
        end = self.at + size
        if end > len(self.data):
            raise Damaged(f"offset {self.at:#x}")
        found, self.at = self.data[self.at : end], end
        return found

    def uleb(self) -> int:
        """A LEB128 number."""
        try:
            value, self.at = uvarint(self.data, self.at, LONGEST_LEB)
        except Unending:
            raise Damaged(f"offset {self.at:#x}") from None
        return value

    def sleb(self) -> int:
        """A signed LEB128 number."""
        begin, value = self.at, self.uleb()
        return value - (1 << 7 * (self.at - begin)) if self.data[self.at - 1] & 0x40 else value


def indexed_address(dwarf: Dwarf, offset: int, index: int) -> int:
    """Entry ``index`` of .debug_addr for the unit of the entry at ``offset``."""
    unit = dwarf.unit_base(offset)
    size = int(unit[dw.ADDRESS_SIZE])
    return Cursor(dwarf.sections[3].data, int(unit[dw.UNIT_ADDR_BASE]) + index * size).number(size)


def ranges(entry: Entry) -> list[tuple[int, int]]:
    """The [low, high) link-time ranges of a function or scope; empty where it has none. Raises UnsupportedTarget."""

    low, high = entry.number(dw.LOW_PC), entry.number(dw.HIGH_PC)
    if low is not None and high is not None:
        return [(low, high + low if entry.kinds[dw.HIGH_PC] == dw.CONSTANT else high)]
    if entry.kinds[dw.RANGES] == dw.ABSENT:
        return []
    try:
        return [(start, end) for start, end, _ in _entries(entry, dw.RANGES, False)]
    except Damaged as error:
        raise entry.dwarf.damaged(f"ranges, {error}") from None


def expression_at(entry: Entry, pc: int) -> bytes | None:
    """The location expression of a variable that holds at ``pc``; None when it is nowhere. Raises UnsupportedTarget."""

    block = entry.block(dw.LOCATION)
    if block is not None or entry.kinds[dw.LOCATION] == dw.ABSENT:
        return block
    try:
        for low, high, expression in _entries(entry, dw.LOCATION, True):
            if low <= pc < high:
                return expression
    except Damaged as error:
        raise entry.dwarf.damaged(f"location list, {error}") from None
    return None


def _entries(entry: Entry, slot: int, locations: bool) -> Iterator[tuple[int, int, bytes]]:
    """The (low, high, expression) of a list in whichever section the unit's DWARF version has it."""
    dwarf = entry.dwarf
    unit = dwarf.unit_base(entry.offset)
    modern = unit[dw.VERSION] >= 5
    data = dwarf.list_section(modern, locations).data
    at = int(entry.values[slot])
    if entry.kinds[slot] == dw.LIST_INDEX:
        base = int(unit[dw.UNIT_LOCLISTS if locations else dw.UNIT_RNGLISTS])
        width = int(unit[dw.OFFSET_SIZE])
        at = base + Cursor(data, base + at * width).number(width)
    low_pc = int(unit[dw.UNIT_LOW_PC]) & UNSIGNED
    cursor, size = Cursor(data, at), int(unit[dw.ADDRESS_SIZE])
    walk = _modern(cursor, entry, size, low_pc, locations) if modern else _classic(cursor, size, low_pc, locations)
    for number, found in enumerate(walk):
        if number == ENTRY_LIMIT:
            raise Damaged("a list without end")
        yield found


def _classic(cursor: Cursor, size: int, base: int, locations: bool) -> Iterator[tuple[int, int, bytes]]:
    """.debug_loc and .debug_ranges, up to DWARF 4."""
    largest = (1 << 8 * size) - 1
    while True:
        low, high = cursor.number(size), cursor.number(size)
        if low == 0 and high == 0:
            return
        if low == largest:
            base = high
            continue
        expression = cursor.take(cursor.number(2)).tobytes() if locations else b""
        yield low + base, high + base, expression


def _modern(cursor: Cursor, entry: Entry, size: int, base: int, locations: bool) -> Iterator[tuple[int, int, bytes]]:
    """.debug_loclists and .debug_rnglists; the two number their entries alike, but lists have a default location."""
    while True:
        kind = cursor.number(1)
        if not locations and kind >= 5:
            kind += 1
        low, high = 0, UNSIGNED
        if kind == 0:
            return
        if kind in (1, 6):
            base = indexed_address(entry.dwarf, entry.offset, cursor.uleb()) if kind == 1 else cursor.number(size)
            continue
        if kind in (2, 3):
            low = indexed_address(entry.dwarf, entry.offset, cursor.uleb())
            high = cursor.uleb()
            high = low + high if kind == 3 else indexed_address(entry.dwarf, entry.offset, high)
        elif kind == 4:
            low, high = base + cursor.uleb(), base + cursor.uleb()
        elif kind in (7, 8):
            low = cursor.number(size)
            high = cursor.number(size) if kind == 7 else low + cursor.uleb()
        elif kind != 5:
            raise Damaged(f"entry of kind {kind}")
        yield low, high, cursor.take(cursor.uleb()).tobytes() if locations else b""


def pieces(entry: Entry, expression: bytes, frame_base: bytes, size: int) -> tuple[Piece, ...]:
    """What an expression says of a variable of ``size`` bytes; one piece unless it is composed of several.

    ``frame_base``: the function's own expression for DW_OP_fbreg.
    """
    try:
        return tuple(_Machine(entry, frame_base).run(expression, size))
    except Damaged as error:
        raise entry.dwarf.damaged(f"location expression, {error}") from None


class _Machine:
    """The operations that Go and gcc use for variables. A place is a Piece still without its size."""

    def __init__(self, entry: Entry, frame_base: bytes) -> None:
        self.entry = entry
        self.frame_base = frame_base

    def run(self, expression: bytes, size: int) -> Iterator[Piece]:
        cursor, place, found = Cursor(memoryview(expression), 0), None, False
        for _ in range(OPERATION_LIMIT):
            if cursor.at == len(expression):
                break
            operation = cursor.number(1)
            if operation == 0x93:  # DW_OP_piece
                yield self._sized(place or Piece("missing", 0, 0), cursor.uleb())
                place, found = None, True
            else:
                place = self._step(operation, cursor, place)
                if place.kind == "unknown":
                    found = False
                    break
        if place is not None and not found:
            yield self._sized(place, size)

    @staticmethod
    def _sized(place: Piece, size: int) -> Piece:
        return Piece(place.kind, place.value, size, place.offset)

    def _step(self, operation: int, cursor: Cursor, place: Piece | None) -> Piece:
        """The place after one operation."""
        if place is None:
            return self._start(operation, cursor)
        if operation == 0x23:  # DW_OP_plus_uconst
            return self._plus(place, cursor.uleb())
        if operation == 0x11 and cursor.at < len(cursor.data):  # DW_OP_consts, which only Go's DW_OP_plus follows
            amount = cursor.sleb()
            return self._plus(place, amount) if cursor.number(1) == 0x22 else Piece("unknown", 0, 0)
        if operation == 0x06 and place.kind in ("cfa", "address"):  # DW_OP_deref
            return Piece(f"{place.kind} pointer", place.value, 0)
        if operation == 0x96:  # DW_OP_nop
            return place
        if operation == 0x9F and place.kind == "address":  # DW_OP_stack_value
            return Piece("value", place.value, 0)
        return Piece("unknown", 0, 0)

    @staticmethod
    def _plus(place: Piece, amount: int) -> Piece:
        if place.kind in ("cfa", "address"):
            return Piece(place.kind, place.value + amount, 0)
        if place.kind == "register memory":
            return Piece(place.kind, place.value, 0, place.offset + amount)
        return Piece("unknown", 0, 0)

    def _start(self, operation: int, cursor: Cursor) -> Piece:
        """The place that a first operation names."""
        if operation == 0x9C:  # DW_OP_call_frame_cfa
            return Piece("cfa", 0, 0)
        if operation == 0x91:  # DW_OP_fbreg
            return self._from_frame(cursor.sleb())
        if 0x50 <= operation <= 0x6F or operation == 0x90:  # DW_OP_reg0 …, DW_OP_regx
            return Piece("register", cursor.uleb() if operation == 0x90 else operation - 0x50, 0)
        if 0x70 <= operation <= 0x8F or operation == 0x92:  # DW_OP_breg0 …, DW_OP_bregx
            number = cursor.uleb() if operation == 0x92 else operation - 0x70
            return Piece("register memory", number, 0, cursor.sleb())
        return self._constant(operation, cursor)

    def _constant(self, operation: int, cursor: Cursor) -> Piece:
        if operation == 0x03:  # DW_OP_addr
            size = int(self.entry.dwarf.unit_of(self.entry.offset)[dw.ADDRESS_SIZE])
            return Piece("address", cursor.number(size), 0)
        if operation in (0xA1, 0xFB):  # DW_OP_addrx
            return Piece("address", indexed_address(self.entry.dwarf, self.entry.offset, cursor.uleb()), 0)
        if 0x30 <= operation <= 0x4F:  # DW_OP_lit0 …
            return Piece("address", operation - 0x30, 0)
        if operation in (0x10, 0x11):  # DW_OP_constu, DW_OP_consts
            return Piece("address", cursor.uleb() if operation == 0x10 else cursor.sleb(), 0)
        if 0x08 <= operation <= 0x0F:  # DW_OP_const1u … DW_OP_const8s
            width = 1 << (operation - 0x08) // 2
            return Piece("address", int.from_bytes(cursor.take(width), "little", signed=bool(operation & 1)), 0)
        return Piece("unknown", 0, 0)

    def _from_frame(self, amount: int) -> Piece:
        if not self.frame_base or 0x91 in self.frame_base[:1]:
            return Piece("unknown", 0, 0)
        base = self._start(self.frame_base[0], Cursor(memoryview(self.frame_base), 1))
        if base.kind == "register":
            return Piece("register memory", base.value, 0, amount)
        return self._plus(base, amount)
