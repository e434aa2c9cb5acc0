"""go-doctor: what this session can and cannot answer, and why."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from gdbext.commands import Command

if TYPE_CHECKING:
    from gdbext.report import Report
    from gdbext.session import Session


def run(session: Session, args: Namespace) -> Report:
    from gdbext.report import Report

    return Report({}, [])


COMMAND = Command(
    name="go-doctor",
    help="Say what works on this program and what does not.",
    description="x",
    examples=(("go-doctor", "the Go version, what can be read, three commands to type next"), ("go-doctor --json", "x")),
    run=run,
)
