"""Who refers to an object, on made heaps against the graph that was made."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from gdbext.analysis.heap import referrers
from tests.analysis.heap.madegraph import Graph, graphs
from tests.analysis.heap.madeheap import MadeHeap, made_roots
from tests.analysis.heap.test_fields import lookup


@settings(max_examples=30, deadline=None)
@given(graphs())
def test_the_holders_are_those_that_reach_it_in_one_step(drawn: tuple[Graph, list[int]]) -> None:
    graph, chosen = drawn
    asked = lookup(graph.made, graph.made.flowed(graph.at[one] for one in chosen))
    alive = graph.reachable(chosen)
    for one, at in enumerate(graph.at):
        target = asked.at(at)
        assert target is not None
        found = referrers.referrers(asked, target)
        assert {each.holder.base for each in found} == {graph.at[a] for a in graph.graph.predecessors(one)} & alive
        assert all(target.base <= each.pointer < target.base + target.size for each in found)
        assert [each.word for each in found] == sorted(each.word for each in found)


def test_each_word_is_named() -> None:
    made = MadeHeap()
    pair = made.struct("main.Pair", ("a", made.unsafe), ("n", made.int), ("b", made.unsafe))
    holder, target, other = made.new(pair, times=2), made.raw(64, [True] * 8), made.raw(64, [True] * 8)
    made.world.words(holder, target, target, target + 63, other, 0, target + 64)
    variable = made.world.data.take(24)
    made.world.words(variable, holder, 2, 2)
    asked = lookup(made, made.flowed([], [(variable, made.slice(pair))]))
    one = asked.at(target)
    assert one is not None
    said = [(each.field, each.word - holder, each.pointer - target) for each in referrers.referrers(asked, one)]
    assert said == [("[0].a", 0, 0), ("[0].b", 16, 63)], "a number is no pointer, one behind the object is another's"


def test_more_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(referrers, "ROOM", 2)
    graph = Graph([64, *[16] * 50], (), [(i, 0, 0, i) for i in range(1, 51)])
    asked = lookup(graph.made, graph.made.flowed(graph.at[1:]))
    target = asked.at(graph.at[0])
    assert target is not None and len(referrers.referrers(asked, target)) == 50


def test_roots_that_point_into_an_object() -> None:
    made = MadeHeap()
    at = made.raw(64, [True] * 8)
    target = lookup(made, made.flowed([at])).at(at)
    assert target is not None
    assert referrers.root_numbers(made_roots([0, at - 1, at, at + 63, at + 64, at + 8]), target) == [2, 3, 5]
