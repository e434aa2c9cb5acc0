"""Go values as short text, read by their type descriptors: the keys, values and errors that contexts hold.

What comes from the target's memory is quoted and escaped here, so that it is plain text wherever it goes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gdbext.errors import GdbextError, MemoryFault
from gdbext.golang.reading.program import Program
from gdbext.golang.types import rtype
from gdbext.golang.types.rtype import BOOL, FLOATS, INTS, UINTS, Type, Types

MOST_BYTES = 200
LONGEST = 1 << 40
"""A string of so many bytes is none."""
MOST_FIELDS = 8
DEPTH = 3
MESSAGES = {  # the field that holds an error's text
    "*errors.errorString": "s",
    "*fmt.wrapError": "msg",
    "*fmt.wrapErrors": "msg",
}
DEADLINE_EXCEEDED = "context.deadlineExceededError"


def quote(data: bytes, length: int | None = None) -> str:
    """A Go string literal: printable UTF-8 as it is, everything else escaped; ``length`` says if more was there."""
    text = data.decode("utf-8", "surrogateescape")
    plain = text.isprintable() and '"' not in text and "\\" not in text
    shown = text if plain else "".join(_escape(char) for char in text)
    more = f"…({length} bytes)" if length is not None and length > len(data) else ""
    return f'"{shown}"{more}'


def _escape(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    if char.isprintable():
        return char
    code = ord(char)
    if char in "\n\t\r":
        return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}[char]
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def message(literal: str) -> str:
    """An error's text without the quotes of a literal."""
    return literal[1:-1].replace('\\"', '"')


class Values:
    """Reads values of one program."""

    def __init__(self, program: Program, types: Types) -> None:
        self.program = program
        self.types = types

    def interface(self, word: int, data: int) -> str:
        """The value in an interface, by its first word (itab or type descriptor) and its data word."""
        if word == 0:
            return "nil"
        type_ = self.types.dynamic(word)
        return self.held(type_, data, DEPTH)

    def held(self, type_: Type, data: int, depth: int) -> str:
        """A value of ``type_`` that an interface's data word ``data`` holds or points to."""
        if type_.kind == rtype.POINTER:
            return self.pointer(type_, data, depth)
        if type_.direct:
            return f"{type_.name}({data:#x})"
        return self.at(type_, data, depth)

    def pointer(self, type_: Type, address: int, depth: int) -> str:
        """``&pkg.T{…}`` for a small struct, ``(*pkg.T)(0x…)`` otherwise."""
        if address == 0:
            return f"({type_.name})(nil)"
        if self.follows(type_, depth):
            return "&" + self.at(self.types.elem(type_), address, depth - 1)
        return unfollowed(type_, address)

    def follows(self, type_: Type, depth: int) -> bool:
        """Whether what a pointer points to is shown: a small struct."""
        elem = self.types.elem(type_)
        return elem.kind == rtype.STRUCT and depth > 1 and len(self.types.fields(elem)) <= 2

    def at(self, type_: Type, address: int, depth: int) -> str:
        """The value of ``type_`` at ``address``; what cannot be read says so."""
        try:
            return self._at(type_, address, depth)
        except GdbextError:
            return f"{type_.name}(unreadable)"

    def _at(self, type_: Type, address: int, depth: int) -> str:
        if type_.kind == rtype.STRING:
            return typed(type_.name, "string", self.string(address))
        if type_.kind == rtype.STRUCT:
            return self._struct(type_, address, depth)
        if type_.kind == rtype.ARRAY:
            return self._array(type_, address, depth)
        if type_.kind == rtype.POINTER:
            return self.pointer(type_, self.program.word(address), depth)
        if type_.kind == rtype.INTERFACE:
            return self._interface_at(type_, address, depth)
        number = self._number(type_, address)
        return number if number is not None else f"{type_.name}(at {address:#x})"

    def _interface_at(self, type_: Type, address: int, depth: int) -> str:
        word, data = self.program.word(address), self.program.word(address + 8)
        if depth <= 0 or word == 0:
            return "nil" if word == 0 else f"{type_.name}(…)"
        return self.held(self.types.dynamic(word), data, depth - 1)

    def _struct(self, type_: Type, address: int, depth: int) -> str:
        fields = self.types.fields(type_)
        if fields and depth <= 0:
            return f"{type_.name}{{…}}"
        shown = [
            f"{one.name}:{self.at(self.types.at(one.type), address + one.offset, depth - 1)}"
            for one in fields[:MOST_FIELDS]
        ]
        return _braced(type_, shown, len(fields))

    def _array(self, type_: Type, address: int, depth: int) -> str:
        """Bytes (of a UUID, a hash, an address) as one hexadecimal number."""
        elem = self.types.elem(type_)
        count = type_.size // elem.size if elem.size else 0
        if elem.kind == rtype.UINT8 and elem.size == 1:
            raw = self.program.read(address, min(count, MOST_BYTES))
            return f"{type_.name}({raw.hex()}{f'…({count} bytes)' if count > len(raw) else ''})"
        if count and depth <= 0:
            return f"{type_.name}{{…}}"
        shown = [self.at(elem, address + at * elem.size, depth - 1) for at in range(min(count, MOST_FIELDS))]
        return _braced(type_, shown, count)

    def _number(self, type_: Type, address: int) -> str | None:
        form = number_form(type_)
        if form is None:
            return None
        raw = self.program.read(address, form.itemsize)
        return numbers(type_, np.frombuffer(raw, form).tolist())[0]

    def string(self, address: int) -> str:
        """The Go string whose header lies at ``address``, as a literal."""
        data, length = self.program.word(address), self.program.word(address + 8)
        if length >= LONGEST:
            raise MemoryFault(data, length, "no string is that long")
        return quote(self.program.read(data, min(length, MOST_BYTES)) if length else b"", length)

    def error(self, word: int, data: int) -> str:
        """An error's message, where its type is one of the standard library's; else the value itself."""
        type_ = self.types.dynamic(word)
        if type_.name == DEADLINE_EXCEEDED:
            return "context deadline exceeded"
        name = MESSAGES.get(type_.name)
        if name is None:
            return self.held(type_, data, DEPTH)
        for one in self.types.fields(self.types.elem(type_)):
            if one.name == name:
                return message(self.string(data + one.offset))
        return self.held(type_, data, DEPTH)


