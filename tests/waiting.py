"""Tests wait for events, however long the machine takes; what never comes ends a test after a quarter of an hour."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

HANG_SECONDS = 900
"""No step of a test takes as long, however busy the machine is. Never what a test asserts."""


def until(found: Callable[[], T], what: str) -> T:
    """The first true answer."""
    limit = time.monotonic() + HANG_SECONDS
    while not (answer := found()):
        assert time.monotonic() < limit, f"never: {what}"
        time.sleep(0.01)
    return answer


def stop(pid: int) -> None:
    """SIGSTOP, and every thread has stopped."""
    os.kill(pid, signal.SIGSTOP)
    until(lambda: states(pid) == {"T"}, f"{pid} stops")


def states(pid: int) -> set[str]:
    """Of its threads: one may end as it is looked at."""
    found = set[str]()
    for path in Path(f"/proc/{pid}/task").glob("*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            found.add(path.read_text().rpartition(")")[2].split()[0])
    return found
