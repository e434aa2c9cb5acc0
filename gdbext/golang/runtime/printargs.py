"""The arguments of a call as ``runtime.Stack`` prints them (runtime/traceback.go, printArgs): raw words, no types.

What to print at a pc is in two tables of the function (internal/abi/type.go, TraceArgs*): where each word lies from the
frame's argument pointer, and which words have not been stored there (yet), for arguments arrive in registers.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from attrs import frozen

from gdbext.errors import MemoryFault

if TYPE_CHECKING:
    from gdbext.golang.reading.declarations import Reader
    from gdbext.golang.runtime.symtab import Symtab

FUNCDATA_ARG_INFO, FUNCDATA_ARG_LIVE_INFO = 5, 6
PCDATA_ARG_LIVE_INDEX = 3
LONGEST = (5 * 3 + 2) * 10 + 1
"""``abi.TraceArgsMaxLen``: bytes of a function's list of arguments."""
LIVE_LONGEST = 1 << 10
END, START_AGGREGATE, END_AGGREGATE, AND_MORE, TOO_FAR = 0xFF, 0xFE, 0xFD, 0xFC, 0xFB
WORD = 8
TOGETHER = 1 << 14
"""Bytes that are read at once for several words."""


@frozen
class Word:
    """One printed value: ``size`` low bytes of the word at ``offset`` from the argument pointer."""

    offset: int
    size: int
    stale: bool
    """The place has not been written: what it holds may be anything ("?")."""

    def printed(self, data: bytes) -> str:
        """Its bytes as a number."""
        return f"{int.from_bytes(data, 'little'):#x}?" if self.stale else f"{int.from_bytes(data, 'little'):#x}"


@frozen(slots=False)
class Arguments:
    """How values are printed: ``template`` has a ``%s`` for each of ``words``, and ``%%`` for a percent sign."""

    template: str
    words: tuple[Word, ...] = ()

    def text(self, reader: Reader, argp: int) -> str:
        """The arguments of one frame; a word that cannot be read is ``_``."""
        return self.template % tuple(self._values(reader, argp))

    def _values(self, reader: Reader, argp: int) -> list[str]:
        """One read for all of them, where they lie close together and none is unreadable."""
        low, high = self._span
        if high - low <= TOGETHER:
            with suppress(MemoryFault):
                data = reader.read(argp + low, high - low) if self.words else b""
                return [word.printed(data[word.offset - low :][: word.size]) for word in self.words]
        return [_value(reader, argp, word) for word in self.words]

    @cached_property
    def _span(self) -> tuple[int, int]:
        """From the first word's offset to the last one's end."""
        ends = (word.offset + word.size for word in self.words)
        return min((word.offset for word in self.words), default=0), max(ends, default=0)


UNKNOWN = Arguments("")


def _value(reader: Reader, argp: int, word: Word) -> str:
    try:
        return word.printed(reader.read(argp + word.offset, word.size))
    except MemoryFault:
        return "_"


def arguments(symtab: Symtab, function: int, pc: int) -> Arguments:
    """The arguments of a function at ``pc``, the pc that its line is looked up by. Raises InconsistentRuntime."""
    address = symtab.funcdata(function, FUNCDATA_ARG_INFO)
    if not address:
        return UNKNOWN
    listed = _read_some(symtab.program, address, LONGEST)
    return _Parser(listed, _Liveness.of(symtab, function, pc)).parsed()


@frozen
class _Liveness:
    """Which words are where they belong. ``start``: those at smaller offsets always are; ``bits``: of the others."""

    start: int
    bits: bytes | None

    @classmethod
    def of(cls, symtab: Symtab, function: int, pc: int) -> _Liveness:
        address = symtab.funcdata(function, FUNCDATA_ARG_LIVE_INFO)
        known = _read_some(symtab.program, address, LIVE_LONGEST) if address else b""
        if not known:
            return cls(END, None)
        index = symtab.pcdata(function, PCDATA_ARG_LIVE_INDEX, pc)
        return cls(known[0], known[index:] if index > 0 else None)

    def is_stale(self, offset: int, slot: int) -> bool:
        if self.bits is None or offset < self.start or slot // 8 >= len(self.bits):
            return False
        return not self.bits[slot // 8] >> (slot % 8) & 1


class _Parser:
    """The list of arguments: offset and size of each word, with marks for aggregates and for what was left out."""

    def __init__(self, listed: bytes, live: _Liveness) -> None:
        self.listed, self.live = listed, live
        self.text: list[str] = []
        self.words: list[Word] = []
        self._first = True

    def parsed(self) -> Arguments:
        at = slot = 0
        while at < len(self.listed) and (operator := self.listed[at]) != END:
            at += 1
            if operator >= TOO_FAR:
                self._mark(operator)
            elif at < len(self.listed):
                self._put("%s")
                self.words.append(Word(operator, min(self.listed[at], WORD), self.live.is_stale(operator, slot)))
                at += 1
                slot += operator >= self.live.start
        return Arguments("".join(self.text), tuple(self.words))

    def _put(self, text: str) -> None:
        self.text.append(text if self._first else f", {text}")
        self._first = text == "{"

    def _mark(self, operator: int) -> None:
        if operator == END_AGGREGATE:
            self.text.append("}")
            self._first = False
        else:
            self._put({START_AGGREGATE: "{", AND_MORE: "...", TOO_FAR: "_"}[operator])


def _read_some(reader: Reader, address: int, size: int) -> bytes:
    """Up to ``size`` bytes: fewer where the memory ends before."""
    while size:
        try:
            return reader.read(address, size)
        except MemoryFault:
            size //= 2
    return b""
