"""go-goroutines: every goroutine, what it waits for and where."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

import numpy as np

from gdbext import report
from gdbext.analysis.goroutines import grouping, notes as said
from gdbext.commands import Command
from gdbext.report import counts
from gdbext.views import goroutinegroups, goroutinerows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gdbext.session import Session

    Ints = NDArray[np.int64]

STATUSES = ("runnable", "running", "syscall", "waiting", "copystack", "preempted", "leaked")
GROUPS = ("stack", "created-by", "reason")
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
    whole, deepest = bool(args.function or args.group == "stack"), grouping.deepest(args.function, folded=True)
    overview = grouping.Overview(session.goroutines, whole, deepest=deepest)
    rows = grouping.select(overview, grouping.Wanted(args.status or "", args.reason, args.function, args.label or ()))
    shown, cut = counts.limited(rows, args.limit, MORE)
    schema = goroutinerows.GOROUTINE
    every = report.Rows(schema.encoded(goroutinerows.pieces(overview, shown)), encoded=True, mended=True)
    if not args.group:
        title = counts.plural(len(rows), "goroutine")
        table = schema.table(goroutinerows.pieces(overview, shown), title, cut)
        return report.Report({"goroutines": every}, [table], _notes(overview, rows, args))
    groups, cut = counts.limited(_groups(overview, rows, args.group), args.limit, MORE_GROUPS)
    document = {"groups": goroutinegroups.objects(overview, groups, args.group), "goroutines": every}
    blocks = [goroutinegroups.block(overview, groups, args.group, cut)]
    return report.Report(document, blocks, _notes(overview, rows, args))


def _groups(overview: grouping.Overview, rows: Any, how: str) -> list[grouping.Group]:
    key = {"stack": grouping.by_stack, "created-by": grouping.by_creator, "reason": grouping.by_reason}[how](overview)
    return grouping.group(rows, key)


def _notes(overview: grouping.Overview, rows: Ints, args: argparse.Namespace) -> list[str]:
    goroutines = overview.goroutines
    notes = said.gaps(goroutines, rows.tolist())
    if goroutines.now.at_least and bool((overview.waited >= 0).any()):
        notes.append("times of waiting are reckoned to the latest time found in the runtime: at least that long")
    notes += said.unsearched(overview) if args.function else []
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
