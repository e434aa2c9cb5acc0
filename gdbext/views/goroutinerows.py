"""The rows of go-goroutines, as cells and as JSON. Hot loops of a long list: what rows share is made once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from typing import TYPE_CHECKING, Any, TypeVar

from gdbext.report import Absent, Duration
from gdbext.report.jsontext import plain

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gdbext.analysis.goroutines.grouping import Overview
    from gdbext.golang.runtime.symtab import Location
    from gdbext.report import Cell

    Ints = NDArray[np.int64]

Made = TypeVar("Made")

TOGETHER = 4096
"""Rows made at once."""
UNKNOWN_GOID = '{"absent": "its g cannot be read"}'
NO_TIME = '{"absent": "no garbage collection has seen it waiting yet"}'
NAMES = (
    '{"goid": ',
    ", ",
    ', "waiting_at_least_ns": ',
    ", ",
    ", ",
    ', "parent_goid": ',
    ', "thread": ',
    ", ",
    ', "address": "',
)
"""What stands before each part of a row; where that is no name, the part has its names with it."""
BETWEEN = ",\n"


class Shared:
    """What rows have in common, made for one of them."""

    def __init__(self, overview: Overview) -> None:
        self.overview = overview
        self.known: dict[object, dict[int, Any]] = {}

    def of(self, keys: NDArray[Any], rows: Ints, make: Callable[[Overview, int], Made]) -> list[Made]:
        """What ``make`` makes of each row. ``keys``: a number for each row that decides it."""
        numbers: list[int] = keys.tolist()
        known: dict[int, Made] = self.known.setdefault(make, {})
        if fresh := set(numbers).difference(known):
            firsts = dict(zip(reversed(numbers), reversed(rows.tolist()), strict=True))
            known.update((key, make(self.overview, firsts[key])) for key in fresh)
        return list(map(known.__getitem__, numbers))


def pieces(rows: Ints) -> Iterator[Ints]:
    """The rows, TOGETHER at a time."""
    for start in range(0, len(rows), TOGETHER):
        yield rows[start : start + TOGETHER]


def column(overview: Overview, name: str, rows: Ints) -> NDArray[Any]:
    """A field of each row's g."""
    found: NDArray[Any] = overview.goroutines.g[name][rows]
    return found


def state_keys(overview: Overview, rows: Ints) -> NDArray[Any]:
    """A number for what decides a status and wait reason: 32 bits, one bit, 8 bits."""
    status, reason = (column(overview, name, rows).astype("u8") for name in ("atomicstatus", "waitreason"))
    keys: NDArray[Any] = status | (column(overview, "lockedm", rows) != 0).astype("u8") << 32 | reason << 33
    return keys


def place_keys(overview: Overview, rows: Ints) -> Ints:
    """The node of the stack; a number of its own for a goroutine without frames, for each has its own reason."""
    keys = overview.places.nodes[rows]
    keys[keys < 0] = -1 - rows[keys < 0]
    return keys


def cells(overview: Overview, rows: Ints) -> Iterator[tuple[Cell, ...]]:
    """The rows of the table."""
    shared = Shared(overview)
    for piece in pieces(rows):
        states, places = state_keys(overview, piece), place_keys(overview, piece)
        yield from zip(
            [goid or Absent("unknown") for goid in column(overview, "goid", piece).tolist()],
            shared.of(states, piece, _status_cell),
            shared.of(states, piece, _reason_cell),
            shared.of(overview.waited[piece], piece, _waited_cell),
            shared.of(places, piece, _function_cell),
            shared.of(places, piece, _at_cell),
            shared.of(column(overview, "gopc", piece), piece, _creator_cell),
            [parent or None for parent in column(overview, "parentGoid", piece).tolist()],
            strict=True,
        )


def _status_cell(overview: Overview, row: int) -> Cell:
    goroutines = overview.goroutines
    return goroutines.status_name(row) + (", locked to a thread" if goroutines.g["lockedm"][row] else "")


def _reason_cell(overview: Overview, row: int) -> Cell:
    return overview.goroutines.reason(row) or None


def _waited_cell(overview: Overview, row: int) -> Cell:
    waited = int(overview.waited[row])
    return Duration(waited) if waited >= 0 else None


def _function_cell(overview: Overview, row: int) -> Cell:
    place = overview.places.place(row)
    return place.function if place else Absent(overview.places.why_absent(row))


def _at_cell(overview: Overview, row: int) -> Cell:
    place = overview.places.place(row)
    return at(place) if place else None


def _creator_cell(overview: Overview, row: int) -> Cell:
    return overview.created_by(row).function or None


def at(place: Location) -> str:
    """``file:line``."""
    return f"{place.file}:{place.line}"


def encoded(overview: Overview, rows: Ints) -> Iterator[str]:
    """JSON objects of the rows, joined with commas, some thousand in a piece."""
    shared = Shared(overview)
    for piece in pieces(rows):
        named = zip(NAMES, _parts(overview, shared, piece), strict=True)
        texts = [each for name, part in named for each in (repeat(name), part)]
        yield BETWEEN.join(map("".join, zip(*texts, repeat('"}'))))


def _parts(overview: Overview, shared: Shared, rows: Ints) -> Iterator[Iterable[str]]:
    """What follows each of NAMES, for every row."""
    goroutines, states = overview.goroutines, state_keys(overview, rows)
    timeless, waited = shared.of(states, rows, _no_time), overview.waited[rows].tolist()
    yield [str(goid or UNKNOWN_GOID) for goid in column(overview, "goid", rows).tolist()]
    yield shared.of(states, rows, _state)
    yield [str(time) if time >= 0 else none for time, none in zip(waited, timeless, strict=True)]
    yield shared.of(place_keys(overview, rows), rows, _place)
    yield shared.of(column(overview, "gopc", rows), rows, _creation)
    yield [str(parent or "null") for parent in column(overview, "parentGoid", rows).tolist()]
    yield [str(thread or "null") for thread in goroutines.tid[rows].tolist()]
    yield shared.of(column(overview, "labels", rows), rows, _labelled)
    yield map(hex, goroutines.address[rows].tolist())


def _no_time(overview: Overview, row: int) -> str:
    """Nothing for a goroutine that does not wait; absent where it waits but nobody noted since when."""
    return NO_TIME if overview.goroutines.status_name(row) in ("waiting", "leaked", "syscall") else "null"


def _members(mapping: dict[str, object]) -> str:
    """Members of a JSON object, without its braces."""
    return json.dumps(plain(mapping))[1:-1]


def state(overview: Overview, row: int) -> dict[str, object]:
    """The members that say what a goroutine does."""
    goroutines = overview.goroutines
    return {
        "status": goroutines.status_name(row),
        "wait_reason": goroutines.reason(row) or None,
        "locked": bool(goroutines.g["lockedm"][row]),
    }


def creation(overview: Overview, row: int) -> dict[str, object]:
    """The members that say who made a goroutine."""
    made = overview.created_by(row)
    return {"created_by": made.function or None, "created_at": at(made) if made.function else None}


def _state(overview: Overview, row: int) -> str:
    return _members(state(overview, row))


def _creation(overview: Overview, row: int) -> str:
    return _members(creation(overview, row))


def _place(overview: Overview, row: int) -> str:
    place = overview.places.place(row)
    if place is None:
        absent = Absent(overview.places.why_absent(row))
        return _members({"function": absent, "file": absent, "line": absent})
    return _members({"function": place.function, "file": place.file, "line": place.line})


def _labelled(overview: Overview, row: int) -> str:
    found = overview.labels(row)
    return _members({"labels": found if isinstance(found, dict) else Absent(found)})
