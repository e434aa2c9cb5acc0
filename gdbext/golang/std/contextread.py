"""One context read in full: its state, cause, deadline, key and value (context/context.go)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from attrs import frozen

from gdbext.compute.arrays import U64
from gdbext.errors import GdbextError
from gdbext.golang.reading.program import Program
from gdbext.golang.std import context
from gdbext.golang.std.context import ContextTypes, Kind
from gdbext.golang.std.time import HAS_MONOTONIC, SECOND, TIME, TIMER, start_nano, unix
from gdbext.golang.types.rtype import Types
from gdbext.golang.types.valuecolumns import ValueColumns
from gdbext.golang.types.values import Values

T = TypeVar("T")


@frozen
class Absence:
    """A part that could not be read, and why."""

    reason: str


@frozen
class Deadline:
    """When a timerCtx ends: by the wall clock, and on CLOCK_MONOTONIC unless only the wall clock is known."""

    unix_ns: int
    monotonic_ns: int | None


@frozen
class Detail:
    """A context's own fields. ``parent``: (itab, data) of its parent's interface, None when it has none.

    ``cancelled`` None: it has no state of its own. ``done``: its channel, 0 when nobody asked. ``children``: its map's
    header, 0 for none. A part that could not be read is an Absence.
    """

    address: int
    kind: Kind
    parent: tuple[int, int] | None = None
    cancelled: bool | None = None
    error: str | Absence | None = None
    cause: str | Absence | None = None
    deadline: Deadline | Absence | None = None
    done: int = 0
    children: int = 0
    key: str | Absence | None = None
    value: str | Absence | None = None
    channels: tuple[int, ...] = ()


class ContextReader:
    """Reads single contexts of one program."""

    def __init__(self, program: Program, types: Types, ctypes: ContextTypes) -> None:
        self.program, self.types, self.ctypes = program, types, ctypes
        self.values = Values(program, types)
        self.columns = ValueColumns(self.values)

    def at(self, kind: Kind, address: int) -> Detail:
        """The context of a known kind at ``address``. Raises MemoryFault when its fixed part cannot be read."""
        parent = self._pair(address + kind.parent) if kind.parent is not None else None
        if kind.canceler:
            return self._canceler(kind, address, parent)
        if kind.name == context.VALUE:
            record = self.program.record(context.VALUE_CTX, address)
            key, value = (self.any(int(pair["tab"]), int(pair["data"])) for pair in (record["key"], record["value"]))
            return Detail(address, kind, parent, key=key, value=value)
        channels = tuple(self.program.word(address + offset) for offset in kind.channels)
        return Detail(address, kind, parent, channels=channels)

    def tried(self, kind: Kind, address: int) -> Detail:
        """Like ``at``; where its fixed part cannot be read only the reason, as its cause."""
        try:
            return self.at(kind, address)
        except GdbextError as error:
            return Detail(address, kind, cause=Absence(str(error)))

    def _pair(self, address: int) -> tuple[int, int]:
        raw = self.program.read(address, 16)
        return int.from_bytes(raw[:8], "little"), int.from_bytes(raw[8:], "little")

    def any(self, word: int, data: int) -> str | Absence:
        """The value in an interface."""
        try:
            return self.values.interface(word, data)
        except GdbextError as error:
            return Absence(str(error))

    def error(self, word: int, data: int) -> str | Absence | None:
        """The message of an error in an interface, None for nil."""
        try:
            return self.values.error(word, data) if word else None
        except GdbextError as error:
            return Absence(str(error))

    def anys(self, words: U64, datas: U64) -> list[str | Absence]:
        """The values in many interfaces; those with the same first word follow each other."""
        return _filled(self.columns.interfaces(words, datas), words, datas, self.any)

    def errors(self, words: U64, datas: U64) -> list[str | Absence | None]:
        """The messages of errors in many interfaces, in the same way."""
        return _filled(self.columns.errors(words, datas), words, datas, self.error)

    def _canceler(self, kind: Kind, address: int, parent: tuple[int, int] | None) -> Detail:
        record = self.program.record(context.CANCEL_CTX, address)
        cancelled = bool(record["err"]["tab"])
        return Detail(
            address,
            kind,
            parent,
            cancelled,
            error=self.error(int(record["err"]["tab"]), int(record["err"]["data"])),
            cause=self.error(int(record["cause"]["tab"]), int(record["cause"]["data"])),
            deadline=self._deadline(address) if kind.name == "*context.timerCtx" else None,
            done=int(record["done"]["data"]),
            children=int(record["children"]),
        )

    def _deadline(self, address: int) -> Deadline | Absence:
        try:
            bound = self.program.bound(context.TIMER_CTX)
            time = self.program.record(TIME, address + bound.offset("deadline"))
            wall, ext = int(time["wall"]), int(time["ext"])
            seconds, nanoseconds = unix(wall, ext)
            monotonic = wall & HAS_MONOTONIC
            when = ext + start_nano(self.program) if monotonic else self._timer_when(address + bound.offset("timer"))
            return Deadline(seconds * SECOND + nanoseconds, when)
        except GdbextError as error:
            return Absence(str(error))

    def _timer_when(self, field: int) -> int | None:
        timer = self.program.word(field)
        if not timer:
            return None
        bound = self.program.bound(TIMER)
        raw = self.program.read(timer + bound.offset("when"), 8)
        return int.from_bytes(raw, "little", signed=True)


def _filled(read: Sequence[str | None], words: U64, datas: U64, alone: Callable[[int, int], T]) -> list[str | T]:
    """What was read in bulk, and what has to be read by itself."""
    pairs = zip(read, words.tolist(), datas.tolist(), strict=True)
    return [alone(word, data) if text is None else text for text, word, data in pairs]
