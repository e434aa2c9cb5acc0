"""Which goroutine a command is about: the one that was named, else the one that is selected in the debugger."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from gdbext.analysis.goroutines import numbered
from gdbext.errors import UsageError

if TYPE_CHECKING:
    from gdbext.session import Session


def selected(session: Session, args: argparse.Namespace, instead: str) -> int:
    """The row of the goroutine that the user selected, else of the one on the selected thread.

    Raises UsageError, saying what to type ``instead``.
    """
    if args.frames is not None and args.frames.goid:
        return numbered.find(session.goroutines, args.frames.goid)
    thread = next((thread for thread in session.target.threads() if thread.selected), None)
    if thread is None:
        raise UsageError("no thread is selected", instead)
    return on_thread(session, thread.tid, instead)


def on_thread(session: Session, tid: int, instead: str) -> int:
    """The row of the goroutine that an OS thread works for. Raises UsageError, saying what to type ``instead``."""
    row = session.goroutines.on_thread(tid)
    if row >= 0:
        return row
    raise UsageError(f"thread {tid} runs no goroutine", instead)
