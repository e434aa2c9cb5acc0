"""Dominators and what they retain, on made heaps and on made trees, against networkx."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import networkx
import numpy as np
from hypothesis import given, settings, strategies as st

from gdbext.analysis.heap import retainedsets
from gdbext.analysis.heap.dominators import BLOCK, Dominators, highest
from gdbext.analysis.heap.hanging import Hanging
from gdbext.analysis.heap.rootgroups import GLOBAL, GOROUTINE, SORT, RootGroups
from gdbext.compute.arrays import I64
from gdbext.golang.runtime.mheap import Heap
from tests.analysis.heap.madegraph import Graph, graphs

NONE = np.zeros(0, np.int64)
ROOT = "root"


def grouped(graph: Graph, groups: Sequence[Collection[int]], owned: Sequence[int] = ()) -> Dominators:
    """Of roots in these groups; the first ones are goroutines whose g is ``owned``."""
    words = [graph.at[one] for group in groups for one in group]
    given_ = np.array([_key(at, len(owned)) for at, group in enumerate(groups) for _ in group], np.int64)
    own = np.array([graph.at[one] for one in owned], np.uint64)
    goroutines = np.arange(len(owned), dtype=np.int64)
    made = RootGroups.made(given_, np.array(words, np.uint64), goroutines, own)
    return Dominators.of(graph.made.flowed([*words, *own.tolist()]), made)


def hung(
    graph: Graph, groups: Sequence[Collection[int]], owned: Sequence[int], pairs: Sequence[tuple[int, int]],
    second: Collection[int] = (), opaque: Collection[int] = (), late: Sequence[int] = (),
) -> Dominators:  # fmt: skip
    """All groups are goroutines'. ``pairs``: an object, and the group that hangs on it."""
    hanging = {group for _, group in pairs}
    named = [[*([owned[at]] if at in hanging else []), *group] for at, group in enumerate(groups)]
    words = [graph.at[one] for group in named for one in group]
    given_ = np.array([at for at, group in enumerate(named) for _ in group], np.int64)
    own = np.array([graph.at[one] for one in owned], np.uint64)
    made = RootGroups.made(given_, np.array(words, np.uint64), np.arange(len(owned), dtype=np.int64), own)
    flowed = graph.made.flowed([*words, *own.tolist(), *(graph.at[one] for one in late)])
    heap = flowed.laid.heap
    leading = slots(heap, graph, [one for one, _ in pairs]), np.array([group for _, group in pairs], np.int64)
    more = np.array([graph.at[one] for one in late], np.uint64)
    args = slots(heap, graph, second), slots(heap, graph, opaque), more
    return Dominators.of(flowed, made, Hanging.of(len(made), leading, heap.spans.slots, *args))


def slots(heap: Heap, graph: Graph, objects: Collection[int]) -> I64:
    return heap.ids(np.array([graph.at[one] for one in objects], np.uint64))


def _key(number: int, goroutines: int) -> int:
    return number if number < goroutines else GLOBAL << SORT | number


def expected(graph: Graph, groups: Sequence[Collection[int]], owned: Sequence[int] = ()) -> networkx.DiGraph:
    """The same as networkx has it: groups below one root, nothing but its group leads to what is owned."""
    whole = networkx.DiGraph(graph.graph)
    whole.remove_edges_from([edge for edge in graph.graph.edges if edge[1] in owned])
    for at, group in enumerate(groups):
        if len(group) or at < len(owned):
            whole.add_edge(ROOT, f"group {at}")
        whole.add_edges_from((f"group {at}", one) for one in group if one not in owned or owned.index(one) == at)
    for at, one in enumerate(owned):
        whole.add_edge(f"group {at}", one)
    whole.add_node(ROOT)
    return whole.subgraph([ROOT, *networkx.descendants(whole, ROOT)])


def expected_hung(
    graph: Graph, groups: Sequence[Collection[int]], owned: Sequence[int], pairs: Sequence[tuple[int, int]],
    opaque: Collection[int] = (), late: Sequence[int] = (),
) -> networkx.DiGraph:  # fmt: skip
    """Groups that hang on objects which nothing else reaches are below the root after all, one after the other; and
    then what is ``late``."""
    whole = networkx.DiGraph(graph.graph)
    whole.remove_edges_from([edge for edge in graph.graph.edges if edge[1] in owned or edge[0] in opaque])
    for at, group in enumerate(groups):
        whole.add_edge(f"group {at}", owned[at])
        whole.add_edges_from((f"group {at}", one) for one in group if one not in owned or owned.index(one) == at)
    whole.add_edges_from((one, f"group {group}") for one, group in pairs)
    hanging = sorted({group for _, group in pairs})
    whole.add_node(ROOT)
    whole.add_edges_from((ROOT, f"group {at}") for at in range(len(groups)) if at not in hanging)
    for name in (*(f"group {at}" for at in hanging), *(one for one in late if one not in owned)):
        if name not in networkx.descendants(whole, ROOT):
            whole.add_edge(ROOT, name)
    return whole.subgraph([ROOT, *networkx.descendants(whole, ROOT)])


