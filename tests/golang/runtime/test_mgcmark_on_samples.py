"""The collector's roots of the sample heap, compared with what the runtime itself dumped of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from gdbext.golang.runtime import rootwords
from gdbext.golang.runtime.mgcmark import Roots
from gdbext.golang.runtime.rootwords import (
    BSS,
    CLEANUP,
    CONSERVATIVE,
    DATA,
    DEFER,
    FINALIZER,
    PANIC,
    QUEUED,
    STACK,
    WEAK_HANDLE,
)
from gdbext.golang.runtime.stkframe import stack_objects
from gdbext.golang.runtime.traceback import PcTable, Walk
from gdbext.session import Session
from gdbext.target import opening
from tests import heaps, programs, tools
from tests.heapdump import Fields, Frame, Goroutine
from tests.heaps import DumpedHeap
from tests.target import heldvectors


@pytest.fixture(scope="module", params=heaps.places())
def heap(request: pytest.FixtureRequest, go: str) -> Iterator[DumpedHeap]:
    with heaps.dumped(programs.build("heap", go), request.param) as found:
        yield found


def of_kind(roots: Roots, *kinds: int) -> dict[int, int]:
    """Values by address."""
    mine = np.isin(roots.kind, kinds)
    return dict(zip(roots.where[mine].tolist(), roots.value[mine].tolist(), strict=True))


def words_now(heap: DumpedHeap, fields: Fields) -> dict[int, int]:
    """What the dumped pointer words of a segment hold now, unless it is 0."""
    words = np.frombuffer(heap.session.program.read(fields.address, len(fields.data) // 8 * 8), "<u8")
    addresses = {fields.address + offset: int(words[offset // 8]) for offset in fields.offsets}
    return {address: word for address, word in addresses.items() if word}


def test_globals_are_those_that_the_runtime_would_follow(heap: DumpedHeap) -> None:
    roots = heap.session.roots
    for kind, (segment,) in ((DATA, heap.dump.data), (BSS, heap.dump.bss)):
        assert len(segment.offsets) > 100
        found, wanted = of_kind(roots, kind), words_now(heap, segment)
        if heap.session.target.memory.stable:
            assert found == wanted
        else:  # the program's own clockwork goes on
            assert len(found.items() ^ wanted.items()) < 20


def parked(heap: DumpedHeap) -> list[tuple[int, Goroutine]]:
    """(row, as dumped) of the goroutines that have not moved since the dump."""
    goroutines = heap.session.goroutines
    rows = {
        (int(goid), int(sp)): row for row, (goid, sp) in enumerate(zip(goroutines.goid, goroutines.sp, strict=True))
    }
    both = [(rows.get((dumped.goid, dumped.sp), -1), dumped) for dumped in heap.dump.goroutines]
    return [(row, dumped) for row, dumped in both if row >= 0]


def live(frame: Frame) -> dict[int, int]:
    """A dumped frame's pointer words that are not 0."""
    words = {frame.address + at: int.from_bytes(frame.data[at : at + 8], "little") for at in frame.offsets}
    return {address: word for address, word in words.items() if word}


def on_stack(roots: Roots, row: int) -> dict[int, int]:
    mine = (roots.owner == row) & np.isin(roots.kind, (STACK, CONSERVATIVE))
    return dict(zip(roots.where[mine].tolist(), roots.value[mine].tolist(), strict=True))


def objects_of(heap: DumpedHeap, row: int) -> list[tuple[int, int]]:
    """[start, end) of the variables on a stack that have addresses; the dump does not have them."""
    session, found = heap.session, heap.session.goroutines
    bounds = int(found.g["low"][row]), int(found.g["high"][row])
    walk = Walk(session.program, PcTable(session.symtab), int(found.pc[row]), int(found.sp[row]), *bounds)
    objects = (one for frame in walk for one in stack_objects(session.program, session.symtab, frame))
    return [(one.address, one.address + one.size) for one in objects]


def test_stacks_hold_what_the_runtime_would_follow(heap: DumpedHeap) -> None:
    roots, compared, more = heap.session.roots, 0, 0
    for row, dumped in parked(heap):
        wanted = {address: word for frame in dumped.frames for address, word in live(frame).items()}
        found, objects = on_stack(roots, row), objects_of(heap, row)
        assert wanted.items() <= found.items(), dumped.goid
        extra = found.keys() - wanted.keys()
        assert all(any(begin <= address < end for begin, end in objects) for address in extra), dumped.goid
        compared, more = compared + len(wanted), more + len(extra)
    users = {dumped.goid for dumped in heap.dump.goroutines if not dumped.system} - {heap.truth.reporter}
    assert users <= {dumped.goid for _, dumped in parked(heap)} and compared > 200 and more > 3


