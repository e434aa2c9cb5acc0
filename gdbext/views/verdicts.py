"""What --verdict adds to a context: in a line, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from gdbext.analysis.leaks.retained import REASONS
from gdbext.analysis.leaks.verdicts import CANCELLED, HELD, NONE, PROVED, REGISTERED, VERDICTS
from gdbext.report import Absent, Address, Bytes, Hostile
from gdbext.views import holders
from gdbext.views.contexts import Phrase

if TYPE_CHECKING:
    from gdbext.analysis.leaks.holding import Holder
    from gdbext.analysis.leaks.judged import Judged
    from gdbext.compute.arrays import I64

SILENT = (NONE, CANCELLED)
"""Of which a line says nothing but what they retain."""


def phrases(judged: Judged, index: int) -> Iterator[Phrase]:
    """What a line says of one context."""
    verdict = int(judged.verdicts.verdict[index])
    if verdict == HELD:
        yield ["held by", Hostile(holders.text(judged.holder(index)))]
    elif verdict not in SILENT:
        yield [word(judged, verdict, bool(judged.verdicts.stoppable[index]))]
        yield from _woken(judged, index)
    if (size := int(judged.retained.bytes[index])) > 0:
        yield ["retains", Bytes(size)]


def _woken(judged: Judged, index: int) -> Iterator[Phrase]:
    """That a goroutine can cancel a proved one after all, once something has ended."""
    if judged.verdicts.woken[index]:
        others = " or others" if judged.verdicts.several[index] else ""
        yield ["what wakes can cancel it once", _survivor(judged, index), f"has ended{others}"]


def _survivor(judged: Judged, index: int) -> Address | None:
    """What ends a proved one."""
    found = int(judged.verdicts.survivor[index])
    return Address(int(judged.known.contexts.address[found])) if found >= 0 else None


def word(judged: Judged, verdict: int, stoppable: bool) -> str:
    """A verdict in a line."""
    said = VERDICTS[verdict]
    if verdict == REGISTERED:
        return said if stoppable else f"{said}, nothing can stop it"
    return f"suspected {said}" if verdict in PROVED and judged.doubts else said


def of_many(judged: Judged, members: I64) -> Iterator[Phrase]:
    """What the line of contexts that look alike says."""
    first = int(members[0])
    verdict = int(judged.verdicts.verdict[first])
    if verdict not in SILENT:
        yield [word(judged, verdict, bool(judged.verdicts.stoppable[first]))]
    if judged.verdicts.woken[first]:
        yield ["what wakes can cancel them once others have ended"]
    if size := judged.retained.together(members):
        yield ["retain", Bytes(size)]


def labels(judged: Judged) -> I64:
    """A number for what contexts have to be alike in to stand in one line."""
    one = judged.verdicts
    found: I64 = one.verdict.astype(np.int64) << 2 | one.stoppable.astype(np.int64) << 1 | one.woken
    return found


def members(judged: Judged, index: int) -> dict[str, Any]:
    """What JSON has of one context."""
    verdict = int(judged.verdicts.verdict[index])
    size = int(judged.retained.bytes[index])
    return {
        "reachable": True,
        "verdict": VERDICTS[verdict] or None,
        "stoppable": bool(judged.verdicts.stoppable[index]) if verdict == REGISTERED else None,
        "proved": not judged.doubts if verdict != NONE else None,
        "ends_with": _survivor(judged, index) if verdict in PROVED else None,
        "woken": bool(judged.verdicts.woken[index]) if verdict in PROVED else None,
        "woken_by_several": bool(judged.verdicts.several[index]) if verdict in PROVED else None,
        "holder": holder_object(judged.holder(index)) if verdict == HELD else None,
        "retained_bytes": Absent(REASONS[size]) if size in REASONS else size,
    }


def holder_object(one: Holder) -> dict[str, Any] | None:
    """Who can cancel a context, as JSON; None for nobody."""
    if not one.how:
        return None
    return {
        "kind": one.how,
        "address": Address(one.closure) if one.closure else None,
        "root": Hostile(holders.root_text(one.root)) if one.root is not None else None,
        "goid": one.goid,
        "function": Hostile(one.function) if one.function else None,
    }
