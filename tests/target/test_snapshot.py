"""What was copied stays as it was, and is decoded like the program it was copied from."""

from __future__ import annotations

import pytest

from gdbext.errors import MemoryFault
from gdbext.golang.reading.opening import open_program
from gdbext.golang.runtime.mheap import Heap
from gdbext.session import Session
from gdbext.target import Thread
from gdbext.target.image import Image
from gdbext.target.opening import open_core, open_pid
from gdbext.target.snapshot import Frozen, Snapshot
from tests import programs, tools
from tests.synthetic import HEAP, World


def frozen(world: World) -> Snapshot:
    """A copy of a made program."""
    regions = world.target.memory.regions
    image = Image.of_arrays((one.start, one.data.copy()) for one in regions)
    target = world.target
    memory = Frozen(image, tuple(target.memory.mappings()))
    return Snapshot(target.identity, target.binary, target.arch, target.bias, [], memory, ())


def test_it_stays_as_it_was() -> None:
    world = World()
    world.words(HEAP, 7)
    snapshot = frozen(world)
    world.words(HEAP, 8)
    assert (open_program(snapshot).word(HEAP), world.program.word(HEAP)) == (7, 8)
    assert snapshot.memory.stable and snapshot.memory.whole() is snapshot.memory.image(()) and snapshot.threads() == ()


def test_registers_stay_too() -> None:
    core = programs.core(programs.build("vectors", tools.go_versions()[-1]), "itself")
    target = open_core(str(core.exe), str(core.path))
    snapshot = Snapshot.of(target, ())
    assert snapshot.threads() == target.threads() and snapshot.arch is target.arch
    assert snapshot.vectors(snapshot.threads()) == target.vectors(target.threads())
    assert snapshot.vectors([Thread(1)])[1].reason == "its registers were not copied"


def test_what_was_not_copied_cannot_be_read(ctxforest_running: programs.Running) -> None:
    target = open_pid(ctxforest_running.pid)
    entry = target.binary.entry
    snapshot = Snapshot.of(target, [(entry, entry + 16)])
    assert snapshot.memory.read(entry, 16) == target.memory.read(entry, 16)
    with pytest.raises(MemoryFault):
        snapshot.memory.read(entry + 16, 1)
    assert snapshot.identity == target.identity
    assert {each.tid for each in snapshot.threads()} & {each.tid for each in target.threads()}, "they come and go"
    target.close()


def test_everything_of_it_answers_as_before(ctxforest_core: programs.Core) -> None:
    core = open_core(str(ctxforest_core.exe), str(ctxforest_core.path))
    session, again = Session(core), Session(Snapshot.of(core, ()))
    assert again.goroutines.goid.tolist() == session.goroutines.goid.tolist()
    assert again.contexts.address.tolist() == session.contexts.address.tolist() != []
    assert Heap.of(again.program).totals() == session.heap.totals()
