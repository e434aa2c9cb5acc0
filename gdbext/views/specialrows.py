"""The rows of go-finalizers: groups of what waits for objects to die, and single ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from gdbext.analysis.memory import specials as analysis
from gdbext.report.columns import Column, Schema
from gdbext.report.values import Kind

if TYPE_CHECKING:
    from gdbext.analysis.memory.specials import Group, Waiting


@frozen(eq=False)
class Row:
    """One of them: its row."""

    waiting: Waiting
    row: int

    def number(self, name: str) -> int:
        """A column."""
        return int(getattr(self.waiting, name)[self.row])

    @property
    def type(self) -> str | None:
        """Of the object; None: not known."""
        number = self.number("type")
        return self.waiting.types[number] if number >= 0 else None

    @property
    def reachable(self) -> bool | None:
        """Whether a root leads to the object by other ways; None: not known."""
        number = self.number("reached")
        return None if number == analysis.UNKNOWN else number == analysis.REACHED


def _one(key: str, kind: Kind, title: str, one: Callable[[Row], Any]) -> Column[Row, Sequence[Row]]:
    return Column(key, kind, title, one)


ONE = Schema(
    (
        _one("address", Kind.ADDRESS, "object", lambda row: row.number("object")),
        _one("kind", Kind.TEXT, "kind", lambda row: analysis.KINDS[row.number("kind")]),
        _one("function", Kind.HOSTILE, "function", lambda row: row.waiting.names[row.number("function")] or None),
        _one("type", Kind.HOSTILE, "type", lambda row: row.type),
        _one("bytes", Kind.BYTES, "slot", lambda row: row.number("size")),
        _one("reachable", Kind.FLAG, "reachable", lambda row: row.reachable),
    )
)
"""What waits for one object."""


@frozen(eq=False)
class GroupRow:
    """A group, and the first of them."""

    group: Group
    first: Row
    known: bool
    """Whether it is known which objects are dead."""


def _group(key: str, kind: Kind, title: str, one: Callable[[GroupRow], Any]) -> Column[GroupRow, Sequence[GroupRow]]:
    return Column(key, kind, title, one)


GROUP = Schema(
    (
        _group("count", Kind.COUNT, "count", lambda row: len(row.group)),
        _group("kind", Kind.TEXT, "kind", lambda row: analysis.KINDS[row.group.kind]),
        _group("function", Kind.HOSTILE, "function", lambda row: row.group.function or None),
        _group("type", Kind.HOSTILE, "type", lambda row: row.group.type or None),
        _group("bytes", Kind.BYTES, "slots", lambda row: row.group.bytes),
        _group("dead", Kind.COUNT, "dead", lambda row: row.group.dead if row.known else None),
        _group("example", Kind.ADDRESS, "example", lambda row: row.first.number("object")),
    )
)
"""Those of one kind, function and type. ``dead``: of how many objects nothing else is left."""