def named(found: Dominators, graph: Graph, place: int) -> object:
    if place == 0:
        return ROOT
    if (group := found.group(place)) >= 0:
        return f"group {int(found.groups.key[group])}"
    ids = found.flowed.laid.heap.ids(np.array(graph.at, np.uint64)).tolist()
    return ids.index(found.id(place))


def check(found: Dominators, graph: Graph, whole: networkx.DiGraph) -> None:
    """Every place's dominator, bytes and objects are those of the graph."""
    names = [named(found, graph, place) for place in range(len(found.graph))]
    truth = networkx.immediate_dominators(whole, ROOT)
    assert set(names) == set(whole) and len(names) == len(whole)
    sizes = dict(zip(names, found.graph.sizes(found.flowed).tolist(), strict=True))
    for place, name in enumerate(names):
        if name != ROOT:
            assert names[found.dominator[place]] == truth[name], name
            gone = retained(whole, [name])
            assert (found.objects[place], found.bytes[place]) == counted(gone, sizes), name


def retained(whole: networkx.DiGraph, gone: Collection[object]) -> set[object]:
    """What is not reached without these: by the definition."""
    rest = whole.subgraph(one for one in whole if one not in gone)
    return set(whole) - {ROOT, *networkx.descendants(rest, ROOT)}


def counted(some: Collection[object], sizes: dict[object, int]) -> tuple[int, int]:
    objects = [one for one in some if not isinstance(one, str)]
    return len(objects), sum(sizes[one] for one in objects)


@st.composite
def rooted(draw: st.DrawFn) -> tuple[Graph, list[list[int]], list[int]]:
    """A graph, groups of roots, and what the first of them own."""
    graph, _ = draw(graphs())
    number = st.integers(0, len(graph.at) - 1)
    groups = draw(st.lists(st.lists(number, max_size=3), max_size=4))
    owned = draw(st.lists(number, max_size=min(2, len(groups)), unique=True))
    return graph, groups, owned


@settings(max_examples=80, deadline=None)
@given(rooted())
def test_dominators_are_those_of_the_graph(drawn: tuple[Graph, list[list[int]], list[int]]) -> None:
    graph, groups, owned = drawn
    check(grouped(graph, groups, owned), graph, expected(graph, groups, owned))


@settings(max_examples=80, deadline=None)
@given(graphs(), st.data())
def test_groups_that_hang_on_objects(drawn: tuple[Graph, list[int]], data: st.DataObject) -> None:
    graph = drawn[0]
    number = st.integers(0, len(graph.at) - 1)
    owned = data.draw(st.lists(number, max_size=4, unique=True))
    groups = [data.draw(st.lists(number, max_size=3)) for _ in owned]
    group = st.integers(0, max(len(owned) - 1, 0))
    pairs = data.draw(st.lists(st.tuples(number, group), max_size=5, unique=True)) if owned else []
    pairs = [pair for pair in pairs if graph.graph.out_degree(pair[0])]  # what nothing is in leads nowhere
    opaque = data.draw(st.sets(number, max_size=2))
    late = data.draw(st.lists(number, max_size=3))
    found = hung(graph, groups, owned, pairs, opaque=opaque, late=late)
    check(found, graph, expected_hung(graph, groups, owned, pairs, opaque, late))


def test_what_a_goroutine_that_hangs_on_an_object_holds_goes_with_it() -> None:
    """0 is a table that leads to 1, for which the goroutine of 2 waits, which has 3: much."""
    graph = Graph([16, 16, 16, 40008], (), [(0, 0, 1, 0), (1, 0, 0, 0)])
    found = hung(graph, [[0], [1, 3]], [0, 2], [(1, 1)])
    place = found.place(int(ids(found, graph)[1]))
    assert (found.objects[place], found.bytes[place]) == (3, 16 + 16 + 40960)


def test_many_roots_of_a_group_that_hangs() -> None:
    """More than there are in a word of bits."""
    graph = Graph([16, 16, 16, *[48] * 200], (), [(0, 0, 1, 0), (1, 0, 0, 0)])
    found = hung(graph, [[0], list(range(3, 203))], [0, 2], [(1, 1)])
    place = found.place(int(ids(found, graph)[1]))
    assert found.objects[place] == 202


def test_a_second_word_that_does_not_count() -> None:
    made = Graph([], (), [])
    one, other = made.made.raw(16, [True, True]), made.made.raw(16, [True, True])
    made.at = [one, other]
    made.made.world.words(one, 0, other)
    whole = hung(made, [[0]], [0], [])
    cut = hung(made, [[0]], [0], [], second=[0])
    assert (whole.objects[0], cut.objects[0]) == (2, 1)


