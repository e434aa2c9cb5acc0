"""Bubbles of testing/synctest (runtime/synctest.go): which goroutine is in which, and which ones only it can wake."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from attrs import frozen

from gdbext.errors import MemoryFault, MissingField, MissingSymbol
from gdbext.golang.reading.declarations import UINT, declare

if TYPE_CHECKING:
    from gdbext.golang.reading.program import Program

BUBBLE = declare("runtime.synctestBubble", missing_ok=True, id=UINT)  # Go 1.25
GROUP = declare("runtime.synctestGroup", missing_ok=True, root=UINT)  # Go 1.24, with GOEXPERIMENT=synctest
ROOT = declare("runtime.g", goid=UINT)


@frozen
class Bubble:
    """``number``: its own; a group has that of the goroutine that made it. ``kind``: the runtime's word for it."""

    number: int
    kind: str = "bubble"

    def __str__(self) -> str:
        return f"synctest {self.kind} {self.number}"


def bubble(program: Program, g: Any) -> Bubble | None:
    """The bubble that a goroutine's record names; None for none, and for one that cannot be read."""
    names = g.dtype.names
    try:
        if "bubble" in names and g["bubble"]:
            return Bubble(int(program.record(BUBBLE, int(g["bubble"]))["id"]))
        if "syncGroup" in names and g["syncGroup"]:
            root = int(program.record(GROUP, int(g["syncGroup"]))["root"])
            return Bubble(int(program.record(ROOT, root)["goid"]), "group")
    except (MemoryFault, MissingField):  # a stripped Go 1.24 does not say what a group looks like
        pass
    return None


def idle(program: Program, reasons: Iterable[int]) -> frozenset[int]:
    """Those of the wait reasons that only the goroutine's own bubble can end (isIdleInSynctest, runtime2.go)."""
    try:
        table = program.symbol("runtime.isIdleInSynctest")
        return frozenset(number for number in reasons if program.read(table + number, 1) != b"\0")
    except (MemoryFault, MissingSymbol):
        return frozenset()
