"""What GDB's values are in bytes: of expressions, and of registers. Its Python gives bytes only from release 15 on."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

import gdb

from gdbext.errors import UsageError
from gdbext.target import Value

MASK = (1 << 64) - 1
WORD = 8


def value_of(value: gdb.Value) -> Value:
    """A value of GDB's as bytes. Raises UsageError for what was optimised away."""
    try:
        address = int(value.address) & MASK if value.address is not None else None
        return Value(str(value.type), address, _bytes(value))
    except gdb.error as error:
        raise UsageError(f"GDB cannot read it: {' '.join(str(error).split())}") from error


def _bytes(value: gdb.Value) -> bytes:
    """``Value.bytes`` from GDB 15 on; before, memory is read and what lies in registers put together by field."""
    if hasattr(value, "bytes"):
        return bytes(value.bytes)
    if value.address is not None:
        return bytes(gdb.selected_inferior().read_memory(int(value.address) & MASK, value.type.sizeof))
    kind = value.type.strip_typedefs()
    if kind.code == gdb.TYPE_CODE_STRUCT:
        out = bytearray(kind.sizeof)
        for part in kind.fields():
            data = _bytes(value[part])
            out[part.bitpos // 8 : part.bitpos // 8 + len(data)] = data
        return bytes(out)
    if kind.code == gdb.TYPE_CODE_ARRAY:
        first, last = kind.range()
        return b"".join(_bytes(value[index]) for index in range(first, last + 1))
    if kind.code == gdb.TYPE_CODE_FLT:
        raise UsageError("this GDB cannot give the bytes of a number with a fraction", "give an address, as 0x…")
    return (int(value) & MASK).to_bytes(8, "little")[: kind.sizeof]


def registers_as_bytes(values: Iterable[gdb.Value]) -> Iterator[bytes]:
    """Whole words of each. Raises gdb.error for those that GDB cannot read."""
    members: dict[int, gdb.Field] = {}
    for value in values:
        size = value.type.sizeof
        if hasattr(value, "bytes"):
            yield bytes(value.bytes)
        elif size <= WORD:
            yield struct.pack("<Q", int(value) & MASK)
        else:
            member = members.get(size) or members.setdefault(size, _words_of(value.type.strip_typedefs()))
            words = value[member]
            yield b"".join(struct.pack("<Q", int(words[index]) & MASK) for index in range(size // WORD))


def _words_of(union: gdb.Type) -> gdb.Field:
    """The member that is an array of words: a vector register is a union of arrays of everything."""
    for member in union.fields():
        kind = member.type.strip_typedefs()
        if kind.code == gdb.TYPE_CODE_ARRAY and _is_word(kind.target()):
            return member
    raise gdb.error(f"{union} has no words")


def _is_word(kind: gdb.Type) -> bool:
    return bool(kind.code == gdb.TYPE_CODE_INT and kind.sizeof == WORD)


__all__ = ["MASK", "registers_as_bytes", "value_of"]