@settings(max_examples=60, deadline=None)
@given(rooted(), st.data())
def test_what_sets_retain_is_what_is_not_reached_without_them(
    drawn: tuple[Graph, list[list[int]], list[int]], data: st.DataObject
) -> None:
    graph, groups, _ = drawn
    found, whole = grouped(graph, groups), expected(graph, groups)
    names = [named(found, graph, place) for place in range(len(found.graph))]
    many = data.draw(st.integers(1, 70))
    set_of = data.draw(st.lists(st.integers(-1, many - 1), min_size=len(names), max_size=len(names)))
    member = np.array([-1 if isinstance(n, str) else s for n, s in zip(names, set_of, strict=True)], np.int32)
    sizes = found.graph.sizes(found.flowed)
    out = retainedsets.lost(found.graph.tree, member, sizes, many)
    by_name = dict(zip(names, sizes.tolist(), strict=True))
    for one in range(many):
        gone = retained(whole, [name for name, of in zip(names, member.tolist(), strict=True) if of == one])
        assert tuple(out[one]) == counted(gone, by_name)


def test_objects_that_share_retain_only_together() -> None:
    graph = Graph([16, 16, 32], (), [(0, 0, 2, 0), (1, 0, 2, 0)])
    found = grouped(graph, [[0, 1]])
    places = [found.place(int(one)) for one in ids(found, graph)]
    assert [int(found.bytes[one]) for one in places] == [16, 16, 32]
    member = np.full(len(found.graph), -1, np.int32)
    member[places[:2]] = 0
    out = retainedsets.lost(found.graph.tree, member, found.graph.sizes(found.flowed), 1)
    assert out.tolist() == [[3, 64]]


def ids(found: Dominators, graph: Graph) -> I64:
    return found.flowed.laid.heap.ids(np.array(graph.at, np.uint64))


def test_a_g_belongs_to_its_goroutine_whatever_refers_to_it() -> None:
    """Object 0 is a table of all goroutines, 1 a g that holds 2."""
    graph = Graph([16, 16, 32], (), [(0, 0, 1, 0), (1, 0, 2, 0)])
    found = grouped(graph, [[], [0]], [1])
    goroutine = int(found.of_groups([GOROUTINE])[0])
    assert (found.objects[goroutine], found.bytes[goroutine]) == (2, 48)
    table = found.place(int(ids(found, graph)[0]))
    assert (found.objects[table], found.bytes[table]) == (1, 16)


def test_a_heap_of_nothing() -> None:
    """As a core has it whose spans are damaged; there may be goroutines nevertheless."""
    graph, own = Graph([], (), []), np.array([1 << 40], np.uint64)
    groups = RootGroups.made(NONE, np.zeros(0, np.uint64), np.zeros(1, np.int64), own)
    found = Dominators.of(graph.made.flowed([]), groups)
    assert found.objects.tolist() == [0, 0] and len(found.largest(5)) == 0
    assert found.below(0, 5)[0].tolist() == found.of_groups([GOROUTINE]).tolist() == [1]


@given(st.integers(0, 3 * BLOCK), st.integers(0, 40), st.integers(1, 1 << 40), st.integers(0, 99))
def test_the_highest_in_their_order(many: int, count: int, most: int, seed: int) -> None:
    chosen = np.random.default_rng(seed)
    values = chosen.integers(0, most, 4 * BLOCK)
    places = np.sort(chosen.choice(len(values), many, replace=False)).astype(np.int64)
    wanted = sorted(places.tolist(), key=lambda place: (-values[place], place))[:count]
    assert highest(values, places, count).tolist() == wanted


def test_the_largest_come_first() -> None:
    graph = Graph([16, 48, 600, 24], (), [(0, 0, 1, 8), (1, 2, 2, 0), (2, 3, 3, 16)])
    found = grouped(graph, [[0]])
    order = [int(found.id(place)) for place in found.largest(None)]
    assert order == ids(found, graph).tolist()
    assert found.largest(2).tolist() == found.largest(None)[:2].tolist() and len(found.largest(0)) == 0
    places, count, size = found.below(int(found.largest(1)[0]))
    assert (count, size) == (1, int(found.bytes[places[0]]))


def test_a_long_list_needs_no_recursion() -> None:
    """Each node of it leads back to the one before, so that no path can be made short at once."""
    count = 30000
    forth = [(i, 0, i + 1, 0) for i in range(count - 1)]
    graph = Graph([24] * count, (), [*forth, *((i + 1, 2, i, 0) for i in range(count - 1))])
    found = grouped(graph, [[0], [count - 1]])
    assert found.objects[0] == count and set(found.dominator.tolist()) == {0}
    single = grouped(graph, [[0]])
    first = int(single.largest(1)[0])
    assert single.objects[first] == count and single.bytes[first] == 24 * count
