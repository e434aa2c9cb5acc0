"""go-goroutines: every goroutine, what it waits for and where."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from gdbext.commands import Command

if TYPE_CHECKING:
    from gdbext.analysis.goroutines import Group, Overview
    from gdbext.golang.symtab import Location
    from gdbext.report import Block, Cell, Report
    from gdbext.session import Session

STATUSES = ("runnable", "running", "syscall", "waiting", "copystack", "preempted", "leaked")
GROUPS = ("stack", "created-by", "reason")
EXAMPLES_IN_TEXT = 5
COLUMNS = ("goid", "status", "waiting for", "at least", "function", "at", "created by", "parent")


def _label(text: str) -> tuple[str, str | None]:
    key, equals, value = text.partition("=")
    if not key:
        raise argparse.ArgumentTypeError(f"{text!r} is no label; write KEY=VALUE or KEY")
    return key, value if equals else None


def arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--status", choices=STATUSES, metavar="S", help=f"only goroutines that are S: {', '.join(STATUSES)}")
    add("--reason", metavar="R", default="", help="only those whose wait reason contains R, in any case")
    add("--in", dest="function", metavar="FUNC", default="", help="only those with FUNC in the name of any function")
    add("--label", type=_label, action="append", metavar="K=V", help="only those with that profiler label; K: any V")
    add("--group", choices=GROUPS, metavar="BY", help="count those alike by stack, created-by or reason, largest first")


def run(session: Session, args: argparse.Namespace) -> Report:
    """The goroutines that the options choose, as rows or as groups."""
    from gdbext.analysis.goroutines import Overview, Wanted, select
    from gdbext.report import Report, Rows

    overview = Overview(session.goroutines, whole=bool(args.function or args.group == "stack"))
    rows = select(overview, Wanted(args.status or "", args.reason, args.function, args.label or ()))
    shown = rows if args.limit is None else rows[: args.limit]
    if not args.group:
        document = {"goroutines": Rows(_encoded(overview, shown.tolist()), encoded=True)}
        return Report(document, [_table(overview, shown.tolist(), len(rows))], _notes(overview, rows.tolist()))
    groups = _groups(overview, rows, args.group)
    kept = groups if args.limit is None else groups[: args.limit]
    document = {
        "groups": Rows(_group_objects(overview, kept, args.group)),
        "goroutines": Rows(_encoded(overview, shown.tolist()), encoded=True),
    }
    blocks = [_group_block(overview, kept, len(groups) - len(kept), args.group)]
    return Report(document, blocks, _notes(overview, rows.tolist()))


# Rows


def _table(overview: Overview, rows: Sequence[int], total: int) -> Block:
    from gdbext.report import Column, Table

    right = ("goid", "at least", "parent")
    columns = [Column(name, "right" if name in right else "left") for name in COLUMNS]
    left_out = total - len(rows)
    cut = f"… and {left_out:,} more (--all shows them, --group stack folds them)" if left_out else ""
    return Table(columns, _cells(overview, rows), f"{total:,} {_plural(total)}", cut)


def _plural(count: int) -> str:
    return "goroutine" if count == 1 else "goroutines"


def _cells(overview: Overview, rows: Iterable[int]) -> Iterator[list[Cell]]:
    """The hot loop of a long list: what rows share is made once."""
    from gdbext.report import Absent, Duration

    goroutines = overview.goroutines
    goids, parents, waited = goroutines.goid.tolist(), goroutines.parent_goid.tolist(), goroutines.waited().tolist()
    nodes, creators, states = overview.places.nodes.tolist(), goroutines.g["gopc"].tolist(), _state_keys(overview)
    spots: dict[int, tuple[Cell, Cell]] = {}
    stated: dict[object, tuple[Cell, Cell]] = {}
    made: dict[int, Cell] = {}
    for row in rows:
        key = nodes[row] if nodes[row] >= 0 else -1 - row
        if key not in spots:
            spots[key] = _spot(overview, row)
        if states[row] not in stated:
            stated[states[row]] = (_status(overview, row), goroutines.reason(row) or None)
        if creators[row] not in made:
            made[creators[row]] = overview.created_by(row).function or None
        yield [
            goids[row] or Absent("unknown"),
            *stated[states[row]],
            Duration(waited[row]) if waited[row] >= 0 else None,
            *spots[key],
            made[creators[row]],
            parents[row] or None,
        ]


def _spot(overview: Overview, row: int) -> tuple[Cell, Cell]:
    from gdbext.report import Absent

    place = overview.places.place(row)
    return (place.function, _at(place)) if place else (Absent(overview.places.why_absent(row)), None)


def _at(place: Location) -> str:
    return f"{place.file}:{place.line}"


def _status(overview: Overview, row: int) -> str:
    goroutines = overview.goroutines
    return goroutines.status_name(row) + (", locked to a thread" if goroutines.g["lockedm"][row] else "")


def _encoded(overview: Overview, rows: Iterable[int]) -> Iterator[str]:
    """The rows as JSON texts; whatever repeats is encoded once."""
    goroutines, places, memo = overview.goroutines, overview.places, _Memo(overview)
    goids, parents, waited = goroutines.goid.tolist(), goroutines.parent_goid.tolist(), goroutines.waited().tolist()
    nodes, creators, labels = places.nodes.tolist(), goroutines.g["gopc"].tolist(), goroutines.g["labels"].tolist()
    threads, addresses, states = goroutines.tid.tolist(), goroutines.address.tolist(), _state_keys(overview)
    for row in rows:
        node = nodes[row]
        where = memo.members(node if node >= 0 else -1 - row, _place, row)
        made = memo.members(creators[row], _creation, row)
        named = memo.members(labels[row], _labelled, row)
        state = memo.members(states[row], _state, row)
        since = _waiting_json(overview, row, waited[row])
        yield (
            f'{{"goid": {goids[row] or UNKNOWN_GOID}, {state}, "waiting_at_least_ns": {since}, {where}, {made}, '
            f'"parent_goid": {parents[row] or "null"}, "thread": {threads[row] or "null"}, {named}, '
            f'"address": "{addresses[row]:#x}"}}'
        )


UNKNOWN_GOID = '{"absent": "its g cannot be read"}'
NO_TIME = '{"absent": "no garbage collection has seen it waiting yet"}'


def _waiting_json(overview: Overview, row: int, waited: int) -> str:
    """Nothing for a goroutine that does not wait; absent where it waits but nobody noted since when."""
    if waited >= 0:
        return str(waited)
    return NO_TIME if overview.goroutines.status_name(row) in ("waiting", "leaked", "syscall") else "null"


class _Memo:
    """Members of JSON objects, encoded once for all rows that share them."""

    def __init__(self, overview: Overview) -> None:
        self.overview = overview
        self.known: dict[tuple[object, object], str] = {}

    def members(self, key: object, make: Callable[[Overview, int], dict[str, object]], row: int) -> str:
        found = self.known.get((make, key))
        if found is None:
            from gdbext.report.json import plain

            found = self.known[make, key] = json.dumps(plain(make(self.overview, row)))[1:-1]
        return found


def _state_keys(overview: Overview) -> list[tuple[int, int, bool]]:
    """What decides a row's ``_state``."""
    g = overview.goroutines.g
    return list(zip(g["atomicstatus"].tolist(), g["waitreason"].tolist(), (g["lockedm"] != 0).tolist(), strict=True))


