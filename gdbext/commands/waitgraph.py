"""go-waitgraph: who waits for whom, as far as it shows, and who waits for each other."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gdbext import report
from gdbext.analysis.leaks import waitgraph
from gdbext.commands import Command
from gdbext.report import counts
from gdbext.views import waitgraphrows

if TYPE_CHECKING:
    from gdbext.session import Session

CYCLES = 20
LONGEST = 20
RAN = "the program ran while its memory was read: what is said of it may never have been so at one time"


def run(session: Session, args: argparse.Namespace) -> report.Report:
    """Raises GdbextError."""
    leaked = (lambda: session.leaked.mask) if session.target.memory.stable else None
    graph = waitgraphrows.Graph.of(waitgraph.waitgraph(session.waiting, session.heap, leaked))
    rows, cut = counts.limited(waitgraphrows.folded(graph), args.limit)
    document = {
        "sentence": waitgraphrows.sentence(graph.graph),
        "edges": report.Rows(map(waitgraphrows.EDGE.object, waitgraphrows.edges(graph))),
        "cycles": [waitgraphrows.cycle_object(graph, one) for one in graph.graph.cycles],
    }
    notes = [*graph.graph.notes, *([] if session.target.memory.stable else [RAN])]
    return report.Report(document, list(_blocks(graph, rows, cut)), notes)


def _blocks(graph: waitgraphrows.Graph, rows: Sequence[waitgraphrows.Row], cut: str) -> Iterator[report.Block]:
    yield report.Text(waitgraphrows.sentence(graph.graph), "heading")
    some, more = counts.limited(graph.graph.cycles, CYCLES, "… and {:,} more cycles (--json has them)".format)
    for number, one in enumerate(some):
        lines, rest = counts.limited(list(waitgraphrows.cycle_lines(graph, one)), LONGEST)
        yield report.Lines(lines, f"Cycle {number + 1:,}", more if one is some[-1] and not rest else rest)
    if rows:
        yield waitgraphrows.THING.table([rows], "What is waited for", cut)
        yield report.Lines(list(_next(graph)), "Next")


def _next(graph: waitgraphrows.Graph) -> Iterator[str]:
    if graph.graph.cycles:
        goids = " ".join(str(graph.goid(row)) for row in graph.graph.cycles[0][:LONGEST])
        yield f"go-stacks {goids}   the stacks of the first cycle"
    first = graph.graph.things[0]
    yield f"go-refs {first.address:#x}   what refers to that which most wait for"
    yield "go-goroutineleaks   which of them nothing can wake, proved"


COMMAND = Command(
    name="go-waitgraph",
    help="Say who waits for which channel or lock, and who likely has it; cycles are deadlocks.",
    description=(
        "Go notes nowhere who has a lock and who will send. What is waited for, and by whom, is certain; who has it\n"
        "is likely only (suspected). Of a lock: the goroutine that has a deferred call that unlocks it, which may\n"
        "wait for it in another function by now, and so for itself, where nobody else refers to it. (A call by way of\n"
        "an interface is not seen to unlock.) Else, and of all other things: the goroutines that do not wait for it\n"
        "and whose stacks refer to it, as one that will unlock a mutex mostly does, or to the object that it is part\n"
        "of. Of a mutex, a channel and a lock that a writer has: the one such goroutine, if there is just one; of a\n"
        "wait group, and of a lock that readers have: all of them. Of a global lock that no deferred call unlocks\n"
        "nobody is named, for no stack has to refer to it.\n"
        "A cycle is a chain of such holders that ends where it began, of locks or, where channels and wait groups are\n"
        "in it, of goroutines that nothing else can wake: that is proved, and so not said of a program that runs. A\n"
        "select of several channels is in none.\n"
        "Whether anything can wake a goroutine go-goroutineleaks proves."
    ),
    examples=(
        ("go-waitgraph", "cycles, and what is waited for, by how many and who likely has it"),
        ("go-waitgraph --json", "an edge for each goroutine and what it waits for"),
    ),
    run=run,
    all_help="everything that is waited for",
)
