"""Arrays that short slices pin, as lines and rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from gdbext import report
from gdbext.report.cells import human_bytes
from gdbext.report.columns import Column, Schema
from gdbext.report.counts import plural
from gdbext.report.values import Kind
from gdbext.views import memrows

if TYPE_CHECKING:
    from gdbext.analysis.memory.pinned import Group, Pinned

LEAST = "1 KiB"
"""analysis/memory/pinned.py's, in words."""


def _group(key: str, kind: Kind, title: str, one: Callable[[Group], Any]) -> Column[Group, Sequence[Group]]:
    return Column(key, kind, title, one)


GROUP = Schema(
    (
        _group("arrays", Kind.COUNT, "arrays", lambda row: row.arrays),
        _group("bytes", Kind.BYTES, "not used", lambda row: row.bytes),
        _group("holder", Kind.HOSTILE, "their slices lie in", lambda row: row.holder),
        _group("field", Kind.HOSTILE, "at", lambda row: row.field),
        _group("example", Kind.ADDRESS, "largest", lambda row: row.example),
    )
)
"""Arrays by where their slices lie."""


def blocks(found: Pinned, limit: int | None) -> Iterator[report.Block]:
    """What a person reads."""
    return memrows.groups(_sentence(found), GROUP, found.groups, limit)


def _sentence(found: Pinned) -> str:
    if not found.arrays:
        known = " of which all holders are known" if found.doubted else ""
        return f"slices: no array of {LEAST} or more{known} is kept by slices alone that use less than half of it"
    return (
        f"slices: {plural(found.arrays, 'array')} of {LEAST} or more, {human_bytes(found.size)}, kept by slices alone "
        f"that use less than half: {human_bytes(found.bytes)} lie beyond their lengths, which they can grow into, "
        f"{human_bytes(found.unreachable)} of that beyond their capacities, where no code gets; a copy of what is used "
        "(slices.Clone, strings.Clone) would let go of the rest"
    )


def notes(found: Pinned) -> Iterator[str]:
    """What nothing is said of."""
    if found.doubted:
        many = f"{plural(found.doubted, 'object')} of {LEAST} or more, {human_bytes(found.doubted_size)}"
        yield (
            f"words whose type is not known (of stacks, registers, variables and objects without a type) refer to "
            f"{many}, of which no slice that is known uses half: whether slices pin these was not looked at"
        )


def document(found: Pinned, limit: int | None) -> dict[str, Any]:
    """As JSON."""
    return {
        "arrays": found.arrays,
        "size": found.size,
        "bytes": found.bytes,
        "unreachable_bytes": found.unreachable,
        "not_looked_at": {"objects": found.doubted, "bytes": found.doubted_size},
        "groups": report.Rows(map(GROUP.object, found.groups[:limit])),
    }
