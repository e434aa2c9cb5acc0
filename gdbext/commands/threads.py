"""go-threads: OS thread, m, p and goroutine, and what each thread does."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from gdbext import report
from gdbext.analysis.goroutines import threads
from gdbext.commands import Command
from gdbext.report import counts
from gdbext.views import threadrows

if TYPE_CHECKING:
    from gdbext.session import Session


def run(session: Session, args: argparse.Namespace) -> report.Report:
    """One row for each thread."""
    found = threads.os_threads(session.goroutines)
    shown, cut = counts.limited(found, args.limit)
    document = {"threads": report.Rows(map(threadrows.THREAD.object, shown))}
    return report.Report(document, [threadrows.THREAD.table([shown], cut=cut)], _notes(found))


def _notes(found: list[threads.OsThread]) -> list[str]:
    notes = []
    if missing := sum(each.thread is None for each in found):
        notes.append(f"{missing:,} of these threads are known to the Go runtime only, not to the target")
    if foreign := sum(each.machine is None for each in found):
        notes.append(f"{foreign:,} of these threads are unknown to the Go runtime: C made them")
    return notes


COMMAND = Command(
    name="go-threads",
    help="List OS threads: which m, p and goroutine each has, and what it does.",
    description=(
        "One line per OS thread: the runtime's m, the processor p that it holds, the goroutine that it works for. What "
        "it does: go (runs Go code), syscall (a goroutine's system call), c (C code), idle (sleeps until there is "
        "work), scheduler (the runtime itself: looks for work, polls the network, sysmon). In: the Go function or the "
        "file of the C code where it is, where registers are known; on a process that is not stopped the kernel tells "
        "of threads that sleep. Locked to: the goroutine that alone may run on the thread."
    ),
    examples=[
        ("go-threads", "every thread"),
        ("go-threads --json", "the same for a program"),
    ],
    run=run,
)
