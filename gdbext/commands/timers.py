"""go-timers: what timers are to fire, what they will do, and which code made them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gdbext import report
from gdbext.analysis.memory import samples, timers
from gdbext.commands import Command
from gdbext.errors import UsageError
from gdbext.golang.runtime import time
from gdbext.report import counts
from gdbext.views import timerrows

if TYPE_CHECKING:
    from gdbext.session import Session

MORE = "… and {:,} more groups (--all shows them, --each lists single timers)".format
FROM_GO_1_23 = (
    "channels of time.NewTimer and NewTicker have a timer only while somebody waits for them (Go 1.23): others are not "
    "here, and nothing keeps them"
)

UNLESS_ASYNC = f"unless asynctimerchan=1 is in force, which cannot be read here, {FROM_GO_1_23}"


def arguments(parser: argparse.ArgumentParser) -> None:
    """go-timers' own options."""
    add = parser.add_argument
    add("--each", action="store_true", help="list single timers, the next one first")
    add("--retained", action="store_true", help="with --each or --json: what would become garbage with each timer")


def run(session: Session, args: argparse.Namespace) -> report.Report:
    """Groups, or single timers. Raises GdbextError where there are no processors to be found."""
    if args.retained and not session.target.memory.stable:
        raise UsageError("what a timer retains is not known of a program that runs", "python -m gdbext live PID")
    sampled = samples.Samples.of(session.program, session.symtab, session.heap, session.specials)
    found = timers.timers(session.program, session.symtab, sampled)
    now = session.goroutines.now
    groups = [timerrows.GroupRow.of(group, found, now) for group in timers.groups(found)]
    rows, cut = counts.limited(range(len(found)), args.limit)
    shown, more = counts.limited(groups, args.limit, MORE)
    each = timerrows.RETAINED if args.retained else timerrows.TIMER

    def lines() -> Iterator[timerrows.Row]:
        retained = _retained(session, found, rows) if args.retained else None
        for row in rows:
            yield timerrows.Row(found, row, now, None if retained is None else retained[row - rows.start])

    table = each.table(([row] for row in lines()), cut=cut) if args.each else timerrows.GROUP.table([shown], cut=more)
    document = {
        "timers": report.Rows(timerrows.TIMER.object(row) for row in lines()),
        "groups": report.Rows(map(timerrows.GROUP.object, shown)),
        "stopped": found.stopped,
    }
    return report.Report(document, [report.Text(_sentence(found)), table], _notes(session, found))


def _sentence(found: timers.Timers) -> str:
    stopped = counts.plural(found.stopped, "stopped one")
    wait = counts.verb(found.stopped, "waits", "wait")
    more = f"; {stopped} {wait} to be thrown out" if found.stopped else ""
    return f"{counts.plural(len(found), 'timer')} to fire{more}"


def _retained(session: Session, found: timers.Timers, rows: range) -> list[int | report.Absent]:
    """Bytes that would become garbage with each."""
    dominators = session.dominators
    ids = session.live.laid.heap.ids(found.timer[rows.start : rows.stop])
    places = [dominators.place(int(id_)) if id_ >= 0 else 0 for id_ in ids]
    return [int(dominators.bytes[place]) if place else report.Absent("no object of the heap") for place in places]


def _notes(session: Session, found: timers.Timers) -> list[str]:
    notes = [f"not read: {counts.plural(found.broken, 'timer')}, or heaps of timers"] if found.broken else []
    if session.goroutines.now.at_least and len(found):
        notes.append(f"times are from {session.goroutines.now.source} on: less may be left")
    only = time.waited_for_only(session.program)
    return notes if only is False else [*notes, FROM_GO_1_23 if only else UNLESS_ASYNC]


COMMAND = Command(
    name="go-timers",
    help="Show which timers are to fire, what they will do, and which code made them.",
    description=(
        "Timers of all processors, those alike in one line: what they call or wake, when the first and the last of "
        "them fires, and, as far as the memory profile sampled the timer, its function or its context, who made them. "
        "every says their periods: a range where these differ, and how many have one where not all do. "
        "A context.WithTimeout whose cancel function is never called has its timer here until the deadline: many by "
        "one site are a leak for that long. --each lists single ones, with the context that each will cancel and the "
        "goroutine that sleeps; --retained what would become garbage with each."
    ),
    examples=(
        ("go-timers", "groups, the largest first"),
        ("go-timers --each --limit 20", "the next twenty"),
        ("go-timers --json", "all of them, for a program"),
    ),
    run=run,
    arguments=arguments,
)
