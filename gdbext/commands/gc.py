"""go-gc: what the garbage collector does, what it aims at and why, and what it has cost."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gdbext import report
from gdbext.analysis.memory import gcwatch
from gdbext.commands import Command, count, seconds
from gdbext.errors import UsageError
from gdbext.golang.runtime import mgc
from gdbext.report import counts
from gdbext.views import gcrows

if TYPE_CHECKING:
    from gdbext.golang.reading.program import Program
    from gdbext.session import Session

SHOWN = 8
"""Pauses."""
MORE = "… and {:,} more pauses (--all shows them)".format


def arguments(parser: argparse.ArgumentParser) -> None:
    """go-gc's own options."""
    add = parser.add_argument
    add("--watch", action="store_true", help="of a program that runs: a line for each cycle as it ends, until Ctrl-C")
    add("--cycles", type=count, metavar="N", help="watch N cycles")
    add("--seconds", type=seconds, metavar="S", help="watch for so long")


def run(session: Session, args: argparse.Namespace) -> report.Report:
    """Raises UsageError for a watch of what stands still."""
    if args.watch or args.seconds is not None or args.cycles is not None:
        return _watch(session, args)
    found = mgc.collector(session.program)
    every = list(found.pauses.latest())
    shown, cut = counts.limited(every, args.limit, MORE)
    blocks: list[report.Block] = [report.Lines(gcrows.lines(found))]
    if shown:
        blocks.append(gcrows.PAUSE.table([shown], cut=cut))
    notes = [] if session.target.memory.stable else ["the program runs: the figures are of several moments"]
    return report.Report(gcrows.document(found, shown), blocks, notes)


def _watch(session: Session, args: argparse.Namespace) -> report.Report:
    if session.target.memory.stable:
        raise UsageError("--watch is for a program that runs", "python -m gdbext pid PID go-gc --watch")
    cycles = _cycles(session.program, args)
    if args.json:
        return report.Report({"watched": report.Rows(map(gcrows.cycle_object, cycles))}, [])
    return report.Report({}, [report.Verbatim(map(gcrows.cycle_line, cycles))])


def _cycles(program: Program, args: argparse.Namespace) -> Iterator[gcrows.Cycle]:
    for seen in gcwatch.collections(program, args.cycles, args.seconds):
        yield _cycle(seen)


def _cycle(seen: gcwatch.Seen) -> gcrows.Cycle:
    state = seen.state
    if state is None:
        return gcrows.Cycle(seen.number, seen.pause, None, None, None, None)
    names = ("heap_at_start", "heap_at_end", "heap_marked")
    sizes = tuple(int(state.work[name]) for name in names)
    goal, by = (None, None) if state.is_off else (state.pace.goal, state.pace.why)
    return gcrows.Cycle(seen.number, seen.pause, (sizes[0], sizes[1], sizes[2]), goal, by, state.cpu_fraction)


COMMAND = Command(
    name="go-gc",
    help="Show what the garbage collector does, what it aims at and why, and its latest pauses.",
    description=(
        "GOGC and GOMEMLIMIT in force, the heap that the last collection left, the size at which the next one begins "
        "(trigger) and where it wants to end (goal), with what made the goal; what collections took of the CPUs; the "
        "latest pauses: a cycle stops the program twice, and the two count as one. 8 of them unless --limit or --all "
        "(256 are kept) says otherwise. While it marks: how far it is, and how much credit goroutines have that "
        "allocate. --watch, of a process that is not stopped: a line for each cycle as it ends; --cycles and --seconds "
        "bound it."
    ),
    examples=(
        ("go-gc", "phase, goal, cost, pauses"),
        ("go-gc --watch --seconds 60", "each cycle of the next minute (python -m gdbext pid PID)"),
        ("go-gc --json", "for a program; times in nanoseconds"),
    ),
    run=run,
    arguments=arguments,
    shown=SHOWN,
)
