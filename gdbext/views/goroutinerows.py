"""The rows of go-goroutines, each column declared once. Hot loops of a long list: what rows share is made once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import evolve

from gdbext.report import Absent
from gdbext.report.columns import Column, Schema
from gdbext.report.values import Choice, Except, Kind, Numbers, Values, each

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gdbext.analysis.goroutines.grouping import Overview
    from gdbext.compute.arrays import Bools
    from gdbext.golang.runtime.symtab import Location

    Ints = NDArray[np.int64]

TOGETHER = 4096
"""Rows made at once."""
NO_G, UNKNOWN = Absent("its g cannot be read"), Absent("unknown")
NO_FIELD = Absent("not in this release of Go")
NO_TIME = Absent("no garbage collection has seen it waiting yet")
Make = Callable[["Overview", int], Any]
Place = tuple["Overview", int]
"""One goroutine: its row."""


class Alike:
    """Rows that one number decides something of have the same place here, and what it decides is made once."""

    def __init__(self, overview: Overview) -> None:
        self.overview = overview
        self._places: dict[int, int] = {}
        self._examples: list[int] = []
        self._made: dict[Make, list[Any]] = {}

    def places(self, keys: NDArray[Any], rows: Ints) -> Ints:
        """The place of each row. ``keys``: the number that decides."""
        numbers: list[int] = keys.tolist()
        if fresh := set(numbers).difference(self._places):
            firsts = dict(zip(reversed(numbers), reversed(rows.tolist()), strict=True))
            self._places.update(zip(fresh, range(len(self._examples), len(self._examples) + len(fresh)), strict=True))
            self._examples += [firsts[key] for key in fresh]
        return np.fromiter(map(self._places.__getitem__, numbers), np.int64, len(numbers))

    def made(self, make: Make) -> list[Any]:
        """What ``make`` makes of a row of each place."""
        made = self._made.setdefault(make, [])
        made += [make(self.overview, row) for row in self._examples[len(made) :]]
        return made


class Goroutines:
    """Goroutines to be listed, and what they have in common."""

    def __init__(self, overview: Overview) -> None:
        self.overview = overview
        self.states, self.stacks, self.creators, self.labels = (Alike(overview) for _ in range(4))


class Piece:
    """Some rows of an overview."""

    def __init__(self, every: Goroutines, rows: Ints) -> None:
        self.every, self.overview, self.rows = every, every.overview, rows

    def has(self, name: str) -> bool:
        """Whether this release of Go has the field."""
        return name in (self.overview.goroutines.g.dtype.names or ())

    def field(self, name: str) -> NDArray[Any]:
        """A field of each row's g."""
        found: NDArray[Any] = self.overview.goroutines.g[name][self.rows]
        return found

    @cached_property
    def states(self) -> Ints:
        """Status, lock and wait reason decide: 32 bits, one bit, 8 bits."""
        status, reason = (self.field(name).astype("u8") for name in ("atomicstatus", "waitreason"))
        keys = status | (self.field("lockedm") != 0).astype("u8") << 32 | reason << 33
        return self.every.states.places(keys, self.rows)

    @cached_property
    def stacks(self) -> Ints:
        """The node of the stack decides; each goroutine without frames has its own reason."""
        keys = self.overview.places.nodes[self.rows]
        keys[keys < 0] = -1 - self.rows[keys < 0]
        return self.every.stacks.places(keys, self.rows)

    @cached_property
    def creators(self) -> Ints:
        """The go statement decides."""
        return self.every.creators.places(self.field("gopc"), self.rows)

    @cached_property
    def labels(self) -> Ints:
        """The map of labels decides."""
        return self.every.labels.places(self.field("labels"), self.rows)

    @cached_property
    def unreadable(self) -> Bools:
        """Rows whose g cannot be read."""
        found: Bools = self.overview.goroutines.unreadable[self.rows]
        return found

    def but_unreadable(self, values: Values, instead: Absent | None) -> Values:
        """The values; ``instead`` where they were made of a g that cannot be read."""
        return Except(values, self.unreadable, instead) if self.unreadable.any() else values

    def choice(self, by: str, make: Make) -> Choice:
        """What ``make`` makes of each row, which is the same for those alike by what ``by`` names."""
        which = getattr(self, by)
        return Choice(getattr(self.every, by).made(make), which)


def pieces(overview: Overview, rows: Ints) -> Iterator[Piece]:
    """The rows, TOGETHER at a time."""
    every = Goroutines(overview)
    for start in range(0, len(rows), TOGETHER):
        yield Piece(every, rows[start : start + TOGETHER])


def at(place: Location) -> str:
    """``file:line``."""
    return f"{place.file}:{place.line}"


def _field(name: str, *zero: Absent | None) -> Callable[[Piece], Values]:
    """A field of the g as a number or a flag; ``zero``, where there is one, stands for 0."""

    def many(piece: Piece) -> Values:
        if not piece.has(name):
            return each([NO_FIELD] * len(piece.rows))
        numbers = piece.field(name)
        return Numbers(numbers, [(numbers == 0, instead) for instead in zero])

    return many