def test_deferred_calls_and_panics(heap: DumpedHeap) -> None:
    found, panics = of_kind(heap.session.roots, DEFER), of_kind(heap.session.roots, PANIC)
    dumped = [one for _, each in parked(heap) for one in each.defers]
    assert len(dumped) >= 5
    assert {one.closure for one in dumped if one.closure} <= set(found.values())
    assert {one.link for one in dumped if one.link} <= set(found.values())
    assert set(panics.values()) == {each.first_panic for _, each in parked(heap) if each.first_panic} != set()


def test_finalizers(heap: DumpedHeap) -> None:
    specials, roots = heap.session.specials, heap.session.roots
    rows = specials.rows("Finalizer")
    assert sorted(specials.object[rows].tolist()) == sorted(one.object for one in heap.dump.finalizers)
    mine = np.isin(roots.kind, FINALIZER)
    pairs = zip(specials.object[roots.owner[mine]].tolist(), roots.value[mine].tolist(), strict=True)
    assert sorted(pairs) == sorted((one.object, one.closure) for one in heap.dump.finalizers)
    ids = heap.session.heap.ids(roots.contents)
    assert (ids >= 0).all() and (heap.session.heap.addresses(ids) >= roots.contents).all()
    assert np.unique(ids).tolist() == np.unique(heap.session.heap.ids(specials.object[rows])).tolist()


def test_finalizers_that_are_about_to_run(heap: DumpedHeap) -> None:
    values = sorted(heap.session.roots.value[heap.session.roots.kind == QUEUED].tolist())
    dumped = [(one.object, one.closure, one.argument_type, one.object_type) for one in heap.dump.queued]
    assert len(dumped) >= 3
    assert values == sorted(word for each in dumped for word in each if word)


def planted(heap: DumpedHeap, name: str) -> set[int]:
    return {int(each["address"], 16) for each in heap.truth.facts["objects"] if each["name"] == name}


def test_handles_of_weak_pointers(heap: DumpedHeap) -> None:
    targets = {heap.session.program.word(value) for value in of_kind(heap.session.roots, WEAK_HANDLE).values()}
    assert planted(heap, "weakly held too") <= targets


def below(heap: DumpedHeap, addresses: set[int]) -> set[int]:
    """The first words of what lies there."""
    at = np.array(sorted(addresses), np.uint64)[:, None] + np.arange(0, 40, 8, dtype=np.uint64)
    words, readable = heap.session.heap.image.words(at.ravel())
    return set(words[readable].tolist())


def test_cleanups(heap: DumpedHeap) -> None:
    """Until Go 1.25 a closure captures where the argument is; from Go 1.26 on that is kept beside the function."""
    held = set(of_kind(heap.session.roots, CLEANUP).values())
    assert planted(heap, "argument of a cleanup") <= below(heap, held) | below(heap, below(heap, held))
    cleaned = heap.session.specials.object[heap.session.specials.rows("Cleanup")].tolist()
    assert planted(heap, "with a cleanup") <= set(cleaned)


def test_profiled_objects(heap: DumpedHeap) -> None:
    specials = heap.session.specials
    assert sorted(specials.object[specials.rows("Profile")].tolist()) == sorted(heap.dump.samples)


def test_all_could_be_read(heap: DumpedHeap) -> None:
    notes = heap.session.roots.notes
    assert notes == () or not heap.session.target.memory.stable or "running" in notes[0]
    assert set(np.unique(heap.session.roots.kind).tolist()) <= set(range(len(rootwords.KINDS)))


@pytest.mark.parametrize("maker", ["itself", f"gcore-{tools.gdbs()[-1]}"])
def test_vector_registers_of_goroutines_that_run(go: str, maker: str) -> None:
    core = programs.core(programs.build("vectors", go), maker)
    session = Session(opening.open_core(str(core.exe), str(core.path)))
    roots, goroutines = session.roots, session.goroutines
    for told in core.truth.facts["threads"]:
        row = goroutines.on_thread(told["tid"])
        mine = (roots.owner == row) & (roots.kind == CONSERVATIVE) & (roots.where == 0)
        assert row >= 0 and heldvectors.numbers(told["low"]) <= set(roots.value[mine].tolist())
    session.close()


@pytest.mark.parametrize("maker", ["quit", f"gcore-{tools.gdbs()[-1]}"])
def test_objects_that_only_registers_hold(go: str, maker: str) -> None:
    """Of goroutines that run (in the core of a crash what the signal interrupted), and of those that were preempted."""
    core = programs.core(programs.build("spinning", go), maker)
    session = Session(opening.open_core(str(core.exe), str(core.path)))
    roots, goroutines = session.roots, session.goroutines
    for told in core.truth.facts["plants"]:
        mine = (roots.value == int(told["address"], 16)) & (roots.kind == CONSERVATIVE)
        assert goroutines.rows[told["goid"]] in roots.owner[mine].tolist()
    assert (goroutines.g["asyncSafePoint"] != 0).sum() > 1
    session.close()
