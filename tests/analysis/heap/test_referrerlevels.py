"""Who refers to an object over several levels, on made heaps against the graph that was made."""

from __future__ import annotations

import networkx
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from gdbext.analysis.heap import referrers
from gdbext.analysis.heap.lookup import Lookup
from gdbext.analysis.heap.referrerlevels import Levels, levels
from tests.analysis.heap.madegraph import Graph, graphs
from tests.analysis.heap.madeheap import MadeHeap, made_roots
from tests.analysis.heap.test_fields import lookup


def climbed(asked: Lookup, at: int, depth: int, roots: list[int], most: int | None = None) -> Levels:
    target = asked.at(at)
    assert target is not None
    return levels(asked, made_roots(roots), target, depth, most)


@settings(max_examples=40, deadline=None)
@given(graphs(), st.data())
def test_each_level_is_those_that_are_so_many_steps_away(drawn: tuple[Graph, list[int]], data: st.DataObject) -> None:
    graph, chosen = drawn
    target, depth = data.draw(st.integers(0, len(graph.at) - 1)), data.draw(st.integers(1, 6))
    asked = lookup(graph.made, graph.made.flowed(graph.at[one] for one in chosen))
    found = climbed(asked, graph.at[target], depth, [graph.at[one] for one in chosen])
    alive = graph.reachable(chosen)
    edges = [(a, word, b) for a, word, b in graph.edges if graph.at[a] in alive]
    backwards = networkx.DiGraph((b, a) for a, _, b in edges)
    backwards.add_node(target)
    away = networkx.single_source_shortest_path_length(backwards, target, depth)
    number = {at: one for one, at in enumerate(graph.at)}
    met = [number[at] for at in found.bases.tolist()]
    assert len(met) == len(set(met)) and met[0] == target
    assert {
        one: int(found.words.level[row]) if row >= 0 else 0 for one, row in zip(met, found.first, strict=True)
    } == away
    words, roots = found.words, found.roots
    rows = [(away[b] + 1, b, graph.at[a] + 8 * word, a) for a, word, b in edges if away.get(b, depth) < depth]
    said = zip(words.level, (met[to] for to in words.to), words.where, (met[one] for one in words.holder), strict=True)
    assert sorted(tuple(map(int, row)) for row in said) == sorted(rows)
    held = [(away[one] + 1, one, place) for place, one in enumerate(chosen) if away.get(one, depth) < depth]
    assert sorted(zip(roots.level, (met[to] for to in roots.to), roots.number, strict=True)) == sorted(held)
    assert (words.total, roots.total, found.left_out) == (len(rows), len(held), 0)


@settings(max_examples=40, deadline=None)
@given(graphs(), st.integers(0, 12))
def test_the_first_are_kept_and_the_rest_is_counted(drawn: tuple[Graph, list[int]], most: int) -> None:
    graph, chosen = drawn
    asked, roots = lookup(graph.made, graph.made.flowed(graph.at[one] for one in chosen)), [graph.at[c] for c in chosen]
    every, some = (climbed(asked, graph.at[0], 4, roots, one) for one in (None, most))
    assert some.words.where.tolist() == every.words.where.tolist()[:most]
    assert some.bases.tolist() == every.bases.tolist()[: len(some.bases)]
    known = [one for one, to in zip(every.roots.number, every.roots.to, strict=True) if to < len(some.bases)]
    assert some.roots.number.tolist() == known[:most]
    there = len(some.words.where) + len(some.roots.number)
    assert there + some.left_out == len(every.words.where) + len(every.roots.number)


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_whether_an_object_stands_above(drawn: tuple[Graph, list[int]]) -> None:
    graph, _ = drawn
    asked = lookup(graph.made, graph.made.flowed(graph.at))
    found = climbed(asked, graph.at[0], 5, [])
    lines = list[int]()

    def draw(number: int) -> None:
        for row in np.flatnonzero(found.words.to == number).tolist():
            lines.append(row)
            if found.first[found.words.holder[row]] == row:
                draw(int(found.words.holder[row]))

    draw(0)
    assert sorted(lines) == list(range(len(found.words.to)))
    for row, holder in enumerate(found.words.holder.tolist()):
        first = int(found.first[holder])
        if holder != 0 and first != row:
            assert found.stands_above(row) == (lines.index(first) < lines.index(row))


def test_what_points_to_a_header_points_to_no_object() -> None:
    """On no level, as nothing of the program can."""
    made = MadeHeap()
    value = made.struct("main.Value", ("a", made.unsafe), ("n", made.int))
    large, target = made.new(value, times=60), made.raw(8, [False])
    made.world.words(large, target)
    holders = made.raw(16, [True, True])
    made.world.words(holders, large - 8, large + 16)
    asked = lookup(made, made.flowed([holders]))
    found = climbed(asked, target, 3, [large - 8, large, holders])
    assert found.words.where.tolist() == [large, holders + 8] and found.words.says.tolist() == [target, large + 16]
    assert (found.roots.number.tolist(), found.roots.level.tolist()) == ([1, 2], [2, 3])


def test_no_more_passes_than_there_are_levels(monkeypatch: pytest.MonkeyPatch) -> None:
    """One for each, of however many objects, and none above the last."""
    graph = Graph([16] * 40, (), [(a, 0, a // 10, 0) for a in range(10, 40)] + [(a, 0, 0, 0) for a in range(1, 10)])
    asked, passes = lookup(graph.made, graph.made.flowed(graph.at[:1] + graph.at[10:])), list[int]()
    pointing_into = referrers.pointing_into

    def counted(flowed, low, high, numbers, least):  # type: ignore[no-untyped-def]
        passes.append(least)
        return pointing_into(flowed, low, high, numbers, least)

    monkeypatch.setattr(referrers, "pointing_into", counted)
    found = climbed(asked, graph.at[0], 100, [])
    assert (len(passes), int(found.words.level.max()), len(found.bases)) == (3, 2, 1 + 3 + 30)