def _status(overview: Overview, row: int) -> str:
    return overview.goroutines.status_name(row)


def _status_and_lock(overview: Overview, row: int) -> str:
    return _status(overview, row) + (", locked to a thread" if _locked(overview, row) else "")


def _locked(overview: Overview, row: int) -> bool:
    return bool(overview.goroutines.g["lockedm"][row])


def _reason(overview: Overview, row: int) -> str | None:
    return overview.goroutines.reason(row) or None


def _waits(overview: Overview, row: int) -> bool:
    return _status(overview, row) in ("waiting", "leaked", "syscall")


def _waited(piece: Piece) -> Values:
    """None for a goroutine that does not wait; absent where it waits but nobody noted since when."""
    waited, waits = piece.overview.waited[piece.rows], piece.choice("states", _waits)
    timeless = waited < 0
    return Numbers(waited, [(timeless, None), (timeless & np.array(waits.values, np.bool_)[waits.which], NO_TIME)])


def _waited_in_table(piece: Piece) -> Values:
    waited = piece.overview.waited[piece.rows]
    return Numbers(waited, [(waited < 0, None)])


def _of_place(of: Callable[[Location], Any]) -> Make:
    """Something of the place where it is, or why there is none."""

    def make(overview: Overview, row: int) -> Any:
        place = overview.places.place(row)
        return of(place) if place is not None else Absent(overview.places.why_absent(row))

    return make


def _at(overview: Overview, row: int) -> str | None:
    place = overview.places.place(row)
    return at(place) if place else None


def _created_by(overview: Overview, row: int) -> str | None:
    return overview.created_by(row).function or None


def _created_at(overview: Overview, row: int) -> str | None:
    made = overview.created_by(row)
    return at(made) if made.function else None


def _thread(piece: Piece) -> Values:
    threads = piece.overview.goroutines.tid[piece.rows]
    return Numbers(threads, [(threads == 0, None)])


def _labels(overview: Overview, row: int) -> Any:
    found = overview.labels(row)
    return found if isinstance(found, dict) else Absent(found)


def _address(piece: Piece) -> Values:
    return Numbers(piece.overview.goroutines.address[piece.rows])


def _column(
    by: str, key: str, kind: Kind, make: Make, title: str = "", in_table: Make | None = None
) -> Column[Place, Piece]:
    """A column that is the same for goroutines alike by ``by``: an array of Piece."""
    table = None if in_table is None else lambda piece: piece.choice(by, in_table)
    return Column(key, kind, title, lambda place: make(*place), lambda piece: piece.choice(by, make), table)


OWN_WORDS = ("goid", "function", "at", "file", "line", "address")
"""Columns that say themselves what they know of a goroutine whose g cannot be read, or why they know nothing."""


def _guarded(column: Column[Place, Piece]) -> Column[Place, Piece]:
    """The same column; absent, in the table "-", where it would have been made of the zeros of an unreadable g."""
    if (column.key or column.title) in OWN_WORDS:
        return column

    def one(place: Place) -> Any:
        overview, row = place
        return NO_G if overview.goroutines.unreadable[row] else column.cell(place)

    return evolve(
        column,
        one=one if column.one is not None else None,
        many=lambda piece: piece.but_unreadable(column.values(piece), NO_G),
        in_table=lambda piece: piece.but_unreadable((column.in_table or column.values)(piece), None),
    )


COLUMNS: Sequence[Column[Place, Piece]] = (
    Column("goid", Kind.NUMBER, "goid", many=_field("goid", NO_G), in_table=_field("goid", UNKNOWN)),
    _column("states", "status", Kind.TEXT, _status, "status", _status_and_lock),
    _column("states", "wait_reason", Kind.TEXT, _reason, "waiting for"),
    _column("states", "locked", Kind.FLAG, _locked),
    Column("waiting_at_least_ns", Kind.DURATION, "at least", many=_waited, in_table=_waited_in_table),
    _column("stacks", "function", Kind.TEXT, _of_place(lambda place: place.function), "function"),
    _column("stacks", "", Kind.TEXT, _at, "at"),
    _column("stacks", "file", Kind.TEXT, _of_place(lambda place: place.file)),
    _column("stacks", "line", Kind.NUMBER, _of_place(lambda place: place.line)),
    _column("creators", "created_by", Kind.TEXT, _created_by, "created by"),
    _column("creators", "created_at", Kind.TEXT, _created_at),
    Column("parent_goid", Kind.NUMBER, "parent", many=_field("parentGoid", None)),
    Column("thread", Kind.NUMBER, many=_thread),
    _column("labels", "labels", Kind.MAPPING, _labels),
    Column("address", Kind.ADDRESS, many=_address),
)
"""A goroutine, column by column: to add one, add it here."""
GOROUTINE: Schema[Place, Piece] = Schema(tuple(map(_guarded, COLUMNS)))
STATE, CREATION = GOROUTINE.only("status", "wait_reason", "locked"), GOROUTINE.only("created_by", "created_at")
"""What goroutines of a group share."""
