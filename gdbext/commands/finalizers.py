"""go-finalizers: finalizers, cleanups and weak pointers: what waits for objects to die."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from gdbext import report
from gdbext.analysis.memory import specials
from gdbext.commands import Command
from gdbext.report import cells, counts
from gdbext.views import specialrows

if TYPE_CHECKING:
    from gdbext.session import Session

MORE = "… and {:,} more groups (--all shows them, --each lists single ones)".format
NOT_PROVED = "the program runs: which objects are dead is not known, nor types but those that finalizers name"


def arguments(parser: argparse.ArgumentParser) -> None:
    """go-finalizers' own options."""
    parser.add_argument("--each", action="store_true", help="list single ones, by address")


def run(session: Session, args: argparse.Namespace) -> report.Report:
    """Groups, or single ones. Raises GdbextError where there is no heap to be found."""
    stable = session.target.memory.stable
    found = specials.waiting(
        session.program,
        session.symtab,
        session.types,
        session.heap,
        session.specials,
        session.histogram if stable else None,
    )
    queues, total = specials.queues(session.program), specials.total(found)
    groups = [
        specialrows.GroupRow(group, specialrows.Row(found, int(group.rows[0])), stable)
        for group in specials.groups(found)
    ]
    rows, cut = counts.limited(range(len(found)), args.limit)
    shown, more = counts.limited(groups, args.limit, MORE)
    each = [specialrows.Row(found, row) for row in rows] if args.each or args.json else []
    table = specialrows.ONE.table([each], cut=cut) if args.each else specialrows.GROUP.table([shown], cut=more)
    document = {
        "objects": report.Rows(map(specialrows.ONE.object, each)),
        "groups": report.Rows(map(specialrows.GROUP.object, shown)),
        "total": {"objects": total.objects, "bytes": total.bytes, "dead": total.dead},
        "queued": {"finalizers": queues.finalizers, "cleanups": queues.cleanups},
    }
    notes = [*found.notes, *(session.heap_notes if stable else [NOT_PROVED])]
    return report.Report(document, [report.Text(_sentence(found, total, queues)), table], notes)


def _sentence(found: specials.Waiting, total: specials.Total, queues: specials.Queues) -> str:
    numbers = [int((found.kind == number).sum()) for number in range(len(specials.KINDS))]
    said = ", ".join(counts.plural(many, name) for many, name in zip(numbers, specials.KINDS, strict=True))
    waiting = [("finalizer", queues.finalizers), ("cleanup", queues.cleanups)]
    run = ", ".join(counts.plural(many, name) for name, many in waiting if many)
    return f"{said}{_objects(total)}; about to run: {run or 'none'}"


def _objects(total: specials.Total) -> str:
    """Of how many all of these are."""
    if not total.objects:
        return ""
    dead = "" if total.dead is None else f", {total.dead:,} dead"
    return f", of {counts.plural(total.objects, 'object')} in {cells.human_bytes(total.bytes)}{dead}"


COMMAND = Command(
    name="go-finalizers",
    help="Show what waits for objects to die: finalizers, cleanups and weak pointers.",
    description=(
        "Those of one kind, function and type in one line (runtime.SetFinalizer, runtime.AddCleanup, weak.Make). An "
        "object with a finalizer keeps all that it refers to until the finalizer has run, and lives one collection "
        "longer. Dead: objects to which nothing else leads any more. The first line counts each object once, however "
        "much waits for it. About to run: those whose objects a collection found dead; one goroutine runs them one "
        "after the other (several from Go 1.25 on for cleanups), so a long queue says that one of them blocks: "
        "go-stacks shows where."
    ),
    examples=(
        ("go-finalizers", "groups, the largest first"),
        ("go-finalizers --each", "single objects, by address"),
        ("go-finalizers --json", "both, for a program"),
    ),
    run=run,
    arguments=arguments,
)
