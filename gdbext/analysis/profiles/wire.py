"""Protocol buffers as bytes (protobuf.dev/programming-guides/encoding): fields of messages, bounded.

A message is a part [start, end) of the data; nothing is copied, and what is nested is looked into when it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator

from gdbext.binary.varint import Unending, uvarint
from gdbext.store import Damaged

Part = tuple[int, int]
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""Wire types; the others are groups, which profiles have none of."""
LONGEST = 10
"""Bytes of a varint."""
MASK = 0xFFFF_FFFF_FFFF_FFFF
MOST = 1 << 16
"""Fields of a message, and numbers in a packed field, that are believed."""
Row = dict[int, list[int | Part]]
"""A message's fields by their tags: numbers, and parts."""


def fields(data: bytes, part: Part) -> Iterator[tuple[int, int | Part]]:
    """(tag, a number or a part) of a message, in order. Raises Damaged."""
    at, end = part
    while at < end:
        key, at = number(data, at, end)
        kind = key & 7
        if kind == VARINT:
            value, at = number(data, at, end)
            yield key >> 3, value
            continue
        if kind == BYTES:
            size, at = number(data, at, end)
        elif kind in (FIXED64, FIXED32):
            size = 8 if kind == FIXED64 else 4
        else:
            raise Damaged(f"no field begins at byte {at:,}")
        if size > end - at:
            raise Damaged(f"at byte {at:,} {size:,} bytes are to follow, and {end - at:,} do")
        if kind == BYTES:
            yield key >> 3, (at, at + size)
        at += size


def row(data: bytes, part: Part) -> Row:
    """A small message. Raises Damaged."""
    found: Row = {}
    for count, (tag, value) in enumerate(fields(data, part)):
        if count == MOST:
            raise Damaged(f"the message at byte {part[0]:,} has more than {MOST:,} fields")
        found.setdefault(tag, []).append(value)
    return found


def one(found: Row, tag: int) -> int:
    """A number, the last one of its tag; 0 where there is none."""
    values = found.get(tag)
    return values[-1] if values and isinstance(values[-1], int) else 0


def signed(value: int) -> int:
    """An int64 that was written as its 64-bit complement."""
    return value - (1 << 64) if value >> 63 else value


def numbers(data: bytes, found: Row, tag: int) -> list[int]:
    """A list of numbers, packed or not. Raises Damaged."""
    made: list[int] = []
    for value in found.get(tag, ()):
        made += [value] if isinstance(value, int) else _packed(data, value)
        if len(made) > MOST:
            raise Damaged(f"a list of more than {MOST:,} numbers")
    return made


def first(data: bytes, found: Row, tag: int) -> int:
    """The first number of such a list; 0 of none. Raises Damaged."""
    for value in found.get(tag, ()):
        if isinstance(value, int):
            return value
        if value[0] < value[1]:
            return number(data, *value)[0]
    return 0


def _packed(data: bytes, part: Part) -> list[int]:
    at, end = part
    if end - at > MOST * LONGEST:
        raise Damaged(f"a list of more than {MOST:,} numbers")
    made = []
    while at < end:
        value, at = number(data, at, end)
        made.append(value)
    return made


def number(data: bytes, at: int, end: int) -> tuple[int, int]:
    """(a varint, where it ends). Raises Damaged."""
    if at < end and data[at] < 0x80:
        return data[at], at + 1
    try:
        value, at = uvarint(data, at, min(LONGEST, end - at))
    except Unending:
        raise Damaged(f"no number ends at byte {at:,}") from None
    return value & MASK, at


__all__ = ["Part", "Row", "fields", "first", "number", "numbers", "one", "row", "signed"]
