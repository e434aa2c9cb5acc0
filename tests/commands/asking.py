"""A command asked as a person and as a program does, on a made session."""

from __future__ import annotations

import json
from typing import Any, cast

from gdbext.commands import Command, Look, run_line
from gdbext.session import Session


def text(command: Command, session: Session, line: str = "", **look: Any) -> str:
    """What a person reads."""
    return "".join(run_line(command, line, lambda: session, Look(**look)))


def document(command: Command, session: Session, line: str = "", **look: Any) -> dict[str, Any]:
    """What a program reads."""
    return cast("dict[str, Any]", json.loads(text(command, session, f"{line} --json", **look)))
