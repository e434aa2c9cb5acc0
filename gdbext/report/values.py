"""What the rows of a table have in one column: cells of a kind, for many rows at a time.

What repeats stands once and numbers stay in an array, so that a million rows need not be a million Python objects.
Each can be had as cells, for a table, and as what the compiled writer of JSON takes (``rowjson.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta, timezone
from enum import Enum
from typing import Any, Protocol

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from gdbext.compute.arrays import I64, Bools
from gdbext.report import Absent, Address, Bytes, Duration, Hostile
from gdbext.report.kernels import ADDRESS, MOST_TEXTS, NANOSECONDS, NUMBER, SECONDS, TEXT, TEXTS

Form = tuple[int, I64]
"""A column as the compiled writer takes it: how it is written, and a number for each row."""
Instead = Sequence[tuple[Bools, object]]
"""Where another cell stands in place of a number; the last one that says so counts."""

FEW = 64
"""So many texts are written although no row may have them."""
YEAR_1, YEAR_10000 = -62135596800, 253402300800
"""Seconds since 1970: what RFC 3339 can write."""
NO_DATE = Absent("not a date")
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Kind(Enum):
    """What the cells of a column are, and with that their unit."""

    ADDRESS = "an address of the target", Address
    BYTES = "a size in bytes", Bytes, True
    DURATION = "a time in nanoseconds", Duration, True
    COUNT = "how many", None, True
    NUMBER = "a number that is a name: of a goroutine, a thread, a line", None, True
    FLAG = "whether", None
    TEXT = "text that we or the compiler wrote", None
    HOSTILE = "text from the target's memory", Hostile
    TIME = "a moment, as RFC 3339 in UTC", None
    LIST = "a list of such", None
    MAPPING = "values by name", None

    def __init__(self, meaning: str, wrap: Callable[[Any], Any] | None, is_number: bool = False) -> None:
        """``wrap`` makes a cell of a bare value, None where that is one; numbers are read from the right."""
        self.meaning = meaning
        self.wrap = wrap
        self.is_number = is_number

    def cell(self, value: Any) -> Any:
        """A value as a cell of this kind. None and Absent stay what they are."""
        return value if self.wrap is None or value is None or isinstance(value, Absent | Hostile) else self.wrap(value)


class Texts(Protocol):
    """The JSON texts that some rows refer to by number."""

    def literal(self, made: str) -> int:
        """The number of a text that is JSON already."""

    def values(self, values: Sequence[Any], kind: Kind) -> int:
        """The number of the first value's JSON; the others' follow."""


class Values(Protocol):
    """One column of some rows."""

    def cells(self, kind: Kind) -> list[Any]:
        """A cell for each row."""

    def forms(self, kind: Kind, texts: Texts) -> Iterator[Form]:
        """The same for the compiled writer; what several give is written without anything between."""


@frozen(eq=False)
class Choice:
    """Which of ``values`` each row has; -1: none, which is None."""

    values: Sequence[Any]
    which: I64

    def cells(self, kind: Kind) -> list[Any]:
        """Rows that have the same share it."""
        values, which = self._used()
        known = [*map(kind.cell, values), None]
        return list(map(known.__getitem__, which.tolist()))

    def forms(self, kind: Kind, texts: Texts) -> Iterator[Form]:
        """Numbers of texts."""
        values, which = self._used()
        first = texts.values(values, kind)
        yield TEXT, np.where(which >= 0, first + which, texts.literal("null"))

    def _used(self) -> tuple[Sequence[Any], I64]:
        """The same without values that no row has, where there are many."""
        if len(self.values) <= FEW:
            return self.values, self.which
        seen = np.zeros(len(self.values) + 1, np.bool_)
        seen[self.which] = True
        rank = np.cumsum(seen) - 1
        used = [self.values[number] for number in np.flatnonzero(seen[:-1]).tolist()]
        return used, np.where(self.which >= 0, rank[self.which], -1)


def each(values: Sequence[Any]) -> Choice:
    """A value of its own for each row."""
    return Choice(values, np.arange(len(values)))


@frozen(eq=False)
class Flags:
    """Whether, for each row, or what stands instead."""

    whether: Bools
    instead: Instead = ()

    def cells(self, kind: Kind) -> list[Any]:
        """True and False."""
        return _replaced(self.whether.tolist(), self.instead, kind)

    def forms(self, kind: Kind, texts: Texts) -> Iterator[Form]:
        """Numbers of texts."""
        found = texts.values([False, True], kind) + self.whether.astype(np.int64)
        for where, value in self.instead:
            found[where] = texts.values([value], kind)
        yield TEXT, found


@frozen(eq=False)
class Numbers:
    """A number for each row, or what stands instead. In a column of flags: whether it is another than 0."""

    numbers: NDArray[Any]
    instead: Instead = ()

    def cells(self, kind: Kind) -> list[Any]:
        """Numbers of the column's unit; rows that have the same share it."""
        if kind is Kind.FLAG:
            return Flags(self.numbers != 0, self.instead).cells(kind)
        numbers = self.numbers.tolist()
        if kind.wrap is not None:
            known = {number: kind.wrap(number) for number in set(numbers)}
            numbers = list(map(known.__getitem__, numbers))
        return _replaced(numbers, self.instead, kind)

    def forms(self, kind: Kind, texts: Texts) -> Iterator[Form]:
        """The numbers; those that are no numbers to the writer as texts."""
        if kind is Kind.FLAG:
            yield from Flags(self.numbers != 0, self.instead).forms(kind, texts)
            return
        found = self.numbers.astype(np.int64)
        for place in np.flatnonzero(self._odd(found, kind)).tolist():
            number = int(self.numbers[place])
            found[place] = TEXTS + texts.literal(f'"{number:#x}"' if kind is Kind.ADDRESS else str(number))
        for where, value in self.instead:
            found[where] = TEXTS + texts.values([value], kind)
        yield (ADDRESS if kind is Kind.ADDRESS else NUMBER), found

    def _odd(self, found: I64, kind: Kind) -> Bools:
        """Those the writer would take for texts or for negative: no honest target has such an address or time."""
        above = kind is not Kind.ADDRESS and self.numbers.dtype == np.uint64
        odd: Bools = found < (0 if above else TEXTS + MOST_TEXTS)
        for where, _ in self.instead:
            odd &= ~where
        return odd


