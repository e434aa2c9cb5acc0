"""What keeps the heap alive as a treemap: goroutines, variables and objects, and what each of them dominates."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from gdbext.report import Address, Bytes
from gdbext.report.cells import human_bytes
from gdbext.report.counts import plural
from gdbext.report.html import Area, Areas
from gdbext.views.retainedrows import Row

if TYPE_CHECKING:
    from gdbext.report import Cell
    from gdbext.views.retainedrows import Names

MOST = 400
"""Areas of the picture."""
BELOW = 24
"""Of one area."""
DEEPEST = 3
"""Levels below those that no other dominates."""
SHARE = 0.0005
"""Of the whole: what keeps less is too small to be seen."""


def areas(names: Names) -> Areas:
    """Of all that roots reach."""
    found, below = names.found, dict[int, list[int]]()
    whole, waiting, room = int(found.bytes[0]), [(0, 0, 0)], MOST
    while waiting and room > 0:
        _, place, level = heapq.heappop(waiting)
        places, _, _ = found.below(place, BELOW)
        below[place] = [one for one in places.tolist() if found.bytes[one] >= SHARE * whole]
        room -= len(below[place])
        for one in below[place]:
            if found.objects[one] > 1 and level < DEEPEST:
                heapq.heappush(waiting, (-int(found.bytes[one]), one, level + 1))
    title = f"what keeps {human_bytes(whole)} in {plural(int(found.objects[0]), 'object')} alive"
    return Areas([_area(names, place, below) for place in below.get(0, [])], title)


def _area(names: Names, place: int, below: dict[int, list[int]]) -> Area:
    row = Row(names, place)
    said: list[Cell] = [Bytes(row.bytes), "in", plural(row.objects, "object")]
    if row.address is not None:
        said = [Address(row.address), *said]
    return Area(row.text, row.bytes, said, [_area(names, one, below) for one in below.get(place, [])])