def _state(overview: Overview, row: int) -> dict[str, object]:
    goroutines = overview.goroutines
    return {
        "status": goroutines.status_name(row),
        "wait_reason": goroutines.reason(row) or None,
        "locked": bool(goroutines.g["lockedm"][row]),
    }


def _place(overview: Overview, row: int) -> dict[str, object]:
    from gdbext.report import Absent

    place = overview.places.place(row)
    if place is None:
        absent = Absent(overview.places.why_absent(row))
        return {"function": absent, "file": absent, "line": absent}
    return {"function": place.function, "file": place.file, "line": place.line}


def _creation(overview: Overview, row: int) -> dict[str, object]:
    made = overview.created_by(row)
    at = _at(made) if made.function else None
    return {"created_by": made.function or None, "created_at": at}


def _labelled(overview: Overview, row: int) -> dict[str, object]:
    from gdbext.report import Absent

    found = overview.labels(row)
    return {"labels": found if isinstance(found, dict) else Absent(found)}


# Groups


def _groups(overview: Overview, rows: Any, how: str) -> list[Group]:
    from gdbext.analysis.goroutines import by_creator, by_reason, by_stack, group

    key = {"stack": by_stack, "created-by": by_creator, "reason": by_reason}[how](overview)
    return group(rows, key)


