"""Bytes of spans by what is in their slots, and what of them is in RAM, on a made heap."""

from __future__ import annotations

import numpy as np
import pytest

from gdbext.analysis.memory import slots as module
from gdbext.analysis.memory.slots import Share, slots, span_ranges
from gdbext.golang.runtime.mheap import Heap
from gdbext.target.residency import Area, Residency
from tests.synthetic import HEAP, PAGE, Span, World

SMALL = 4096


def heap() -> Heap:
    world = World()
    world.span(Span(HEAP, 1024, 8, freeindex=3, alloc=(6,), sizeclass=32))
    world.span(Span(HEAP + PAGE, 48, 170, freeindex=100, marks=tuple(range(60)), behind=-2))
    world.span(Span(HEAP + 2 * PAGE, 2 * PAGE, 1, npages=2, freeindex=1, sizeclass=0, noscan=True))
    world.mheap()
    return Heap.of(world.program)


def residency(*pages: int) -> Residency:
    """Four pages of the heap's are eight of the system's: the resident ones."""
    mask = np.zeros(8, bool)
    mask[list(pages)] = True
    return Residency.of([Area(HEAP, HEAP + 4 * PAGE, rss=len(pages) * SMALL)], [mask], True, "")


def test_all_in_ram() -> None:
    found = slots(heap(), residency(*range(8)))
    live = 4 * 1024 + 60 * 48 + 2 * PAGE
    assert found.live == Share(live, live)
    assert found.dead == Share(40 * 48, 40 * 48)
    assert found.free == Share(4 * PAGE - live - 40 * 48, 4 * PAGE - live - 40 * 48)


def test_slot_by_slot_where_a_span_is_in_ram_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the first span the second half: slot 6 alone; of the second the first half: slots 0 to 85."""
    monkeypatch.setattr(module, "TOGETHER", 10)
    found = slots(heap(), residency(1, 2))
    assert found.live.resident == 1024 + 60 * 48
    rest = 3 * 1024 + 4096 - 60 * 48
    assert found.dead.resident + found.free.resident == rest and not found.dead.exact
    assert found.live.resident + rest == 2 * SMALL


def test_half_of_a_large_object() -> None:
    found = slots(heap(), residency(4, 6))
    assert (found.live.resident, found.dead.resident, found.free.resident) == (2 * SMALL, 0, 0)


def test_nothing_in_ram() -> None:
    found = slots(heap(), residency())
    assert (found.live.resident, found.dead.resident, found.free.resident) == (0, 0, 0)
    assert int((span_ranges(heap())[:, 1] - span_ranges(heap())[:, 0]).sum()) == 4 * PAGE
