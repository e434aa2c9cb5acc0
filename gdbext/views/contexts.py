"""What go-ctxtree and go-ctxchain say of a context in a line."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from gdbext.golang.std.contextread import Absence
from gdbext.report import Absent, Cell, Duration
from gdbext.report.values import rfc3339

if TYPE_CHECKING:
    from gdbext.analysis.contexts.rows import Row

MASKED = Absent("not shown without --values")
MOST_GOIDS = 6


def cell(value: Cell | Absence) -> Cell:
    """A decoded value as a cell: what could not be read becomes Absent."""
    return Absent(value.reason) if isinstance(value, Absence) else value


def shown_value(row: Row, values: bool) -> Cell:
    """A context's value is a secret more often than not: masked unless asked for, or typed at a prompt."""
    if row.value is None or values:
        return cell(row.value)
    return MASKED


Phrase = list[Cell]


def sentence(phrases: Iterable[Phrase]) -> list[Cell]:
    """Phrases with commas between them."""
    made: list[Cell] = []
    for phrase in phrases:
        made += [",", *phrase] if made else phrase
    return made


def details(row: Row, args: argparse.Namespace) -> Iterator[Phrase]:
    """What a line says of a context besides its address, kind and state."""
    if row.cause is not None:
        yield ["cause:", cell(row.cause)]
    elif row.deadline_in_ns is not None:
        yield deadline(row.deadline_in_ns, row.deadline_unix_ns)
    if row.key is not None:
        yield [cell(row.key), "=", shown_value(row, args.values)]
    if row.children:
        yield [registered(row.children, row.children_listed)]
    if row.waiters:
        yield [waiting(row.waiters)]


def registered(children: int, listed: int | None) -> str:
    """``15 registered``; ``4,015 registered, 15 of them listed`` where not all have become rows."""
    return f"{children:,} registered" + (f", {listed:,} of them listed" if listed not in (None, children) else "")


def moment(unix_ns: int | Absence | None) -> Cell:
    """A time in nanoseconds since 1970, as RFC 3339."""
    return rfc3339(*divmod(unix_ns, 10**9)) if isinstance(unix_ns, int) else cell(unix_ns)


def deadline(left: int | Absence, at: int | Absence | None) -> list[Cell]:
    """``deadline in 58m3s``, or that it has passed; ``deadline 2026-…`` where nobody knows how far it is."""
    if not isinstance(left, int):
        return ["deadline", moment(at)]
    if left < 0:
        return ["deadline", Duration(-left), "ago"]
    return ["deadline in", Duration(left)]


def waiting(goids: Sequence[int]) -> str:
    """``goroutine 18 waits``, ``5 goroutines wait: 18, 19, …``."""
    if len(goids) == 1:
        return f"goroutine {goids[0]} waits"
    shown = ", ".join(str(goid) for goid in goids[:MOST_GOIDS]) + (", …" if len(goids) > MOST_GOIDS else "")
    return f"{len(goids):,} goroutines wait: {shown}"
