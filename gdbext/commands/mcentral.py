"""go-mcentral: the spans of each class that no P has put aside."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from gdbext import report
from gdbext.commands import Command, count
from gdbext.golang.runtime import mcentral, sizeclasses
from gdbext.report import counts
from gdbext.views import cacherows

if TYPE_CHECKING:
    from gdbext.session import Session


def arguments(parser: argparse.ArgumentParser) -> None:
    """go-mcentral's own options."""
    parser.add_argument("--class", dest="number", type=count, metavar="N", help="list the spans in the sets of class N")


def run(session: Session, args: argparse.Namespace) -> report.Report:
    """A row for each class, or for each span in the sets of one."""
    central = mcentral.central(session.program)
    every = cacherows.sets(central, sizeclasses.sizes(session.program))
    if args.number is not None:
        return _of_class(session, args, central, [row for row in every if row.number == args.number])
    shown, cut = counts.limited(every, args.limit)
    document = {"classes": report.Rows(map(cacherows.SETS.object, shown))}
    return report.Report(document, [cacherows.SETS.table([shown], cut=cut)], _notes(central))


def _of_class(
    session: Session, args: argparse.Namespace, central: mcentral.Central, sets: list[cacherows.Sets]
) -> report.Report:
    members = mcentral.members(session.program, central, args.number)
    shown, cut = counts.limited(range(len(members.address)), args.limit)
    rows = [cacherows.Member(members, row) for row in shown]
    document = {
        "classes": report.Rows(map(cacherows.SETS.object, sets)),
        "spans": report.Rows(map(cacherows.MEMBER.object, rows)),
    }
    return report.Report(document, [cacherows.MEMBER.table([rows], cut=cut)], _notes(central))


def _notes(central: mcentral.Central) -> list[str]:
    notes = []
    if passed := int(central.passed.sum()):
        notes.append(
            f"{passed:,} spans in sets of unswept ones were swept by somebody else since; they are not counted"
        )
    if central.unreadable:
        notes.append(f"{central.unreadable:,} sets or blocks of sets cannot be read: their spans are not counted")
    return notes


COMMAND = Command(
    name="go-mcentral",
    help="Count the spans of each class that no P has put aside: with room or full, swept or not.",
    description=(
        "When a P's span of a class is full it takes one with room from here: a partial one, else one that it sweeps "
        "first, else new pages. Full: without a free slot when it was put there, in a set of large objects always. "
        "Unswept: the collector has yet to free what died; what is in a set of unswept ones may have room by then. "
        "Every span in use is either here or in a P's cache (go-mcache)."
    ),
    examples=(
        ("go-mcentral", "the sets of each class"),
        ("go-mcentral --class 10", "the spans in the sets of class 10"),
    ),
    run=run,
    arguments=arguments,
    all_help="every class, or every span of one",
)
