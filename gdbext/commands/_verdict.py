"""--verdict: what becomes of each context, with go-ctxtree and go-ctxchain."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from gdbext.errors import UsageError

if TYPE_CHECKING:
    from gdbext.session import Session

HELP = "say of each context who can cancel it, or that nobody can (go-ctxleaks --help explains), and what it keeps"


def check(session: Session, args: argparse.Namespace) -> None:
    """Raises UsageError where nothing can be proved."""
    if args.verdict and not session.target.memory.stable:
        raise UsageError("the program runs: nothing can be proved of it", "python -m gdbext live PID copies it first")


def notes(session: Session, args: argparse.Namespace) -> list[str]:
    """Why verdicts are suspicions only."""
    return [f"doubt: {one}" for one in session.judged.doubts] if args.verdict else []
