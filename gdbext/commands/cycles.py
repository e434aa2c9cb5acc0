"""go-cycles: what leads to itself."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gdbext import report
from gdbext.commands import Command, count
from gdbext.report import cells, counts
from gdbext.views import cyclerows, retainedrows

if TYPE_CHECKING:
    from gdbext.session import Session


def arguments(parser: argparse.ArgumentParser) -> None:
    """go-cycles' own options."""
    parser.add_argument("--min", type=count, default=0, metavar="N", help="only those of N objects or more")


def run(session: Session, args: argparse.Namespace) -> report.Report:
    """Every component as JSON; for people contexts with their children are one line."""
    found = session.cycles
    kinds = frozenset(kind.name.removeprefix("*") for kind in session.context_types.kinds)
    names = retainedrows.Names(session.dominators, session.lookup, session.root_names)
    known = cyclerows.Known(found, session.histogram, names, kinds)
    chosen = [at for at in range(len(found)) if found.ends[at] - found.begins[at] >= args.min]
    some, _ = counts.limited(chosen, args.limit)
    rows = (cyclerows.CYCLE.object(cyclerows.CycleRow(known, at)) for at in some)
    return report.Report({"cycles": report.Rows(rows)}, list(_blocks(known, chosen, args)), session.heap_notes)


def _blocks(known: cyclerows.Known, chosen: Sequence[int], args: argparse.Namespace) -> Iterator[report.Block]:
    folded = [] if args.all else [at for at in chosen if known.of_contexts[at]]
    plain = sorted(set(chosen) - set(folded))
    shown, cut = counts.limited(plain, args.limit)
    yield report.Text(_title(known, chosen), "heading")
    if folded:
        yield report.Text(_folded(known, folded))
    yield report.Lines(_lines(known, shown), cut=cut)


def _lines(known: cyclerows.Known, shown: Sequence[int]) -> Iterator[str]:
    for number, at in enumerate(shown):
        if number:
            yield ""
        yield from cyclerows.lines(cyclerows.CycleRow(known, at))


def _title(known: cyclerows.Known, chosen: Sequence[int]) -> str:
    if not chosen:
        return "no object leads to itself"
    return f"{counts.plural(len(chosen), 'component')} of objects that lead to themselves: {_sizes(known, chosen)}"


def _folded(known: cyclerows.Known, folded: Sequence[int]) -> str:
    many = f"{len(folded):,} of these {counts.verb(len(folded), 'is', 'are')}"
    return f"{many} of contexts, parents with their children: {_sizes(known, folded)} (--all shows them)"


def _sizes(known: cyclerows.Known, some: Sequence[int]) -> str:
    cycles, rows = known.cycles, list(some)
    objects = int((cycles.ends[rows] - cycles.begins[rows]).sum())
    return f"{counts.plural(objects, 'object')}, {cells.human_bytes(int(cycles.own[rows].sum()))}"


COMMAND = Command(
    name="go-cycles",
    help="Find objects that lead to themselves: rings, what they retain, and a way around each.",
    description=(
        "Every strongly connected component of the live objects that has more than one object, or one that refers to\n"
        "itself: of any two of its objects each leads to the other. They are alive: a collector takes rings that no\n"
        "root reaches. Of each: its objects and their bytes; what would become garbage if all of it were gone; what\n"
        "alone keeps it (an object, a goroutine, a variable) or that several roots do; where the search from roots\n"
        "came to it, and how many other objects, goroutines and variables outside lead into it; a shortest ring from\n"
        "there, each step named by field, index or key, with the edge that closes it. Contexts and their children\n"
        "refer to each other: components of nothing else are one line."
    ),
    examples=(
        ("go-cycles", "those that retain the most first"),
        ("go-cycles --min 3 --limit 5", "five, of three objects or more"),
        ("go-cycles --json", "the same for a program, contexts too"),
    ),
    arguments=arguments,
    run=run,
    all_help="every component, contexts too",
)