def unfollowed(type_: Type, address: int) -> str:
    """A pointer as its number."""
    return f"({type_.name})({address:#x})"


def _braced(type_: Type, shown: Sequence[str], count: int) -> str:
    """The first parts of a value that has so many."""
    more = [f"…{count - len(shown)} more"] if count > len(shown) else []
    return f"{type_.name}{{{', '.join([*shown, *more])}}}"


def number_form(type_: Type) -> np.dtype[Any] | None:
    """How a number or a bool lies in memory; None for another type, or one of a senseless size."""
    kind, size = type_.kind, type_.size
    if kind == BOOL:
        return np.dtype("?")
    letter = "i" if kind in INTS else "u" if kind in UINTS else "f" if kind in FLOATS else ""
    sizes = (4, 8) if letter == "f" else (1, 2, 4, 8)
    return np.dtype(f"<{letter}{size}") if letter and size in sizes else None


def numbers(type_: Type, values: Sequence[float]) -> list[str]:
    """Numbers or bools as texts."""
    name, plain = type_.name, "float64" if type_.kind in FLOATS else "bool" if type_.kind == BOOL else "int"
    return [typed(name, plain, literal(value)) for value in values]


def literal(number: float) -> str:
    """A number or bool as Go prints it: true, NaN, +Inf."""
    if isinstance(number, bool):
        return "true" if number else "false"
    if math.isfinite(number):
        return repr(number)
    return "NaN" if math.isnan(number) else "+Inf" if number > 0 else "-Inf"


def typed(name: str, plain: str, text: str) -> str:
    """A value with its type, unless that is the one its literal has anyway."""
    return text if name == plain else f"{name}({text})"
