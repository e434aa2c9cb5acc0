"""Maps that keep room for many more entries than they have, as lines and rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from gdbext import report
from gdbext.report.cells import human_bytes
from gdbext.report.columns import Column, Schema
from gdbext.report.counts import plural, verb
from gdbext.report.values import Kind
from gdbext.views import memrows

if TYPE_CHECKING:
    from gdbext.analysis.memory.sparsemaps import Group, Sparse

LEAST = "1,024 slots"
"""analysis/memory/sparsemaps.py's, in words."""


def _group(key: str, kind: Kind, title: str, one: Callable[[Group], Any]) -> Column[Group, Sequence[Group]]:
    return Column(key, kind, title, one)


GROUP = Schema(
    (
        _group("maps", Kind.COUNT, "maps", lambda row: row.maps),
        _group("entries", Kind.COUNT, "entries", lambda row: row.entries),
        _group("slots", Kind.COUNT, "of slots", lambda row: row.slots),
        _group("bytes", Kind.BYTES, "take", lambda row: row.bytes),
        _group("unneeded_bytes", Kind.BYTES, "not needed", lambda row: row.more),
        _group("type", Kind.HOSTILE, "type", lambda row: row.type),
        _group("example", Kind.ADDRESS, "largest", lambda row: row.example),
    )
)
"""Maps of one type."""


def blocks(found: Sparse, limit: int | None) -> Iterator[report.Block]:
    """What a person reads."""
    return memrows.groups(_sentence(found), GROUP, found.groups, limit)


def _sentence(found: Sparse) -> str:
    of = f"{plural(found.looked, 'map')} of {LEAST} or more"
    if not found.groups:
        return f"maps: {of}, none of them less than a quarter full"
    are, keep = verb(found.maps, "is", "are"), verb(found.maps, "keeps", "keep")
    return (
        f"maps: of {of} {found.maps:,} {are} less than a quarter full and {keep} {human_bytes(found.bytes)}, an "
        f"estimated {human_bytes(found.more)} more than new maps of the same entries would: a map never shrinks; a new "
        "one that the entries are put into (maps.Clone keeps the room) would let go of the rest"
    )


def document(found: Sparse, limit: int | None) -> dict[str, Any]:
    """As JSON."""
    return {
        "looked": found.looked,
        "maps": found.maps,
        "bytes": found.bytes,
        "unneeded_bytes": found.more,
        "groups": report.Rows(map(GROUP.object, found.groups[:limit])),
    }
