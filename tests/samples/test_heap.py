"""The heap sample keeps its word: what it planted is what the runtime dumped, by types and by counts."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.goclasses import MOST_INLINE
from tests.heapdump import HeapDump
from tests.programs import build, run
from tests.truth import Truth

Record = dict[str, Any]


@pytest.fixture(scope="module")
def said(go: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Truth, HeapDump]]:
    path = Path(tmp_path_factory.mktemp("heap")) / "heap.dump"
    with run(build("heap", go), "-dump", str(path)) as running:
        yield running.truth, HeapDump.read(path)


def test_figures_are_those_of_the_dump(said: tuple[Truth, HeapDump]) -> None:
    truth, dump = said
    """Those of stacks and of pages the runtime gives back may have changed meanwhile."""
    names = ("TotalAlloc", "Mallocs", "Frees", "HeapAlloc", "HeapObjects", "HeapInuse")
    assert [truth.facts["memstats"][name] for name in names] == [dump.memstats[name] for name in names]


def test_real_objects_are_as_many_as_were_allocated(said: tuple[Truth, HeapDump]) -> None:
    truth, dump = said
    stats, found = truth.facts["memstats"], dump.objects
    real, doubtful = (Counter(found.size[mask].tolist()) for mask in (found.real, found.doubtful))
    for size, mallocs, frees in stats["BySize"]:
        assert real[size] <= mallocs - frees <= real[size] + doubtful[size], size
    assert real.total() <= stats["HeapObjects"] <= real.total() + doubtful.total()
    least, more = (sum(size * count for size, count in sizes.items()) for sizes in (real, doubtful))
    assert least <= stats["HeapAlloc"] <= least + more


def test_planted_objects_have_the_pointers_of_their_types(said: tuple[Truth, HeapDump]) -> None:
    truth, dump = said
    wrong = [
        record
        for record, slot in placed(truth, dump)
        if slot and record["words"] is not None and pointers(dump, slot, record) != expected(dump, slot, record)
    ]
    assert wrong == []


def test_only_dropped_objects_are_gone(said: tuple[Truth, HeapDump]) -> None:
    """An object of the dump that may be none says nothing."""
    doubtful = said[1].objects.doubtful
    found = ((record, slot) for record, slot in placed(*said) if not slot or not doubtful[slot[2]])
    assert [record for record, slot in found if (slot is None) != record["dead"]] == []


Slot = tuple[int, int, int]
"""Address, size, place in the dump."""


def placed(truth: Truth, dump: HeapDump) -> Iterator[tuple[Record, Slot | None]]:
    """The planted objects with the slots they lie in."""
    found = dump.objects
    slots = sorted(
        (address, size, place)
        for place, (address, size) in enumerate(zip(found.address.tolist(), found.size.tolist(), strict=True))
        if found.real[place] or found.doubtful[place]
    )
    starts = [slot[0] for slot in slots]
    for record in truth.facts["objects"]:
        address = int(record["address"], 16)
        slot = slots[bisect_right(starts, address) - 1]
        yield record, slot if address < slot[0] + slot[1] else None


def pointers(dump: HeapDump, slot: Slot, record: Record) -> list[int]:
    """Offsets of the pointers in the dump's slot, from the planted address."""
    found, skipped = dump.objects, int(record["address"], 16) - slot[0]
    return [int(at) - skipped for at in found.offsets[found.first[slot[2]] : found.first[slot[2] + 1]]]


def expected(dump: HeapDump, slot: Slot, record: Record) -> list[int]:
    """What the type says. Above 512 bytes it is repeated to the end of the slot where there are malloc headers."""
    count, room = record["count"], slot[0] + slot[1] - int(record["address"], 16)
    if slot[1] > MOST_INLINE and dump.headers:
        count = room // record["size"] + 1
    offsets = (at * record["size"] + 8 * word for at in range(count) for word in record["words"])
    return [offset for offset in offsets if offset < room]
