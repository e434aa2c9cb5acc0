"""go-histogram: the heap by type."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gdbext import report
from gdbext.analysis.heap import histogram
from gdbext.commands import Command
from gdbext.errors import UsageError
from gdbext.report import counts
from gdbext.views import histogramrows

if TYPE_CHECKING:
    from gdbext.session import Session


def arguments(parser: argparse.ArgumentParser) -> None:
    """go-histogram's own options."""
    parser.add_argument("--unreachable", action="store_true", help="garbage not collected yet instead of what is alive")
    parser.add_argument("--by", choices=("type", "package"), default="type", help="add up by package")
    parser.add_argument("--of", metavar="TYPE", help="list the objects of this type, as the table names it")


def run(session: Session, args: argparse.Namespace) -> report.Report:
    """One row for each type, or the objects of one."""
    found = session.histogram
    which = histogram.DEAD if args.unreachable else histogram.LIVE
    entries = found.entries(which, args.by)
    live, dead = found.total(histogram.LIVE), found.total(histogram.DEAD)
    document: dict[str, object] = {"total": _count(live), "unreachable": _count(dead)}
    if args.of is not None:
        return _of(found, entries, which, args, document)
    shown, cut = counts.limited(entries, args.limit)
    document["types"] = report.Rows(map(histogramrows.ENTRY.object, shown))
    blocks = [*_header(found), histogramrows.ENTRY.table([shown], cut=cut)]
    return report.Report(document, blocks, session.heap_notes)


def _of(
    found: histogram.Histogram,
    entries: Sequence[histogram.Entry],
    which: int,
    args: argparse.Namespace,
    document: dict[str, object],
) -> report.Report:
    chosen = [entry for entry in entries if args.of in (entry.name, f"{entry.package}.{entry.name.rpartition('.')[2]}")]
    if not chosen:
        raise UsageError(f"no object is known to be of type {args.of}", "go-histogram --all lists the types")
    instances = list(found.instances(chosen, which))
    shown, cut = counts.limited(instances, args.limit)
    document["types"] = report.Rows(map(histogramrows.ENTRY.object, chosen))
    document["instances"] = report.Rows(map(histogramrows.INSTANCE.object, shown))
    return report.Report(document, [histogramrows.INSTANCE.table([shown], cut=cut)])


def _count(count: histogram.Count) -> dict[str, int]:
    return {"objects": count.objects, "bytes": count.bytes}


def _header(found: histogram.Histogram) -> Sequence[report.Block]:
    live, dead = found.total(histogram.LIVE), found.total(histogram.DEAD)
    exact = 100 * found.exact_bytes(histogram.LIVE) / max(live.bytes, 1)
    return [
        report.Text(f"{counts.plural(live.objects, 'object')}, {live.bytes:,} bytes reachable", "heading"),
        report.Text(f"{exact:.1f} % of these bytes are of types that are certain", "heading"),
        report.Text(f"{counts.plural(dead.objects, 'object')}, {dead.bytes:,} bytes garbage not collected yet"),
    ]


COMMAND = Command(
    name="go-histogram",
    help="Count the heap's objects by type: what is alive, and what is garbage.",
    description=(
        "Every allocated object of the heap by its type: how many there are and how many bytes their slots take, the\n"
        "most bytes first. What no root reaches is garbage not collected yet, and not counted with the others.\n"
        "A type is certain when the object's own header names it or its size and its pointers fit; (likely) when only\n"
        "some of that is so. Objects that no typed word points to are counted by their size."
    ),
    examples=(
        ("go-histogram", "the types that take the most memory"),
        ("go-histogram --unreachable", "the same for garbage"),
        ("go-histogram --of net/http.Request --json", "where the objects of one type lie"),
    ),
    arguments=arguments,
    run=run,
    all_help="every type",
)
