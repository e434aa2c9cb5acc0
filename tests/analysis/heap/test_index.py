"""What was kept of a heap is used for that very heap, and for nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gdbext.analysis.heap import index, paths
from gdbext.analysis.heap.flow import Flowed
from gdbext.analysis.heap.index import Index
from gdbext.golang.types.flat.closures import Closures
from tests.analysis.heap.madegraph import Graph
from tests.analysis.heap.madeheap import NoFunctions, made_roots

WORDS = [(0, 0, 1, 8), (1, 2, 2, 0), (2, 3, 3, 16)]


class Kept:
    """A heap of five objects, four of which are reachable, and what is kept of it in a folder."""

    def __init__(self, folder: Path) -> None:
        self.graph, self.folder = Graph([16, 48, 600, 24, 24], (), WORDS), folder
        self.roots = made_roots(self.graph.at[:1])
        self.first = self.graph.made.flowed(self.graph.at[:1])

    def index(self, least: int = 0) -> Index:
        return Index(self.graph.made.world.target, self.folder, least)

    def keep(self) -> None:
        one = self.index()
        one.found(self.first)
        found = paths.Paths.of(self.first, self.roots)
        one.found_paths(self.first.laid, found)
        assert found.parents.any()
        one.keep()

    def again(self) -> Flowed | None:
        laid = self.graph.made.laid(self.first.table)
        return self.index().flowed(laid, self.first.table, Closures(NoFunctions(), ()))  # type: ignore[arg-type]

    def parents(self) -> object:
        return self.index().parents(self.first.laid, paths.order_of(self.roots))


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    made = Kept(tmp_path)
    made.keep()
    return made


def test_the_next_session_has_the_same(kept: Kept) -> None:
    again = kept.again()
    assert again is not None and again.laid.objects.state is again.state
    assert again.state.tolist() == kept.first.state.tolist() and again.notes == kept.first.notes
    assert np.array_equal(kept.parents(), paths.Paths.of(kept.first, kept.roots).parents)


def test_paths_that_were_searched_in_part_are_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "STEP", 1)
    kept = Kept(tmp_path)
    index, found = kept.index(), paths.Paths.of(kept.first, kept.roots)
    index.found_paths(kept.first.laid, found)
    index.keep()
    assert not found.whole and kept.parents() is None
    assert found.parents.any()
    index.keep()
    assert kept.parents() is not None


def test_nothing_is_written_before_the_answer_is_out(tmp_path: Path) -> None:
    made = Kept(tmp_path)
    made.index().found(made.first)
    assert list(tmp_path.iterdir()) == [] and made.again() is None


def change_heap(kept: Kept) -> None:
    kept.graph.made.world.words(kept.graph.at[4], 1)


def change_program(kept: Kept) -> None:
    kept.graph.made.world.target.binary.remembered.identity = "another"


def change_slots(kept: Kept) -> None:
    for _ in range(600):
        kept.graph.made.raw(16, [True, False])


@pytest.mark.parametrize("change", [change_heap, change_program, change_slots])
def test_another_core_is_another(kept: Kept, change: Callable[[Kept], None]) -> None:
    change(kept)
    assert kept.again() is None


def test_other_roots_have_other_paths(kept: Kept) -> None:
    kept.roots = made_roots(kept.graph.at[:2])
    assert kept.parents() is None


@pytest.mark.parametrize("place", [0.001, 0.3, 0.6, 0.999])
@pytest.mark.parametrize("sort", [index.OBJECTS, index.PATHS])
def test_what_is_damaged_is_not_believed(kept: Kept, sort: str, place: float) -> None:
    path = index.shelf_of(sort, kept.folder).path(kept.index().key)
    data = bytearray(path.read_bytes())
    data[int(place * len(data))] ^= 1
    path.write_bytes(data)
    sound = kept.again(), kept.parents()
    if sound[sort == index.PATHS] is not None:  # it was a byte between two arrays
        assert kept.again().state.tolist() == kept.first.state.tolist()  # type: ignore[union-attr]


def test_files_that_nobody_wrote_to_are_not_read_again(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = kept.graph.made.world.target.memory
    memory.version = "1" * 64
    content = kept.index().content
    made: list[object] = []
    monkeypatch.setattr(index, "fingerprint", lambda image: made.append(image) or "another")
    assert (kept.index().content, made) == (content, [])
    memory.version = "2" * 64
    assert kept.index().content == "another"


def test_where_files_may_have_been_written_to_all_is_read_again(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    content = kept.index().content
    monkeypatch.setattr(index, "fingerprint", lambda image: "another")
    assert content != kept.index().content == "another"


def test_of_small_heaps_and_of_processes_nothing_is_kept(tmp_path: Path) -> None:
    made = Kept(tmp_path)
    small = made.index(least=1 << 20)
    small.found(made.first)
    small.keep()
    made.graph.made.world.target.memory.lasting = False
    made.keep()
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_costs_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "file"
    folder.write_text("")
    made = Kept(folder)
    made.keep()
    assert made.again() is None


def test_an_interrupt_while_it_is_written_leaves_nothing_half(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    def struck(*given: object) -> None:
        raise KeyboardInterrupt

    before = sorted(path.read_bytes() for path in kept.folder.iterdir())
    monkeypatch.setattr(index.arrays, "write", struck)
    kept.keep()
    assert sorted(path.read_bytes() for path in kept.folder.iterdir()) == before
