"""Colours that flow from groups, and worlds without sets, on made heaps against networkx."""

from __future__ import annotations

import networkx
import numpy as np
import pytest
from hypothesis import given as drawing, settings, strategies as st

from gdbext.analysis.heap import colouring
from gdbext.analysis.heap.colouring import ALL, MOST_SETS, NONE, SHARED, WORLDS
from gdbext.analysis.heap.kernels.marking import BASE, COLOUR, CUTTABLE, GROUPED
from gdbext.analysis.heap.marking import Marking
from gdbext.errors import GdbextError
from tests.analysis.heap.madegraph import Graph, graphs
from tests.analysis.heap.test_marking import below, ids_of, marking, words

ITAB = 0x123450
Drawn = tuple[Graph, list[int]]


def states(found: Marking, words: np.ndarray, tags: np.ndarray, member: np.ndarray | None = None) -> np.ndarray:
    none = np.zeros(len(found.marks.of), np.uint8)
    return colouring.coloured(found, words, tags, none if member is None else member).state


@settings(max_examples=40, deadline=None)
@drawing(graphs(), st.data())
def test_colours(drawn: Drawn, data: st.DataObject) -> None:
    graph, free = drawn
    numbers = st.integers(0, len(graph.at) - 1)
    seeds = data.draw(st.lists(st.tuples(numbers, st.integers(1, 3)), max_size=6))
    found = marking(graph)
    found.mark(words(graph, free))
    starts, given = words(graph, [one for one, _ in seeds]), np.array([colour for _, colour in seeds], np.int32)
    colours = states(found, starts, colouring.tags(0, given)) >> COLOUR
    rest = graph.graph.subgraph(set(graph.graph) - below(graph, free))
    given_: dict[int, set[int]] = {one: set() for one in rest}
    for one, colour in seeds:
        for each in {one, *networkx.descendants(rest, one)} if one in rest else ():
            given_[each].add(colour)
    expected = {one: next(iter(some)) if len(some) == 1 else SHARED for one, some in given_.items() if some}
    expected |= dict.fromkeys(below(graph, free), BASE)
    slots = ids_of(graph, found)
    assert {one: int(colours[slots[one]]) for one in graph.graph if colours[slots[one]]} == expected
    counts = colouring.counts(found, starts, given, 3)
    assert [one.objects for one in counts] == [
        len({slots[one] for one, colour in expected.items() if colour == wanted}) for wanted in (1, 2, 3)
    ]


@settings(max_examples=80, deadline=None)
@drawing(graphs(), st.data())
def test_what_sets_and_groups_keep(drawn: Drawn, data: st.DataObject) -> None:
    """Some objects' third words are registrations: such an edge into a set is missing in the world without that."""
    graph, free = drawn
    numbers = st.integers(0, len(graph.at) - 1)
    registering = {one for one in data.draw(st.sets(numbers, max_size=6)) if graph.sizes[one] >= 24}
    sets = data.draw(st.lists(st.sets(numbers, max_size=4), max_size=MOST_SETS))
    groups = data.draw(st.dictionaries(numbers, st.integers(1, 3), max_size=4))
    for one in registering:
        graph.made.world.words(graph.at[one] + 8, ITAB)
    flowed = graph.made.flowed([])
    base = Marking.of(flowed.laid, flowed.table, np.array([ITAB], np.uint64), np.zeros(0, np.uint64))
    slots = np.array(ids_of(graph, base), np.int64)
    member = np.zeros(len(base.marks.of), np.uint8)
    for bit, each in enumerate(sets):
        member[slots[sorted(each)]] |= np.uint8(1 << bit)
    member[slots[list(groups)]] |= np.uint8(GROUPED)
    seeds = np.concatenate([words(graph, free), words(graph, groups)])
    tags = colouring.tags(np.repeat([WORLDS, 0], [len(free), len(groups)]), [SHARED] * len(free) + [*groups.values()])
    tags[: len(free)] |= CUTTABLE
    answer = colouring.colour(base, seeds, tags, member, len(sets), 3)
    alive = below(graph, free)
    assert answer.all.objects == len(alive)
    for each, kept in zip(sets, answer.kept, strict=True):
        assert kept.objects == len(
            alive - reached_without(graph, registering, each, [one for one in free if one not in each])
        )
    flows = [reached_without(graph, registering, set(groups), [one]) for one in range(len(graph.at))]
    others = set[int]().union(*(flows[one] for one in free if one not in groups))
    for colour in (1, 2, 3):
        mine, rest = set[int](), set(others)
        for one, own in groups.items():
            (mine if own == colour else rest).update(flows[one])
        assert answer.groups[colour - 1].objects == len(mine - rest)


def reached_without(graph: Graph, registering: set[int], cut: set[int], starts: list[int]) -> set[int]:
    """What is reached by no registration of ``cut``."""
    edges = [(a, b) for a, word, b in graph.edges if not (a in registering and word == 2 and b in cut)]
    left = networkx.DiGraph(edges)
    left.add_nodes_from(graph.graph)
    return set(starts).union(*(networkx.descendants(left, one) for one in starts))


def test_more_groups_than_colours() -> None:
    graph = Graph([16], (), [])
    none = np.zeros(0, np.uint64)
    with pytest.raises(GdbextError, match="4,194,302 groups are more than are told apart"):
        colouring.colour(marking(graph), none, none, np.zeros(0, np.uint8), 0, SHARED)


def test_states_that_meet() -> None:
    """Worlds add up; one colour stays, two become SHARED; what is reached in every world stays as it is."""
    graph = Graph([16, 16, 16], (), [])
    found = marking(graph)
    found.mark(words(graph, [2]))
    given = [(0, 1, 4), (0, 2, 4), (1, ALL, NONE), (1, 4, 7), (1, 4, 8), (2, 1, 9)]
    tags = colouring.tags(np.array([one[1] for one in given]), np.array([one[2] for one in given]))
    state = states(found, words(graph, [one[0] for one in given]), tags)
    slots = ids_of(graph, found)
    assert [(int(one) & WORLDS, int(one) >> COLOUR) for one in state[slots]] == [
        (3, 4), (ALL | 4, SHARED), (WORLDS, BASE),
    ]  # fmt: skip
