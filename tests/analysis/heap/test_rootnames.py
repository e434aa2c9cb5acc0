"""Names of roots: in text by hand, and of the sample heap by what it says holds its objects."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from gdbext.analysis.heap.rootnames import RootName, RootNames
from gdbext.golang.runtime.rootwords import FINALIZER, QUEUED, STACK
from tests import heaps, programs, tools
from tests.heaps import DumpedHeap


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (RootName("data", "main.cache", 0x10), "main.cache+0x10"),
        (RootName("bss", "main.cache"), "main.cache"),
        (RootName("bss", "main.cache", 0x18, path=".rows[3]"), "main.cache.rows[3]"),
        (RootName("bss"), "bss"),
        (RootName("stack", "request", 0, 7, "main.serve"), "goroutine 7, main.serve, request"),
        (RootName("panic", goid=7), "goroutine 7"),
        (RootName("finalizer", object=0xC000010000), "finalizer of 0xc000010000"),
        (RootName("queued cleanup"), "queued cleanup"),
    ],
)
def test_text(name: RootName, text: str) -> None:
    assert name.text == text


@pytest.fixture(scope="module")
def heap(go: str) -> Iterator[DumpedHeap]:
    with heaps.dumped(programs.build("heap", go), f"gcore-{tools.gdbs()[-1]}") as found:
        yield found


@pytest.fixture(scope="module")
def names(heap: DumpedHeap) -> RootNames:
    return heap.session.root_names


def holding(heap: DumpedHeap, names: RootNames, plant: str) -> set[str]:
    """The names, without goroutines, of the roots that point to an object."""
    addresses = [int(each["address"], 16) for each in heap.truth.facts["objects"] if each["name"] == plant]
    found = (names.name(number) for number in np.flatnonzero(np.isin(names.roots.value, addresses)).tolist())
    return {name.text.partition(", ")[2] or name.text for name in found}


def test_globals(heap: DumpedHeap, names: RootNames) -> None:
    assert "main.library.locked" in holding(heap, names, "locked")
    (pool,) = (name for name in holding(heap, names, "pool") if name.startswith("main.library"))
    assert pool == "main.library.pool"


@pytest.mark.parametrize(
    ("plant", "held"), [("variable", "main.holdVariable"), ("in a stack object", "main.holdStackObject")]
)
def test_variables_of_frames(heap: DumpedHeap, names: RootNames, plant: str, held: str) -> None:
    assert any(name.startswith(held) for name in holding(heap, names, plant))


def test_frames_of_all_stacks_are_those_of_each(heap: DumpedHeap, names: RootNames) -> None:
    """By the words on stacks: the frame that each lies in, walked alone."""
    frames, roots = heap.session.frames, names.roots
    for number in np.flatnonzero((roots.kind == STACK) & (roots.where != 0)).tolist():
        row, where = int(roots.owner[number]), int(roots.where[number])
        (at,) = frames.at(roots.where[number : number + 1]).tolist()
        frame = next(one for one in names._stack(row) if one.sp <= where < one.cfa)
        assert (int(frames.begin[at]), int(frames.end[at]), int(frames.row[at])) == (frame.sp, frame.cfa, row)
        assert (int(frames.function[at]), int(frames.pc[at])) == (frame.function, frame.pc - (not frame.trapped))


def test_a_local_variable_has_its_name(heap: DumpedHeap, names: RootNames) -> None:
    assert any(
        name.startswith("main.holdStackObject, ") and "local" in name
        for name in holding(heap, names, "in a stack object")
    )


def test_finalizers_are_named_by_their_objects(heap: DumpedHeap, names: RootNames) -> None:
    dumped = {(one.object, one.closure) for one in heap.dump.finalizers}
    for number in np.flatnonzero(names.roots.kind == FINALIZER).tolist():
        assert (names.name(number).object, int(names.roots.value[number])) in dumped
    queued = np.flatnonzero(names.roots.kind == QUEUED)
    assert {names.name(number).text for number in queued.tolist()} == {"queued finalizer"}


def test_every_root_has_some_name(names: RootNames) -> None:
    """Of globals those that the compiler made for literals have no symbols."""
    said = [names.name(number) for number in range(len(names.roots))]
    assert all(name.text for name in said)
    of_globals = [name for name in said if name.kind in ("data", "bss")]
    assert {"main.held", "runtime.allgs", "runtime.allm"} <= {name.variable for name in of_globals}
