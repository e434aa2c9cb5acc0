"""go-goroutines: every goroutine, what it waits for and where."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gdbext import report
from gdbext.analysis.goroutines import grouping
from gdbext.commands import Command
from gdbext.golang.runtime import symtab, traceback
from gdbext.report import counts
from gdbext.views import goroutinerows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gdbext.session import Session

    Ints = NDArray[np.int64]

STATUSES = ("runnable", "running", "syscall", "waiting", "copystack", "preempted", "leaked")
GROUPS = ("stack", "created-by", "reason")
EXAMPLES_IN_TEXT = 5
MORE = "… and {:,} more (--all shows them, --group stack folds them)".format
MORE_GROUPS = "… and {:,} more groups (--all shows them)".format


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


def run(session: Session, args: argparse.Namespace) -> report.Report:
    """The goroutines that the options choose, as rows or as groups."""
    deepest = traceback.MOST_FRAMES if args.function else grouping.DEEPEST
    overview = grouping.Overview(session.goroutines, bool(args.function or args.group == "stack"), deepest=deepest)
    rows = grouping.select(overview, grouping.Wanted(args.status or "", args.reason, args.function, args.label or ()))
    shown, cut = counts.limited(rows, args.limit, MORE)
    every = report.Rows(
        goroutinerows.GOROUTINE.encoded(goroutinerows.pieces(overview, shown)), encoded=True, mended=True
    )
    if not args.group:
        title = counts.plural(len(rows), "goroutine")
        table = goroutinerows.GOROUTINE.table(goroutinerows.pieces(overview, shown), title, cut)
        return report.Report({"goroutines": every}, [table], _notes(overview, rows, args))
    kept, cut = counts.limited(_groups(overview, rows, args.group), args.limit, MORE_GROUPS)
    document = {
        "groups": report.Rows(_group_objects(overview, kept, args.group)),
        "goroutines": every,
    }
    return report.Report(document, [_group_block(overview, kept, cut, args.group)], _notes(overview, rows, args))


# Groups


def _groups(overview: grouping.Overview, rows: Any, how: str) -> list[grouping.Group]:
    key = {"stack": grouping.by_stack, "created-by": grouping.by_creator, "reason": grouping.by_reason}[how](overview)
    return grouping.group(rows, key)


def _group_objects(
    overview: grouping.Overview, groups: Iterable[grouping.Group], how: str
) -> Iterator[dict[str, object]]:
    shared = goroutinerows.CREATION if how == "created-by" else goroutinerows.STATE
    for each in groups:
        row = int(each.rows[0])
        yield {
            "count": len(each),
            **shared.object((overview, row)),
            **({"frames": [_frame(frame) for frame in overview.places.stack(row)]} if how == "stack" else {}),
            "goids": overview.goroutines.goid[each.rows].tolist(),
        }


def _frame(frame: symtab.Location) -> dict[str, object]:
    return {"function": frame.function, "file": frame.file, "line": frame.line, "inlined": frame.inlined}


def _group_block(overview: grouping.Overview, groups: Sequence[grouping.Group], cut: str, how: str) -> report.Block:
    if how == "stack":
        return report.Tree([_stack_node(overview, each) for each in groups], cut=cut)
    what = {"created-by": ("created by", "at"), "reason": ("status", "waiting for")}[how]
    columns = [
        report.Column("goroutines", "right"),
        *(report.Column(name) for name in what),
        report.Column("for example"),
    ]
    return report.Table(columns, (_group_cells(overview, each, how) for each in groups), cut=cut)


def _group_cells(overview: grouping.Overview, each: grouping.Group, how: str) -> list[report.Cell]:
    row = int(each.rows[0])
    if how == "created-by":
        made = overview.created_by(row)
        what: tuple[report.Cell, report.Cell] = (
            (made.function, goroutinerows.at(made)) if made.function else ("(the runtime)", None)
        )
    else:
        what = (overview.goroutines.status_name(row), overview.goroutines.reason(row) or None)
    return [len(each), *what, _examples(overview, each)]


def _examples(overview: grouping.Overview, each: grouping.Group) -> str:
    goids = overview.goroutines.goid[each.rows[:EXAMPLES_IN_TEXT]].tolist()
    return ", ".join(map(str, goids)) + (", …" if len(each) > EXAMPLES_IN_TEXT else "")


def _stack_node(overview: grouping.Overview, each: grouping.Group) -> Any:
    row = int(each.rows[0])
    goroutines = overview.goroutines
    head: list[report.Cell] = [f"{counts.plural(len(each), 'goroutine')} {goroutines.status_name(row)}"]
    if reason := goroutines.reason(row):
        head.append(f"({reason})")
    head.append(f"e.g. {_examples(overview, each)}")
    if overview.places.nodes[row] < 0:
        return report.Node([*head, report.Absent(overview.places.why_absent(row))])
    frames = [report.Node([frame.function, goroutinerows.at(frame)]) for frame in overview.places.stack(row)]
    return report.Node(head, frames)


def _notes(overview: grouping.Overview, rows: Ints, args: argparse.Namespace) -> list[str]:
    goroutines = overview.goroutines
    notes = [
        f"{count:,} with gaps: {reason}"
        for reason, count in sorted(grouping.troubles(goroutines, rows.tolist()).items())
    ]
    if goroutines.now.at_least and bool((overview.waited >= 0).any()):
        notes.append("times of waiting are reckoned to the latest time found in the runtime: at least that long")
    if args.function and (deep := int((overview.places.ends == traceback.CUT).sum())):
        cut = f"{counts.plural(deep, 'stack')} deeper than {traceback.MOST_FRAMES:,} frames"
        notes.append(f"{cut}: what lies further out was not searched")
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
