"""What go-ctxtree and go-ctxchain share: rows of contexts as JSON objects and as cells."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from gdbext.golang.std.contextread import Absence
from gdbext.report import Absent, Address, Cell, Duration

if TYPE_CHECKING:
    from gdbext.analysis.contexts.rows import Row

MASKED = Absent("not shown without --values")
MOST_GOIDS = 6


def cell(value: object) -> Cell:
    """A decoded value as a cell: what could not be read becomes Absent."""
    return Absent(value.reason) if isinstance(value, Absence) else value  # type: ignore[return-value]


def document(row: Row, args: argparse.Namespace) -> dict[str, object]:
    """One context with the keys of the interface."""
    certain = {} if row.certain is None else {"certain": row.certain}
    return {
        "address": Address(row.address),
        "kind": row.kind,
        "state": cell(row.state),
        "cause": cell(row.cause),
        "parent": Address(row.parent) if row.parent else None,
        "parent_kind": row.parent_kind or None,
        "registered_with": Address(row.registered_with) if row.registered_with else None,
        "children": row.children,
        "children_listed": row.children_listed,
        "deadline_in_ns": cell(row.deadline_in_ns),
        "deadline": cell(row.deadline),
        "key": cell(row.key),
        "value": shown_value(row, args),
        "waiters": list(row.waiters),
        "goroutines": list(row.goroutines),
        **certain,
    }


def shown_value(row: Row, args: argparse.Namespace) -> Cell:
    """A context's value is a secret more often than not: masked unless asked for, or typed at a prompt."""
    if row.value is None or args.values:
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
        yield deadline(row.deadline_in_ns, row.deadline)
    if row.key is not None:
        yield [cell(row.key), "=", shown_value(row, args)]
    if row.children:
        yield [registered(row.children, row.children_listed)]
    if row.waiters:
        yield [waiting(row.waiters)]


def registered(children: int, listed: int | None) -> str:
    """``15 registered``; ``4,015 registered, 15 of them listed`` where not all have become rows."""
    return f"{children:,} registered" + (f", {listed:,} of them listed" if listed not in (None, children) else "")


def deadline(left: int | Absence, at: object) -> list[Cell]:
    """``deadline in 58m3s (2026-…)``, or that it has passed."""
    if not isinstance(left, int):
        return ["deadline", cell(at)]
    if left < 0:
        return ["deadline", Duration(-left), "ago"]
    return ["deadline in", Duration(left)]


def waiting(goids: Sequence[int]) -> str:
    """``goroutine 18 waits``, ``5 goroutines wait: 18, 19, …``."""
    if len(goids) == 1:
        return f"goroutine {goids[0]} waits"
    shown = ", ".join(str(goid) for goid in goids[:MOST_GOIDS]) + (", …" if len(goids) > MOST_GOIDS else "")
    return f"{len(goids):,} goroutines wait: {shown}"
