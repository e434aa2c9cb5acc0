"""go-lifetimes: which objects survive, and how many collections."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from gdbext import report
from gdbext.analysis.dumps import heapdump, lifetimes as living
from gdbext.commands import Command, _dumps
from gdbext.errors import UsageError
from gdbext.report import counts
from gdbext.views import lifetimerows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gdbext.session import Session


def arguments(parser: argparse.ArgumentParser) -> None:
    """go-lifetimes' own arguments."""
    parser.add_argument("files", metavar="FILE", nargs="+", help="what go-heapdump wrote, the oldest first")


def offline(args: argparse.Namespace) -> report.Report | None:
    """Of files alone, which need no program."""
    if len(args.files) > living.MOST:
        raise UsageError(f"go-lifetimes: {len(args.files)} files; at most {living.MOST}")
    if len(args.files) == 1:
        return None
    dumps = list(map(_dumps.read, args.files))
    return _report(living.Lifetimes.of(dumps), args, _dumps.target(dumps[-1]))


def run(session: Session, args: argparse.Namespace) -> report.Report:
    """Of a file and the program as it is. Raises GdbextError."""
    dumps = [*map(_dumps.read, args.files), heapdump.dumped(session)]
    return _report(living.Lifetimes.of(dumps), args, None)


def _report(found: living.Lifetimes, args: argparse.Namespace, target: Mapping[str, object] | None) -> report.Report:
    old = [row for row in found.rows if args.all or row.since < len(found.dumps) - 1]
    shown, cut = counts.limited(old, args.limit)
    document = {
        "collections": list(found.collections),
        "types": report.Rows(map(lifetimerows.ROW.object, found.rows[: args.limit])),
    }
    blocks: list[report.Block] = [
        report.Text(lifetimerows.sentence(found), "heading"),
        report.Lines(list(lifetimerows.moments(found))),
    ]
    if shown:
        blocks.append(lifetimerows.ROW.table([shown], cut=cut))
    notes = list(dict.fromkeys(note for dump in found.dumps for note in dump.notes))
    return report.Report(document, blocks, notes, target)


COMMAND = Command(
    name="go-lifetimes",
    help="Say which objects survive, by type and site, and how many collections.",
    description=(
        "FILEs are of go-heapdump, of one process, in the order of time; a single one is compared with the program as\n"
        "it is. An object is as old as the first dump of those that have it without a gap: at the same address, of\n"
        "the same type and size. Its age is in collections (survived), for those are counted; time is guessed by\n"
        "nobody. Caches and what the program starts with are as old as what leaks: what there is more of with every\n"
        "dump, and never goes, is the leak (go-diff). Sites are those of the objects that the memory profile sampled."
    ),
    examples=(
        ("go-lifetimes /tmp/a /tmp/b /tmp/c", "what is there since a, what since b"),
        ("go-lifetimes /tmp/a --json", "what is there since a in the program as it is, for scripts"),
    ),
    usage="FILE [FILE …] [options]",
    arguments=arguments,
    run=run,
    offline=offline,
    all_help="every row, of what is new in the last dump too",
)