def _group_objects(overview: Overview, groups: Iterable[Group], how: str) -> Iterator[dict[str, object]]:
    for each in groups:
        row = int(each.rows[0])
        yield {
            "count": len(each),
            **(_creation(overview, row) if how == "created-by" else _state(overview, row)),
            **({"frames": [_frame(frame) for frame in overview.places.stack(row)]} if how == "stack" else {}),
            "goids": overview.goroutines.goid[each.rows].tolist(),
        }


def _frame(frame: Location) -> dict[str, object]:
    return {"function": frame.function, "file": frame.file, "line": frame.line, "inlined": frame.inlined}


def _group_block(overview: Overview, groups: Sequence[Group], left_out: int, how: str) -> Block:
    from gdbext.report import Column, Table, Tree

    cut = f"… and {left_out:,} more groups (--all shows them)" if left_out else ""
    if how == "stack":
        return Tree([_stack_node(overview, each) for each in groups], cut=cut)
    what = {"created-by": ("created by", "at"), "reason": ("status", "waiting for")}[how]
    columns = [Column("goroutines", "right"), *(Column(name) for name in what), Column("for example")]
    return Table(columns, (_group_cells(overview, each, how) for each in groups), cut=cut)


def _group_cells(overview: Overview, each: Group, how: str) -> list[Cell]:
    row = int(each.rows[0])
    if how == "created-by":
        made = overview.created_by(row)
        what: tuple[Cell, Cell] = (made.function, _at(made)) if made.function else ("(the runtime)", None)
    else:
        what = (overview.goroutines.status_name(row), overview.goroutines.reason(row) or None)
    return [len(each), *what, _examples(overview, each)]


def _examples(overview: Overview, each: Group) -> str:
    goids = overview.goroutines.goid[each.rows[:EXAMPLES_IN_TEXT]].tolist()
    return ", ".join(map(str, goids)) + (", …" if len(each) > EXAMPLES_IN_TEXT else "")


def _stack_node(overview: Overview, each: Group) -> Any:
    from gdbext.report import Absent, Node

    row = int(each.rows[0])
    goroutines = overview.goroutines
    head: list[Cell] = [f"{len(each):,} {_plural(len(each))} {goroutines.status_name(row)}"]
    if reason := goroutines.reason(row):
        head.append(f"({reason})")
    head.append(f"e.g. {_examples(overview, each)}")
    if overview.places.nodes[row] < 0:
        return Node([*head, Absent(overview.places.why_absent(row))])
    frames = [Node([frame.function, _at(frame)]) for frame in overview.places.stack(row)]
    return Node(head, frames)


def _notes(overview: Overview, rows: Sequence[int]) -> list[str]:
    from gdbext.analysis.goroutines import troubles

    goroutines = overview.goroutines
    notes = [f"{count:,} with gaps: {reason}" for reason, count in sorted(troubles(goroutines, rows).items())]
    if goroutines.now.at_least and bool((goroutines.waited() >= 0).any()):
        notes.append("times of waiting are reckoned to the latest time found in the runtime: at least that long")
    if goroutines.scanning.any():
        notes.append("a garbage collection is scanning stacks")
    return notes


COMMAND = Command(
    name="go-goroutines",
    help="List goroutines: status, what they wait for, since when, where, and who made them.",
    description=(
        "One line per goroutine: its number, status, wait reason, how long it has waited at least, the first function "
        "of yours on its stack, the function that created it and that one's goroutine. Packages that only wait on "
        "somebody's behalf (runtime, sync, syscall, time, reflect, os, io, net, bufio, internal ones) are passed over "
        "where anything else is on the stack. How long: a collection notes since when a goroutine waits, so the time "
        "is a lower bound, and unknown before the first collection."
    ),
    examples=[
        ("go-goroutines --reason chan --in main.", "goroutines that wait on channels in package main"),
        ("go-goroutines --group stack --limit 5", "the five commonest stacks, with how many goroutines share each"),
        ("go-goroutines --label tenant=acme --json", "every goroutine with that profiler label, for a program"),
    ],
    run=run,
    arguments=arguments,
)
