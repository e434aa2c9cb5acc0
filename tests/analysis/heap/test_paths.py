"""Shortest paths from roots on made heaps, against networkx."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import networkx
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from gdbext.analysis.heap import paths
from gdbext.analysis.heap.flow import Flowed
from gdbext.analysis.heap.lookup import Lookup, Object
from gdbext.analysis.heap.paths import Path, Paths
from gdbext.golang.runtime import mheap
from gdbext.golang.runtime.mgcmark import Roots
from gdbext.golang.runtime.rootwords import DATA, STACK
from tests.analysis.heap.madegraph import Graph, graphs
from tests.analysis.heap.madeheap import MadeHeap, made_roots
from tests.analysis.heap.test_fields import lookup


def ids(flowed: Flowed, at: Sequence[int]) -> list[int]:
    found: list[int] = flowed.laid.heap.ids(np.array(at, np.uint64)).tolist()
    return found


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_paths_are_shortest(drawn: tuple[Graph, list[int]]) -> None:
    graph, chosen = drawn
    roots = made_roots(graph.at[one] for one in chosen)
    flowed = graph.made.flowed(graph.at[one] for one in chosen)
    found, slots = Paths.of(flowed, roots), ids(flowed, graph.at)
    assert found.roots(np.array(slots, np.int64)).tolist() == [found.chain(slot)[0] for slot in slots]
    number = {slot: one for one, slot in enumerate(slots)}
    distance = networkx.multi_source_dijkstra_path_length(graph.graph, set(chosen), weight=None) if chosen else {}
    for one, slot in enumerate(slots):
        root, chain = found.chain(slot)
        if one not in distance:
            assert (root, chain) == (-1, [])
            continue
        walked = [number[each] for each in chain]
        assert len(walked) == distance[one] + 1 and walked[-1] == one and chosen[root] == walked[0]
        assert all(graph.graph.has_edge(a, b) for a, b in pairwise(walked))


@settings(max_examples=40, deadline=None)
@given(graphs(), st.data())
def test_no_more_is_searched_than_was_asked_for(drawn: tuple[Graph, list[int]], data: st.DataObject) -> None:
    """What is found so far is what the whole search finds, in whatever order it is asked for."""
    graph, chosen = drawn
    roots, begun = made_roots(graph.at[one] for one in chosen), list[int]()
    flowed = graph.made.flowed(graph.at[one] for one in chosen)
    slots = ids(flowed, graph.at)
    whole, parts = Paths.of(flowed, roots), Paths.of(flowed, roots, lambda: begun.append(1))
    assert whole.parents.shape and whole.whole and not begun
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paths, "STEP", 1)
        for slot in data.draw(st.lists(st.sampled_from(slots), max_size=5)):
            assert parts.chain(slot) == whole.chain(slot)
            assert parts.whole or begun
        some = np.array(data.draw(st.lists(st.sampled_from(slots), max_size=5)), np.int64)
        assert parts.roots(some).tolist() == whole.roots(some).tolist()
    assert np.array_equal(parts.parents, whole.parents)


@settings(max_examples=40, deadline=None)
@given(graphs(), st.data())
def test_which_of_many_objects_refers_to_one(drawn: tuple[Graph, list[int]], data: st.DataObject) -> None:
    graph, chosen = drawn
    flowed = graph.made.flowed(graph.at[one] for one in chosen)
    some = data.draw(st.lists(st.sampled_from(range(len(graph.at))), unique=True))
    target = data.draw(st.sampled_from(range(len(graph.at))))
    object_ = lookup(graph.made, flowed).at(graph.at[target])
    assert object_ is not None
    at = np.sort(np.array([graph.at[one] for one in some], np.uint64))
    referring = {graph.at[one] for one in some if graph.graph.has_edge(one, target)}
    assert paths.kept_by(flowed, at, object_) == min(referring, default=0)


def test_what_is_near_is_found_before_what_is_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "STEP", 1)
    graph = Graph([16] * 5, (), [(i, 0, i + 1, 0) for i in range(4)])
    flowed = graph.made.flowed(graph.at[:1])
    found, slots = Paths.of(flowed, made_roots(graph.at[:1])), ids(flowed, graph.at)
    assert found.chain(slots[1]) == (0, slots[:2]) and not found.whole
    assert found.chain(slots[4]) == (0, slots)


def test_a_heap_too_wide_for_a_table_of_its_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mheap, "MOST_PAGES", 1)
    graph = Graph([16, 48, 600, 24], (), [(0, 0, 1, 8), (1, 2, 2, 0), (2, 3, 3, 16)])
    flowed = graph.made.flowed(graph.at[:1])
    slots = ids(flowed, graph.at)
    assert Paths.of(flowed, made_roots(graph.at[:1])).chain(slots[3]) == (0, slots)


def linked(made: MadeHeap, *more: tuple[str, int]) -> int:
    """A type of nodes that hold the next."""
    pointer = made.forward("*main.Node")
    node = made.struct("main.Node", ("next", pointer), *more)
    return made.elem(pointer, "PtrType", node)


class Held:
    """A list of three nodes that a variable holds, and a fourth node behind it."""

    def __init__(self) -> None:
        self.made = MadeHeap()
        pointer = linked(self.made, ("other", self.made.unsafe), ("text", self.made.string))
        node = int(self.made.world.program.word(pointer + self.made.world.offset("internal/abi.PtrType", "Elem")))
        self.node, self.pointer = node, pointer
        self.at = [self.made.new(node) for _ in range(5)]
        for a, b in ((0, 1), (1, 2), (2, 3)):
            self.made.world.words(self.at[a], self.at[b])
        self.variable = self.made.world.data.take(8)
        self.made.world.words(self.variable, self.at[0])

    def asked(self, roots: Roots) -> tuple[Lookup, Paths]:
        flowed = self.made.flowed(roots.value.tolist(), [(self.variable, self.pointer)])
        return lookup(self.made, flowed), Paths.of(flowed, roots)

    def number(self, one: Object) -> int:
        return self.at.index(one.base)

    def text(self, path: Path | None) -> list[str]:
        assert path is not None
        edges = [f"{self.number(one.holder)}{one.field}={self.number(one.target)}" for one in path.edges]
        return [f"{path.root}: {self.number(path.first)}", *edges]


def test_the_words_on_a_path_have_names() -> None:
    held = Held()
    asked, found = held.asked(made_roots(held.at[:1]))
    path = paths.path(asked, found, ids(asked.flowed, held.at)[3])
    assert held.text(path) == ["0: 0", "0.next=1", "1.next=2", "2.next=3"]
    assert path is not None and path.edges[-1] == path.edges[2] and len(path.edges[1:]) == 2
    with pytest.raises(IndexError):
        path.edges[3]
    assert paths.path(asked, found, ids(asked.flowed, held.at)[4]) is None


def test_a_number_that_says_the_same_is_no_edge() -> None:
    made = MadeHeap()
    pointer = linked(made)
    node = int(made.world.program.word(pointer + made.world.offset("internal/abi.PtrType", "Elem")))
    ring = made.struct("main.Ring", ("number", made.int), ("node", pointer))
    at = [made.new(ring), made.new(node)]
    made.world.words(at[0], at[1], at[1])
    variable = made.world.data.take(8)
    made.world.words(variable, at[0])
    holder = made.elem(made.forward("*main.Ring"), "PtrType", ring)
    flowed = made.flowed(at[:1], [(variable, holder)])
    path = paths.path(lookup(made, flowed), Paths.of(flowed, made_roots(at[:1])), ids(flowed, at)[1])
    assert path is not None and [edge.field for edge in path.edges] == [".node"]


def test_stacks_come_before_globals() -> None:
    held = Held()
    kind = np.array([DATA, STACK, DATA], np.uint8)
    roots = made_roots([held.at[0], held.at[0], held.at[0]])
    roots = Roots(roots.where, roots.value, kind, roots.owner)
    asked, found = held.asked(roots)
    assert held.text(paths.path(asked, found, ids(asked.flowed, held.at)[0])) == ["1: 0"]


def test_what_an_object_with_a_finalizer_holds_is_held_by_no_root() -> None:
    held = Held()
    roots = made_roots([])
    roots = Roots(roots.where, roots.value, roots.kind, roots.owner, np.array(held.at[2:3], np.uint64))
    asked, found = held.asked(roots)
    slots = ids(asked.flowed, held.at)
    assert held.text(paths.path(asked, found, slots[3])) == ["-1: 3"]
    assert paths.path(asked, found, slots[2]) is None


def test_several_paths_end_unlike() -> None:
    held = Held()
    target = held.at[3]
    held.made.world.words(held.at[4] + 8, target)
    roots = made_roots([held.at[0], held.at[4], target])
    asked, found = held.asked(roots)
    one = asked.at(target)
    assert one is not None

    def ends(count: int) -> list[list[str]]:
        return [held.text(path) for path in paths.several(asked, found, roots, one, count)]

    assert ends(1) == [["2: 3"]]
    by_list, by_other = ["0: 0", "0.next=1", "1.next=2", "2.next=3"], ["1: 4", "4=3"]
    assert ends(5) == [["2: 3"], by_list, by_other] and ends(2) == ends(5)[:2]


def test_an_object_that_holds_itself_is_not_why_it_is_alive() -> None:
    held = Held()
    held.made.world.words(held.at[3], held.at[3])
    roots = made_roots(held.at[:1])
    asked, found = held.asked(roots)
    one = asked.at(held.at[3])
    assert one is not None
    assert len(list(paths.several(asked, found, roots, one, 9))) == 1


def test_a_ring_is_not_why_it_is_alive() -> None:
    """What only the object itself keeps alive is on no other path to it."""
    held = Held()
    held.made.world.words(held.at[3], held.at[1])
    roots = made_roots(held.at[:1])
    asked, found = held.asked(roots)
    one = asked.at(held.at[1])
    assert one is not None
    assert [held.text(path) for path in paths.several(asked, found, roots, one, 9)] == [["0: 0", "0.next=1"]]


def test_a_word_that_changed_meanwhile_has_no_name() -> None:
    """A program that runs."""
    held = Held()
    asked, found = held.asked(made_roots(held.at[:1]))
    assert found.parents.any()
    held.made.world.words(held.at[0], 0)
    path = paths.path(asked, found, ids(asked.flowed, held.at)[1])
    assert held.text(path) == ["0: 0", "0=1"]


def test_a_long_list_is_named_only_where_it_is_looked_at() -> None:
    count = 20000
    graph = Graph([16] * count, (), [(i, 0, i + 1, 8) for i in range(count - 1)])
    flowed = graph.made.flowed(graph.at[:1])
    path = paths.path(lookup(graph.made, flowed), Paths.of(flowed, made_roots(graph.at[:1])), ids(flowed, graph.at)[-1])
    assert path is not None and len(path.edges) == count - 1
    assert path.edges[-1].target.base == graph.at[-1] and path.edges[0].holder.base == graph.at[0]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, (1 << 64) - 1), max_size=8))
def test_roots_that_point_to_nothing(words: list[int]) -> None:
    held = Held()
    asked, found = held.asked(made_roots(words))
    assert all(found.chain(slot) == (-1, []) for slot in ids(asked.flowed, held.at))
