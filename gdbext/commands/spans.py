"""go-spans: the spans of the heap by class and by state, those of one class, or one with all its fields."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import numpy as np

from gdbext import report
from gdbext.analysis.heap import onespan, spanclasses
from gdbext.commands import Command, address, count
from gdbext.errors import UsageError
from gdbext.golang.runtime import mspan
from gdbext.report import cells, counts
from gdbext.views import spanrows

if TYPE_CHECKING:
    from gdbext.session import Session


def arguments(parser: argparse.ArgumentParser) -> None:
    """go-spans' own options."""
    add = parser.add_argument
    add(
        "address", nargs="?", type=address, metavar="ADDR", help="only the span that holds this address, all its fields"
    )
    add("--class", dest="number", type=count, metavar="N", help="list the spans of class N")


def run(session: Session, args: argparse.Namespace) -> report.Report:
    """Raises UsageError where no span has the address."""
    if args.address is not None:
        return _one(session, args.address)
    classes = spanclasses.by_class(session.heap)
    if args.number is not None:
        return _of_class(session, args, [row for row in classes if row.number == args.number])
    states = mspan.states(session.program)
    shown, cut = counts.limited(classes, args.limit)
    document = {
        "classes": report.Rows(map(spanrows.CLASS.object, shown)),
        "states": report.Rows(map(spanrows.STATE.object, states)),
    }
    blocks: list[report.Block] = [
        report.Text(_sentence(classes)),
        spanrows.CLASS.table([shown], cut=cut),
        spanrows.STATE.table([states]),
    ]
    return report.Report(document, blocks, _notes(session))


def _sentence(classes: list[spanclasses.SpanClass]) -> str:
    whole = spanclasses.total(classes)
    share = 100 * whole.live_bytes / max(whole.bytes, 1)
    take = counts.verb(whole.live, "takes", "take")
    return (
        f"{counts.plural(whole.spans, 'span')} in use, {cells.human_bytes(whole.bytes)}: "
        f"{counts.plural(whole.live, 'object')} {take} {cells.human_bytes(whole.live_bytes)} of it ({share:.1f} %)"
    )


def _of_class(session: Session, args: argparse.Namespace, classes: list[spanclasses.SpanClass]) -> report.Report:
    heap = session.heap
    rows = np.flatnonzero(heap.spans.spanclass == min(args.number, 255))
    shown, cut = counts.limited(rows, args.limit)
    document = {
        "classes": report.Rows(map(spanrows.CLASS.object, classes)),
        "spans": report.Rows(spanrows.SPAN.encoded(spanrows.pieces(heap, shown)), encoded=True, mended=True),
    }
    table = spanrows.SPAN.table(spanrows.pieces(heap, shown), cut=cut)
    return report.Report(document, [report.Text(_sentence(classes)), table], _notes(session))


def _one(session: Session, where: int) -> report.Report:
    found = onespan.one_span(session.program, where)
    if found is None:
        raise UsageError(f"no span holds {where:#x}", "go-spans --class N lists those of a class")
    document = {"classes": report.Rows(()), "span": spanrows.ONE.object(found)}
    return report.Report(document, [spanrows.one_table(found)])


def _notes(session: Session) -> list[str]:
    return [*session.heap.notes, *session.heap_check]


COMMAND = Command(
    name="go-spans",
    help="Count the heap's spans by class: pages, slots, what is in them and what is free.",
    description=(
        "A span is a run of pages with slots of one size. Class: twice the size class, odd where the objects have no "
        "pointers; in classes 0 and 1 each large object has a span. Live: slots with an object; free: the others, "
        "among them those of dead objects that the collector has yet to sweep away; unswept: spans that have such. "
        "Below it spans by state: manual ones are stacks and the collector's own, dead ones are records for later use. "
        "With an address: the span that holds it, or whose record lies there, with the fields that the runtime has."
    ),
    examples=(
        ("go-spans", "where the heap's pages go, class by class"),
        ("go-spans --class 10 --limit 20", "twenty spans of class 10"),
        ("go-spans 0xc000012340", "the span of an object, with all its fields"),
    ),
    usage="[ADDR] [options]",
    run=run,
    arguments=arguments,
    all_help="every class, or every span of one",
)