@frozen(eq=False)
class Times:
    """Moments: whole seconds since 1970 and nanoseconds of the second; absent where that is no date."""

    seconds: I64
    nanoseconds: I64
    instead: Instead = ()

    def cells(self, kind: Kind) -> list[Any]:
        """RFC 3339, to the nanosecond."""
        moments = zip(self.seconds.tolist(), self.nanoseconds.tolist(), strict=True)
        return _replaced([rfc3339(*moment) for moment in moments], self.instead, kind)

    def forms(self, kind: Kind, texts: Texts) -> Iterator[Form]:
        """The second and what is behind the point."""
        seconds, nanoseconds = self.seconds.astype(np.int64), self.nanoseconds.astype(np.int64)
        wrong = (seconds < YEAR_1) | (seconds >= YEAR_10000)
        nothing = TEXTS + texts.literal("")
        for where, value in ((wrong, NO_DATE), *self.instead):
            seconds[where] = TEXTS + texts.values([value], kind)
            nanoseconds[where] = nothing
        yield SECONDS, seconds
        yield NANOSECONDS, nanoseconds


@frozen(eq=False)
class Except:
    """The same as other values, but for the rows ``where`` one cell stands instead, whatever is known of them."""

    values: Values
    where: Bools
    instead: Any

    def cells(self, kind: Kind) -> list[Any]:
        """A cell for each row."""
        return _replaced(self.values.cells(kind), [(self.where, self.instead)], kind)

    def forms(self, kind: Kind, texts: Texts) -> Iterator[Form]:
        """The same, the cell in place of the first of several and nothing in place of the others."""
        text = texts.values([self.instead], kind)
        for form, found in self.values.forms(kind, texts):
            yield form, np.where(self.where, text if form == TEXT else TEXTS + text, found)
            text = texts.literal("")


def rfc3339(seconds: int, nanoseconds: int) -> str | Absent:
    """A moment in UTC."""
    if not YEAR_1 <= seconds < YEAR_10000:
        return NO_DATE
    text = (EPOCH + timedelta(seconds=seconds)).replace(tzinfo=None).isoformat()
    return f"{text}.{nanoseconds:09d}Z"


def _replaced(cells: list[Any], instead: Instead, kind: Kind) -> list[Any]:
    for where, value in instead:
        cell = kind.cell(value)
        for place in np.flatnonzero(where).tolist():
            cells[place] = cell
    return cells


__all__ = ["Choice", "Except", "Flags", "Form", "Kind", "Numbers", "Texts", "Times", "Values", "each", "rfc3339"]
