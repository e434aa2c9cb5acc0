"""go-triage: what stands out, the gravest first, on one screen."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gdbext import report
from gdbext.analysis.triage import triage
from gdbext.commands import Command
from gdbext.report import counts
from gdbext.views import triagerows

if TYPE_CHECKING:
    from gdbext.session import Session

MOST = 7
"""Findings on the screen."""


def run(session: Session, args: argparse.Namespace) -> report.Report:
    """Whatever of it can be had."""
    found = triage.triage(session)
    every = [triagerows.said(session, one) for one in found.findings]
    limit = None if args.json or args.all else MOST
    shown, cut = counts.limited(every, limit, "… and {:,} more (--all shows them)".format)
    doing = list(triagerows.doing(session, found))
    document = {
        "findings": [one.object for one in shown],
        "doing": doing,
        "looked": [{"what": one.what, "why_not": one.why or None} for one in found.looked],
    }
    return report.Report(document, list(_blocks(doing, found, shown, cut)), _notes(session))


def _blocks(
    doing: Sequence[str], found: triage.Triage, shown: Sequence[triagerows.Said], cut: str
) -> Iterator[report.Block]:
    for number, one in enumerate(shown, 1):
        yield report.Text(f"{number}. {one.sentence}", "heading" if number == 1 else "")
    if not shown:
        yield report.Text(triagerows.NOTHING, "heading")
    if cut:
        yield report.Text(cut)
    yield report.Lines(doing)
    yield report.Lines(list(triagerows.looked(found)))
    if shown:
        words = dict.fromkeys(word for one in shown for word in one.next)
        yield report.Lines(list(words)[:MOST], "Next")


def _notes(session: Session) -> list[str]:
    return [*session.heap_check] if session.made("heap") else []


COMMAND = Command(
    name="go-triage",
    help="Say what stands out in the program's memory, the gravest first: what to type first.",
    description=(
        "At most seven sentences, each with its figures and a command that shows more. In this order: deadlocks,\n"
        "leaks that keep a twentieth of the live heap or more, a collector at its limit, smaller leaks, piles and\n"
        "queues that may be meant, memory kept and not used, memory that is no heap, types and variables that\n"
        "dominate.\n"
        "  deadlock   goroutines that likely wait for each other's locks, or for their own (go-waitgraph)\n"
        "  leaks      contexts and goroutines of which it is proved that nothing can end them: from 100 of them or\n"
        "             1 MiB on\n"
        "  suspected  a thousand contexts or more by way of one variable, a thousand goroutines that wait for one\n"
        "             context, or a queue at one line: facts, which may be meant\n"
        "  memory     from 64 MiB and a third of what is resident on: stacks, idle spans, free slots, C and mapped\n"
        "             files; 90 % of the memory limit; a collector that took a quarter of all CPU time;\n"
        "             100,000 timers that do the same, or finalizers\n"
        "  unused     from 64 MiB and a third of the live heap on: what lies beyond the lengths of slices, room in\n"
        "             maps that lost their entries\n"
        "  dominates  from 64 MiB of live heap on: a type of which half of it is, a variable or a goroutine that\n"
        "             alone keeps half of it\n"
        "Nothing found: then it says what was looked at. Of a program that runs nothing can be proved; live copies it."
    ),
    examples=(
        ("go-triage", "what is wrong, in sentences, and what to type next"),
        ("go-triage --json", "the same for an alert"),
    ),
    run=run,
    all_help="every finding",
)
