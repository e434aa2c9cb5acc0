"""go-refs: who refers to an object."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gdbext import report
from gdbext.analysis.heap import referrers
from gdbext.commands import Command, _heapobject, address
from gdbext.report import counts
from gdbext.views import pathlines

if TYPE_CHECKING:
    from gdbext.session import Session


def arguments(parser: argparse.ArgumentParser) -> None:
    """go-refs' own arguments."""
    parser.add_argument("address", type=address, metavar="0xADDR", help="anywhere in the object")


def run(session: Session, args: argparse.Namespace) -> report.Report:
    """The words that point into an object."""
    target = _heapobject.find(session, args.address)
    found, roots = referrers.referrers(session.lookup, target), referrers.root_numbers(session.roots, target)
    shown, cut = counts.limited(found, args.limit)
    first, _ = counts.limited(roots, args.limit)
    rows = (pathlines.referrer_object(session.lookup, one) for one in shown)
    held = [pathlines.root_object(session.root_names.name(number)) for number in first]
    document = {"referrers": report.Rows(rows), "roots": held}
    lines = report.Lines(_lines(session, shown, first), _title(found, roots), cut)
    return report.Report(document, [lines], session.heap_notes)


def _title(found: list[referrers.Referrer], roots: list[int]) -> str:
    return f"{counts.plural(len(found), 'pointer')} in reachable objects, {counts.plural(len(roots), 'root')}"


def _lines(session: Session, found: list[referrers.Referrer], roots: list[int]) -> Iterator[str]:
    for number in roots:
        yield f"root: {session.root_names.name(number).text}"
    for one in found:
        kind = pathlines.type_of(session.lookup, one.holder)
        yield f"{one.word:#x} {one.field or '?'} of {one.holder.base:#x} {kind}"


COMMAND = Command(
    name="go-refs",
    help="List who refers to an object: fields of reachable objects, and roots.",
    description=(
        "Every pointer word of a reachable object, and every root, that points into the object: where the word is,\n"
        "the object it lies in with its type, and what the word is called there."
    ),
    examples=(
        ("go-refs 0xc000112000", "who refers to it"),
        ("go-refs 0xc000112000 --json", "the same for a program"),
    ),
    usage="0xADDR [options]",
    arguments=arguments,
    run=run,
)
