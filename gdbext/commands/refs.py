"""go-refs: who refers to an object."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from gdbext import report
from gdbext.analysis.heap import referrerlevels
from gdbext.commands import Command, _heapobject, address
from gdbext.report import counts
from gdbext.views import referrerlines

if TYPE_CHECKING:
    from gdbext.analysis.heap.referrerlevels import Levels
    from gdbext.session import Session

DEEPEST = 100
"""Levels: each takes a pass over the heap."""


def depth(text: str) -> int:
    """An argument type: how many levels."""
    if not text.isascii() or not text.isdigit() or len(text) > len(str(DEEPEST)) or not 1 <= int(text) <= DEEPEST:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 1 to {DEEPEST}")
    return int(text)


def arguments(parser: argparse.ArgumentParser) -> None:
    """go-refs' own arguments."""
    parser.add_argument("address", type=address, metavar="0xADDR", help="anywhere in the object")
    levels = f"who refers to those who refer to it, N levels up (1; {DEEPEST} at most)"
    parser.add_argument("--depth", type=depth, default=1, metavar="N", help=levels)


def run(session: Session, args: argparse.Namespace) -> report.Report:
    """The words that point into an object, and into those that they lie in."""
    target = _heapobject.find(session, args.address)
    most = args.limit if args.depth == 1 else args.bound
    found = referrerlevels.levels(session.lookup, session.roots, target, args.depth, most)
    shown = referrerlines.Referrers(found, session.lookup, session.root_names)
    rows, roots = report.Rows(shown.rows()), list(shown.roots())
    document = {"referrers": rows, "roots": roots, "left_out": found.left_out}
    title, cut = _title(found, args.depth), counts.MORE.format(found.left_out) if found.left_out else ""
    block: report.Block = report.Lines(shown.lines(), title, cut)
    if args.depth > 1:
        block = report.Tree([shown.outline()], title, cut)
    return report.Report(document, [block], session.heap_notes)


def _title(found: Levels, levels: int) -> str:
    words, roots = counts.plural(found.words.total, "pointer"), counts.plural(found.roots.total, "root")
    within = f", within {counts.plural(levels, 'level')}" if levels > 1 else ""
    return f"{words} in reachable objects, {roots}{within}"


COMMAND = Command(
    name="go-refs",
    help="List who refers to an object: fields of reachable objects, and roots.",
    description=(
        "Every pointer word of a reachable object, and every root, that points into the object: where the word is,\n"
        "the object it lies in with its type, and what the word is called there.\n"
        "With --depth N also what points into the objects those words lie in, and so on, N levels up, the nearest\n"
        "first: an outline in which what refers to an object stands below it. Each object has its referrers below it\n"
        "once, where it was met first; where it comes again, its line says whether that is above or below.\n"
        "In JSON depth is the level of a pointer or a root, 1 for what points into the object itself, and to is the\n"
        "object that it points into. With --depth above 1 --json has no more rows than the text unless --all or\n"
        "--limit N says so. left_out counts the rest."
    ),
    examples=(
        ("go-refs 0xc000112000", "who refers to it"),
        ("go-refs 0xc000112000 --depth 3", "who refers to those, and who to these"),
        ("go-refs 0xc000112000 --json", "the same for a program"),
    ),
    usage="0xADDR [options]",
    arguments=arguments,
    run=run,
)
