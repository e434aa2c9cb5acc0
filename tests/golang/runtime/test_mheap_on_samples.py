"""Spans and which of their slots are allocated, against what the runtime says of its own heap."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gdbext.golang.runtime.mheap import Heap
from gdbext.session import Session
from gdbext.target import Target, opening
from tests import heaps, programs
from tests.heapdump import HeapDump
from tests.heaps import DumpedHeap
from tests.waiting import states, until


@pytest.fixture(scope="module", params=["after a collection", "with garbage"])
def flags(request: pytest.FixtureRequest) -> list[str]:
    return ["-young", "5000"] if request.param == "with garbage" else []


@pytest.fixture(scope="module", params=heaps.places())
def maker(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def dumped(go: str, maker: str, flags: list[str]) -> Iterator[DumpedHeap]:
    with heaps.dumped(programs.build("heap", go), maker, flags) as found:
        yield found


def slots(heap: Heap) -> dict[int, int]:
    """Sizes of the allocated slots by their addresses."""
    ids, spans = heap.objects(), heap.spans
    of = np.searchsorted(spans.first, ids, "right") - 1
    address = spans.base[of] + (ids - spans.first[of]).astype(np.uint64) * spans.elemsize[of]
    return dict(zip(address.tolist(), spans.elemsize[of].tolist(), strict=True))


def dumped_slots(dumped: DumpedHeap, mask: NDArray[np.bool_]) -> dict[int, int]:
    found = dumped.dump.objects
    return dict(zip(found.address[mask].tolist(), found.size[mask].tolist(), strict=True))


def test_objects_are_those_that_the_runtime_dumped(dumped: DumpedHeap) -> None:
    found = slots(dumped.session.heap)
    real, maybe = (dumped_slots(dumped, mask) for mask in (dumped.dump.objects.real, dumped.dump.objects.doubtful))
    assert {address: size for address, size in found.items() if maybe.get(address) != size} == real


def test_totals_are_those_of_memstats(dumped: DumpedHeap) -> None:
    stats = dumped.truth.facts["memstats"]
    assert dumped.session.heap.totals() == (stats["HeapObjects"], stats["HeapAlloc"])


def test_planted_objects_begin_where_their_pointers_point(dumped: DumpedHeap) -> None:
    heap = dumped.session.heap
    planted = [record for record in dumped.truth.facts["objects"] if not record["dead"] and not is_tiny(record)]
    address = np.array([int(record["address"], 16) for record in planted], np.uint64)
    ids = heap.ids(address)
    assert [record for record, id_ in zip(planted, ids.tolist(), strict=True) if id_ < 0] == []
    assert heap.addresses(ids).tolist() == address.tolist()
    too_small = heap.elemsizes(ids) < np.array([record["count"] * record["size"] for record in planted], np.uint64)
    assert [record for record, small in zip(planted, too_small.tolist(), strict=True) if small] == []


def is_tiny(record: dict[str, Any]) -> bool:
    """Several such objects share a slot (runtime/malloc.go)."""
    return record["pointers"] <= 0 < record["count"] * record["size"] < 16 or record["kind"] == "text"


def test_tiny_objects_lie_in_slots(dumped: DumpedHeap) -> None:
    tiny = [record for record in dumped.truth.facts["objects"] if not record["dead"] and is_tiny(record)]
    assert tiny and dumped.session.heap.ids(addresses(tiny)).min() >= 0


def test_dropped_objects_are_gone(dumped: DumpedHeap) -> None:
    dead = [record for record in dumped.truth.facts["objects"] if record["dead"]]
    ids = dumped.session.heap.ids(addresses(dead))
    assert dumped.truth.facts["young"] or set(ids.tolist()) == {-1}, "what is made later may take their places"


@pytest.mark.parametrize(("release", "experiment"), heaps.EXPERIMENTS)
def test_experiments(release: str, experiment: str) -> None:
    with heaps.dumped(heaps.experimental(release, experiment), "kernel") as found:
        assert experiment in found.dump.experiments
        test_objects_are_those_that_the_runtime_dumped(found)
        test_totals_are_those_of_memstats(found)
        test_planted_objects_begin_where_their_pointers_point(found)


def test_a_heap_that_is_hardly_swept(go: str, tmp_path: Path) -> None:
    """Stopped there it has dead objects that nobody swept, and objects that were made while it was marked."""
    program, met = programs.build("heap", go), 0
    while not met:
        path = tmp_path / heaps.DUMP
        with programs.run(program, "-unswept", "-dump", str(path)) as running:
            until(lambda: states(running.pid) == {"T"}, "it stops itself")
            found, met = unswept(opening.open_pid(running.pid))
            core = programs.core_of(running, tmp_path / "core")
            again, _ = unswept(opening.open_core(str(running.exe), str(core)))
            os.kill(running.pid, signal.SIGCONT)
            assert running.process.stdout and running.process.stdout.readline() == b"DUMPED\n"
        objects = HeapDump.read(path).objects
        real = dict(zip(objects.address[objects.real].tolist(), objects.size[objects.real].tolist(), strict=True))
        maybe = set(objects.address[objects.doubtful].tolist())
        for slots_found in (found, again):
            assert {address: size for address, size in slots_found.items() if address not in maybe} == real


def unswept(target: Target) -> tuple[dict[int, int], int]:
    """(its slots, how many spans are not swept)."""
    session = Session(target)
    try:
        return slots(session.heap), int(session.heap.spans.unswept.sum())
    finally:
        session.close()


def addresses(records: list[dict[str, Any]]) -> NDArray[np.uint64]:
    return np.array([int(record["address"], 16) for record in records], np.uint64)
