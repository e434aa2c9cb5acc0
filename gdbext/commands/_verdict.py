"""What proofs are shown with: --verdict of go-ctxtree and go-ctxchain, doubts, and the refusal of what runs."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gdbext.errors import UsageError

if TYPE_CHECKING:
    from gdbext.analysis.leaks.judged import Judged
    from gdbext.session import Session

HELP = "say of each context who can cancel it, or that nobody can (go-ctxleaks --help explains), and what it retains"


def stands_still(session: Session) -> None:
    """Raises UsageError where nothing can be proved."""
    if not session.target.memory.stable:
        raise UsageError("the program runs: nothing can be proved of it", "python -m gdbext live PID copies it first")


def doubted(doubts: Sequence[str]) -> list[str]:
    """Doubts as notes."""
    return [f"doubt: {one}" for one in doubts]


def check(session: Session, args: argparse.Namespace) -> None:
    """Raises UsageError where verdicts are asked for that cannot be had."""
    if args.verdict:
        stands_still(session)


def judged(session: Session, args: argparse.Namespace) -> Judged | None:
    """The verdicts, where they are asked for."""
    return session.judged if args.verdict else None


def notes(session: Session, args: argparse.Namespace) -> list[str]:
    """Why verdicts are suspicions only."""
    return doubted(session.judged.doubts) if args.verdict else []
