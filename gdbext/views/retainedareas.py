"""What keeps the heap alive as a treemap: goroutines, variables and objects, and what each of them dominates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gdbext.report import Address, Bytes
from gdbext.report.cells import human_bytes
from gdbext.report.counts import plural
from gdbext.report.html import Area, Areas
from gdbext.views.retainedrows import Row, below

if TYPE_CHECKING:
    from gdbext.report import Cell
    from gdbext.views.retainedrows import Below, Names

MOST = 400
"""Areas of the picture."""
BELOW = 24
"""Of one area."""
DEEPEST = 4
"""Levels."""
SHARE = 0.0005
"""Of the whole: what keeps less is too small to be seen."""


def areas(names: Names) -> Areas:
    """Of all that roots reach."""
    found = names.found
    whole = int(found.bytes[0])
    kept = below(found, 0, MOST, BELOW, DEEPEST, SHARE * whole)
    title = f"what keeps {human_bytes(whole)} in {plural(int(found.objects[0]), 'object')} alive"
    return Areas(_areas(names, 0, kept), title)


def _areas(names: Names, place: int, kept: Below) -> list[Area]:
    """Of what a place dominates next."""
    places, _, _ = kept.get(place, ([], 0, 0))
    return [_area(names, one, kept) for one in places]


def _area(names: Names, place: int, kept: Below) -> Area:
    row = Row(names, place)
    said: list[Cell] = [Bytes(row.bytes), "in", plural(row.objects, "object")]
    if row.address is not None:
        said = [Address(row.address), *said]
    return Area(row.text, row.bytes, said, _areas(names, place, kept))
