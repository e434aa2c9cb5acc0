"""go-stacks --g0: the scheduler's and the signal handlers' stacks of each thread."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gdbext.analysis.goroutines.systemstacks import system_stacks
from gdbext.report import Lines, Report, Rows
from gdbext.report.counts import limited
from gdbext.views.stackprint import body, frame_object

if TYPE_CHECKING:
    from gdbext.analysis.goroutines.systemstacks import SystemStack
    from gdbext.session import Session


def report(session: Session, args: argparse.Namespace) -> Report:
    """One stack after the other, by thread."""
    every = list(system_stacks(session.goroutines))
    shown, cut = limited(every, args.limit)
    document = {"stacks": Rows(_object(session, each) for each in shown)}
    return Report(document, [Lines(_lines(session, shown), cut=cut)])


def _lines(session: Session, stacks: Sequence[SystemStack]) -> Iterator[str]:
    for index, each in enumerate(stacks):
        if index:
            yield ""
        machine = each.thread.machine.id if each.thread.machine else "?"
        yield f"thread {each.thread.tid}, m {machine}, {each.which} [{each.thread.doing}]:"
        if each.calls:
            yield body(each.calls, full=True).text(session.target.memory, each.sp)
        if each.stops:
            yield f"\t({each.stops})"


def _object(session: Session, each: SystemStack) -> dict[str, object]:
    frames = [
        {**frame_object(call, each.sp), "arguments": call.printed_arguments(session.target.memory, each.sp)}
        for call in each.calls
    ]
    return {
        "goid": None,
        "thread": each.thread.tid,
        "m": each.thread.machine.id if each.thread.machine else None,
        "stack": each.which,
        "doing": each.thread.doing,
        "frames": frames,
        "stops": each.stops or None,
    }
