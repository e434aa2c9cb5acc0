"""Which goroutine a command is about: the one that was named, else the one that is selected in the debugger."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from gdbext.errors import UsageError

if TYPE_CHECKING:
    from gdbext.session import Session


def named(session: Session, goid: int) -> int:
    """The row of a goroutine. Raises UsageError."""
    row = session.goroutines.rows.get(goid)
    if row is None:
        raise UsageError(f"there is no goroutine {goid}", "go-goroutines lists them")
    return row


def selected(session: Session, args: argparse.Namespace, instead: str) -> int:
    """The row of the goroutine that the user selected, else of the one on the selected thread.

    Raises UsageError, saying what to type ``instead``.
    """
    if args.frames is not None and args.frames.goid:
        return named(session, args.frames.goid)
    thread = next((thread for thread in session.target.threads() if thread.selected), None)
    if thread is None:
        raise UsageError("no thread is selected", instead)
    return on_thread(session, thread.tid, instead)


def on_thread(session: Session, tid: int, instead: str) -> int:
    """The row of the goroutine that an OS thread works for. Raises UsageError, saying what to type ``instead``."""
    for row, own in enumerate(session.goroutines.tid.tolist()):
        if own == tid:
            return row
    raise UsageError(f"thread {tid} runs no goroutine", instead)
