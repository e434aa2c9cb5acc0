"""Files of go-heapdump that are named on a command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gdbext.analysis.dumps import dumpfile
from gdbext.store import given

if TYPE_CHECKING:
    from gdbext.analysis.dumps.heapdump import HeapDump

NAMES = ("kind", "exe", "pid", "go_version", "arch")


def read(path: str) -> HeapDump:
    """One of them. Raises GdbextError."""
    return dumpfile.read(given.path_of(path))


def target(dump: HeapDump) -> dict[str, object]:
    """What JSON says of the target where there is only a file of it."""
    return {**{name: getattr(dump.moment, name) for name in NAMES}, "stopped_ns": None}
