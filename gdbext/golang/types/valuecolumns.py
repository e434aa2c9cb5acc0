"""Many Go values as text at a time: types that contexts hold by the thousand are read in bulk, the rest one by one.

The same texts as value.py makes; a test compares them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from gdbext.compute.arrays import U64
from gdbext.errors import GdbextError, MemoryFault
from gdbext.golang.types import rtype
from gdbext.golang.types.rtype import Type
from gdbext.golang.types.values import (
    DEADLINE_EXCEEDED,
    DEPTH,
    LONGEST,
    MESSAGES,
    MOST_BYTES,
    Values,
    message,
    number_form,
    numbers,
    quote,
    typed,
    unfollowed,
)

Texts = Sequence[str | None]
HEADER = np.dtype([("data", "<u8"), ("len", "<u8")])


class ValueColumns:
    """Reads values of one program; None for what has to be read by itself."""

    def __init__(self, values: Values) -> None:
        self.values, self.program, self.types = values, values.program, values.types

    def interfaces(self, words: U64, datas: U64) -> list[str | None]:
        """The values in interfaces, given by their two words; rows of the same type must follow each other."""
        return [text for word, part in _runs(words, datas) for text in self._tried(self._held, word, part)]

    def errors(self, words: U64, datas: U64) -> list[str | None]:
        """The messages of errors in interfaces, given in the same way."""
        return [text for word, part in _runs(words, datas) for text in self._tried(self._messages, word, part)]

    def _tried(self, read: Callable[[Type, U64], Texts], word: int, datas: U64) -> Texts:
        try:
            return read(self.types.dynamic(word), datas)
        except GdbextError:  # nil, or a reason that is each one's own
            return [None] * len(datas)

    def _held(self, type_: Type, datas: U64) -> Texts:
        if type_.kind == rtype.POINTER:
            shown = self.values.follows(type_, DEPTH)
            return [None if shown or not data else unfollowed(type_, data) for data in datas.tolist()]
        if type_.direct:
            return [f"{type_.name}({data:#x})" for data in datas.tolist()]
        if type_.kind == rtype.STRING:
            return [text and typed(type_.name, "string", text) for text in self.strings(datas)]
        if type_.kind == rtype.STRUCT and not self.types.fields(type_):
            return [f"{type_.name}{{}}"] * len(datas)
        return self._numbers(type_, datas)

    def _numbers(self, type_: Type, addresses: U64) -> Texts:
        form = number_form(type_)
        if form is None:
            return [None] * len(addresses)
        found, ok = self.program.gather(addresses, form)
        shown: list[str | None] = [*numbers(type_, found.tolist())]
        for unreadable in np.flatnonzero(~ok).tolist():
            shown[unreadable] = None
        return shown

    def strings(self, addresses: U64) -> Texts:
        """The literals of the strings whose headers lie at the addresses."""
        headers, ok = self.program.gather(addresses, HEADER)
        ok &= headers["len"] < LONGEST
        used = ok & (headers["len"] > 0)
        image = self.program.image_around(headers["data"][used], MOST_BYTES)
        rows = zip(ok.tolist(), headers["data"].tolist(), headers["len"].tolist(), strict=True)
        return [_literal(image.read, data, length) if fine else None for fine, data, length in rows]

    def _messages(self, type_: Type, datas: U64) -> Texts:
        if type_.name == DEADLINE_EXCEEDED:
            return ["context deadline exceeded"] * len(datas)
        name = MESSAGES.get(type_.name)
        for one in self.types.fields(self.types.elem(type_)) if name is not None else ():
            if one.name == name:
                return [text and message(text) for text in self.strings(datas + np.uint64(one.offset))]
        return [None] * len(datas)


def _literal(read: Callable[[int, int], bytes], data: int, length: int) -> str | None:
    try:
        return quote(read(data, min(length, MOST_BYTES)) if length else b"", length)
    except MemoryFault:
        return None


def _runs(words: U64, datas: U64) -> Iterator[tuple[int, U64]]:
    """(word, the data words that belong to it), in order."""
    bounds = np.flatnonzero(np.diff(words)) + 1
    firsts = words[np.concatenate([[0], bounds])[: len(words)]].tolist()
    yield from zip(firsts, np.split(datas, bounds), strict=False)  # no words split into one empty part
