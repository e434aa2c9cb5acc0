"""Reachability and types by flow on made heaps, against a search by networkx and what the pointers speak of."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations, product

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings, strategies as st
from numpy.typing import NDArray

from gdbext.analysis.heap import flow
from gdbext.analysis.heap.flow import Flowed
from gdbext.analysis.heap.kernels import objects as kernels
from gdbext.analysis.heap.kernels.objects import EXACT, FITTING, PREFIX, RANK_SHIFT, TILED
from gdbext.compute import parallel
from gdbext.golang.runtime import mheap
from gdbext.golang.runtime.rootwords import THREAD, Part
from gdbext.golang.types.flat import beginnings
from gdbext.golang.types.flat.kernels import IFACE
from gdbext.golang.types.rtype import POINTER, SLICE, STRING
from tests.analysis.heap import heapkernels
from tests.analysis.heap.madegraph import Graph, graphs
from tests.analysis.heap.madeheap import MadeHeap, marked, state
from tests.synthetic import HEAP, PAGE, STRUCT

ALL_ONES = (1 << 64) - 1


def named(flowed: Flowed, at: int) -> str:
    """The type of a reachable object; with ? where that is only likely, "" without one."""
    alive, rank, name = state(flowed, at)
    assert alive
    return name if rank >= FITTING else f"{name}?" if rank == TILED else ""


def variable(made: MadeHeap, type_: int, *words: int) -> tuple[int, int]:
    at = made.world.data.take(8 * len(words))
    made.world.words(at, *words)
    return at, type_


# Reachability


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_reachability_is_a_search(drawn: tuple[Graph, list[int]]) -> None:
    graph, roots = drawn
    assert graph.marked(roots) == graph.reachable(roots)


def test_cycles_and_what_points_to_itself() -> None:
    ring = [(i, 0, (i + 1) % 5, 0) for i in range(5)]
    graph = Graph([16] * 7, (), [*ring, (5, 0, 5, 8), (6, 0, 6, 0)])
    assert graph.marked([2]) == set(graph.at[:5])
    assert graph.marked([5]) == {graph.at[5]} and graph.marked([]) == set()


def test_a_long_list() -> None:
    count = 3000
    graph = Graph([16] * count, (), [(i, 0, i + 1, 8) for i in range(count - 1)])
    assert len(graph.marked([0])) == count and len(graph.marked([count - 10])) == 10


def test_pointers_that_point_to_nothing() -> None:
    made = MadeHeap()
    at, gone = made.raw(16, [True, True]), made.raw(16, [True, True])
    made.world.put("runtime.mspan", made.world.spans[0], freeindex=1)
    end = made.world.heap.end
    roots = [0, 1, at + 15, gone, HEAP - 1, HEAP + PAGE - 1, HEAP + PAGE, end, ALL_ONES, 1 << 47, 1 << 63, HEAP + 8160]
    assert marked(made.flowed(roots)) == {at}
    assert marked(made.flowed([one for one in roots if one != at + 15])) == set()


def test_a_heap_too_wide_for_a_table_of_its_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mheap, "MOST_PAGES", 1)
    graph = Graph([16, 48, 600, 40008, 24, 8], (), [(0, 0, 1, 8), (1, 2, 2, 0), (2, 3, 3, 40000), (3, 5, 4, 0)])
    assert graph.marked([0]) == set(graph.at[:5]) and graph.made.heap().placed.pages.size == 0
    made = graph.made
    ends = [0, HEAP - 1, HEAP + PAGE - 1, made.world.heap.end, made.world.heap.end - 1, ALL_ONES]
    assert marked(made.flowed(ends)) == set()


@pytest.mark.parametrize(("elemsize", "slots"), [(27264, 70), (13568, 140), (9472, 200), (20480, 90)])
def test_spans_of_more_slots_than_there_can_be(elemsize: int, slots: int) -> None:
    """No word is taken for a slot behind the last, which would be that of another span or of nothing."""
    made = MadeHeap(heap_pages=400)
    filling = made.span(elemsize, noscan=True, pages=-(-elemsize * slots // PAGE))
    assert filling.span.nelems >= slots
    made.world.put("runtime.mspan", filling.at, freeindex=filling.span.nelems)
    behind = made.raw(16, [True, True])
    first = filling.span.base
    found = made.flowed(range(first + elemsize - 1, first + elemsize * filling.span.nelems, elemsize))
    assert first in marked(found) and behind not in marked(found)


def test_a_heap_of_nothing() -> None:
    assert len(MadeHeap().flowed([0, HEAP, ALL_ONES]).state) == 0


def test_what_is_lost_and_unknown_is_said() -> None:
    made = MadeHeap()
    at = made.new(made.struct("main.T", *((f"x{i}", made.unsafe) for i in range(100))))
    held = made.raw(16, [True, False])
    made.world.words(at - 8, 0x10)
    made.world.words(at, held)
    found = made.flowed([at])
    assert marked(found) == {at, held} and found.notes == (
        "1 objects of types that are in no table were followed by their masks or word by word",
    )


def test_what_only_words_that_may_be_pointers_reach_is_said_too() -> None:
    """A doubt of the proof, which rests on what these reach."""
    made = MadeHeap()
    at = made.new(made.struct("main.T", *((f"x{i}", made.unsafe) for i in range(100))))
    made.world.words(at - 8, 0x10)
    found = made.flowed([])
    more = Part.of(THREAD, -1, np.zeros(1, np.uint64), np.array([at], np.uint64), ["a thread was not found"])
    wide = flow.wider(made.world.program, found, [made.module], more)  # type: ignore[list-item]
    assert (
        found.notes == ()
        and marked(wide) == {at}
        and wide.notes
        == (
            "a thread was not found",
            "1 objects of types that are in no table were followed by their masks or word by word",
        )
    )


def test_what_both_searches_could_not_read_is_said_once() -> None:
    made = MadeHeap()
    made.raw(16, [True, True])
    first = made.flowed([])
    cut = evolve(first, laid=evolve(first.laid, unreadable=8))
    cut = evolve(cut, notes=("8 bytes of the heap could not be read: what only they refer to counts as garbage",))
    wide = flow.wider(made.world.program, cut, [made.module], Part.none())  # type: ignore[list-item]
    assert wide.notes == cut.notes


# Types by flow


def test_by_pointers_and_fields() -> None:
    made = MadeHeap()
    node = made.forward("*main.Node")
    type_ = made.struct("main.Node", ("next", node), ("name", made.string), ("n", made.int))
    made.elem(node, "PtrType", type_)
    first, second, third = (made.new(type_) for _ in range(3))
    text = made.raw(5, [False])
    made.world.words(first, second, text, 5)
    made.world.words(second, third)
    made.world.words(third, first)
    found = made.flowed([], [variable(made, node, first)])
    assert [named(found, at) for at in (first, second, third)] == ["main.Node"] * 3
    assert named(found, text) == "string data"


def test_by_slices_whose_capacity_counts() -> None:
    made = MadeHeap()
    pair = made.struct("main.Pair", ("n", made.int), ("p", made.pointer(made.int)))
    array, number = made.new(pair, times=6), made.raw(8, [False])
    made.world.words(array + 5 * 16 + 8, number)
    found = made.flowed([], [variable(made, made.slice(pair), array, 2, 6)])
    assert named(found, array) == "main.Pair" and named(found, number) == "int"


@pytest.mark.parametrize("capacity", [0, 1, 5, 7, 1 << 20, 1 << 32, (1 << 59) + 6, 1 << 63, ALL_ONES])
def test_slices_of_huge_capacity_are_followed_within_their_array(capacity: int) -> None:
    made = MadeHeap()
    pair = made.struct("main.Pair", ("n", made.int), ("p", made.pointer(made.int)))
    slices = [variable(made, made.slice(one), 0, 0, 0) for one in (pair, made.int)]
    array, plain, number = made.new(pair, times=6), made.raw(48, [False] * 6), made.raw(8, [False])
    made.world.words(array + 5 * 16 + 8, number)
    made.world.words(slices[0][0], array, capacity, capacity)
    made.world.words(slices[1][0], plain, capacity, capacity)
    assert marked(made.flowed([], slices)) == {array, plain, number}


@pytest.mark.parametrize("pointers", [True, False])
def test_a_pointer_to_what_a_larger_structure_of_the_same_class_begins_with(
    pointers: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be that one's: who holds it need not know the whole."""
    made = MadeHeap()
    monkeypatch.setattr(beginnings, "_allocated", lambda *of: np.ones(len(of[-1]), np.bool_))
    first = made.unsafe if pointers else made.int
    inner = made.struct("main.Inner", ("a", first), ("b", made.int), ("c", made.int), ("d", made.int), ("e", made.int))
    outer = made.struct("main.Outer", ("Inner", inner), ("f", made.int))
    alone, known, sliced, boxed = made.new(outer), made.new(outer), made.new(inner), made.new(inner)
    to_inner, to_outer = made.pointer(inner), made.pointer(outer)
    variables = [variable(made, to_inner, alone), variable(made, to_inner, known), variable(made, to_outer, known)]
    variables += [variable(made, made.slice(inner), sliced, 1, 1), variable(made, made.any, inner, boxed)]
    for order in permutations(variables):
        found = made.flowed([], order)
        said = [named(found, at) for at in (alone, known, sliced, boxed)]
        assert said == ["main.Inner?", "main.Outer", "main.Inner", "main.Inner"]


def test_by_interfaces() -> None:
    made = MadeHeap()
    type_ = made.struct("main.T", ("a", made.string), ("b", made.unsafe))
    pointer = made.pointer(type_)
    direct, boxed, word = made.new(type_), made.new(type_), made.raw(8, [False])
    holder = made.struct("main.Holder", ("direct", made.error), ("boxed", made.any), ("n", made.any))
    at = made.new(holder, made.itab(pointer), direct, type_, boxed, made.int, word)
    found = made.flowed([], [variable(made, made.pointer(holder), at)])
    assert [named(found, one) for one in (direct, boxed, word)] == ["main.T", "main.T", "int"]


def test_an_interface_table_in_an_object_without_a_type() -> None:
    made = MadeHeap()
    type_ = made.struct("main.T", ("a", made.string), ("b", made.unsafe))
    table, value = made.itab(made.pointer(type_)), made.new(type_)
    at = made.raw(16, [False, True])
    made.world.words(at, table, value)
    found = made.flowed([at])
    assert named(found, at) == "" and named(found, value) == "main.T"


@pytest.mark.parametrize("word", [0, 1, 8, HEAP, ALL_ONES, 0x50_0001])
def test_interfaces_of_no_type_keep_their_data(word: int) -> None:
    made = MadeHeap()
    holder = made.struct("main.Holder", ("a", made.error), ("b", made.any))
    one, two = made.raw(16, [True, True]), made.raw(16, [True, True])
    at = made.new(holder, word, one, word, two)
    found = made.flowed([], [variable(made, made.pointer(holder), at)])
    assert marked(found) == {at, one, two} and named(found, one) == ""


def swiss(made: MadeHeap) -> tuple[int, int]:
    """A map type and that of its groups."""
    slot = made.struct("struct { key string; elem *int }", ("key", made.string), ("elem", made.pointer(made.int)))
    group = made.struct("map.group[string]*int", ("ctrl", made.int), ("slots", made.array(slot, 8)))
    return made.map("map[string]*int", group), group


def header(made: MadeHeap, directory: int, tables: int) -> int:
    layout = made.world.binary.layout("internal/runtime/maps.Map")
    at = made.raw(layout.size, [one == 2 for one in range(layout.size // 8)])
    made.world.put("internal/runtime/maps.Map", at, dirPtr=directory, dirLen=tables)
    return at


def test_small_maps() -> None:
    made = MadeHeap()
    type_, group = swiss(made)
    entries, value = made.new(group), made.raw(8, [False])
    made.world.words(entries + 8 + 16, value)
    at = header(made, entries, 0)
    found = made.flowed([], [variable(made, type_, at)])
    assert named(found, entries) == "map.group[string]*int" and named(found, value) == "int"
    assert named(found, at) == "map[string]*int"


@pytest.mark.parametrize("claimed", [2, 1 << 40, ALL_ONES])
def test_large_maps(claimed: int) -> None:
    """Their header has a directory of tables, each of which has groups."""
    made = MadeHeap()
    type_, group = swiss(made)
    value = made.raw(8, [False])
    layout = made.world.binary.layout("internal/runtime/maps.table")
    tables, groups = list[int](), list[int]()
    for _ in range(2):
        groups.append(made.new(group, times=4))
        pointer = made.world.offset("internal/runtime/maps.table", "groups.data") // 8
        tables.append(made.raw(layout.size, [one == pointer for one in range(layout.size // 8)]))
        made.world.put("internal/runtime/maps.table", tables[-1], groups__data=groups[-1], groups__lengthMask=3)
    made.world.words(groups[1] + 3 * made.size[group] + 8 + 16, value)
    directory = made.raw(16, [True, True])
    made.world.words(directory, *tables)
    at = header(made, directory, claimed)
    found = made.flowed([], [variable(made, type_, at)])
    assert marked(found) == {at, directory, *tables, *groups, value}
    assert {named(found, one) for one in tables} == {"map[string]*int table"} and named(found, value) == "int"
    assert {named(found, one) for one in groups} == {"map.group[string]*int"}


def test_classic_maps() -> None:
    made = MadeHeap(22)
    bucket = made.struct(
        "map.bucket[int]*int", ("topbits", made.int), ("keys", made.array(made.int, 8)),
        ("elems", made.array(made.pointer(made.int), 8)), ("overflow", made.unsafe),
    )  # fmt: skip
    type_ = made.map("map[int]*int", bucket)
    layout = made.world.binary.layout("runtime.hmap")
    pointers = {made.world.offset("runtime.hmap", name) // 8 for name in ("buckets", "oldbuckets", "extra")}
    at = made.raw(layout.size, [one in pointers for one in range(layout.size // 8)])
    runtime = made.type("runtime.hmap", STRUCT, layout.size, [one in pointers for one in range(layout.size // 8)])
    made.world.package(runtime, STRUCT, "runtime")
    many, old, more = made.new(bucket, times=2), made.new(bucket), made.new(bucket)
    one, two = made.raw(8, [False]), made.raw(8, [False])
    made.world.words(many + 144 + 144 - 8, more)
    made.world.words(more + 72, one)
    made.world.words(old + 72, two)
    made.world.put("runtime.hmap", at, B=1, buckets=many, oldbuckets=old)
    found = made.flowed([], [variable(made, type_, at)])
    assert marked(found) == {at, many, old, more, one, two}
    assert {named(found, each) for each in (many, old, more)} == {"map.bucket[int]*int"}
    assert {named(found, each) for each in (one, two)} == {"int"}


@pytest.mark.parametrize("claimed", [2, 1 << 62, ALL_ONES])
def test_channels_and_their_buffers(claimed: int) -> None:
    made = MadeHeap()
    type_ = made.chan(made.pointer(made.string))
    layout = made.world.binary.layout("runtime.hchan")
    buffered = made.world.offset("runtime.hchan", "buf") // 8
    at = made.raw(layout.size, [one == buffered for one in range(layout.size // 8)])
    buffer, value, text = made.raw(16, [True, True]), made.new(made.string), made.raw(3, [False])
    made.world.put("runtime.hchan", at, buf=buffer, dataqsiz=claimed)
    made.world.words(buffer, 0, value)
    made.world.words(value, text, 3)
    found = made.flowed([], [variable(made, type_, at)])
    assert marked(found) == {at, buffer, value, text}
    assert named(found, value) == "string" and named(found, at) == "chan *string"


def test_nodes_of_a_sync_map_say_themselves_what_they_are() -> None:
    made = MadeHeap()
    node = made.type("sync.node[int,*int]", STRUCT, 8, [False])
    pointer, number = made.pointer(node), made.pointer(made.int)
    entry = made.struct("sync.entry[int,*int]", ("node", node), ("next", pointer), ("value", number))
    inner = made.struct("sync.indirect[int,*int]", ("node", node), ("a", pointer), ("b", pointer), ("n", made.int))
    root, leaf, value = made.new(inner), made.new(entry), made.raw(8, [False])
    made.world.words(root, 0, leaf)
    made.world.words(leaf, 1, 0, value)
    found = made.flowed([], [variable(made, pointer, root)])
    assert named(found, root) == "sync.indirect[int,*int]" and named(found, leaf) == "sync.entry[int,*int]"
    assert named(found, value) == "int"


def test_types_that_the_heap_names_itself() -> None:
    made = MadeHeap()
    pair = made.struct("main.Pair", ("n", made.int), ("p", made.pointer(made.string)))
    headed, large, text = made.new(pair, times=40), made.new(pair, times=5000), made.new(made.string)
    made.world.words(headed + 39 * 16 + 8, large)
    made.world.words(large + 4999 * 16 + 8, text)
    found = made.flowed([headed])
    assert state(found, headed) == (True, EXACT, "main.Pair") == state(found, large)
    assert named(found, text) == "string"


@pytest.mark.parametrize("minor", [22, 27])
@pytest.mark.parametrize("size", [600, 40000])
def test_typed_pointers_to_what_the_heap_does_not_name(minor: int, size: int) -> None:
    """A header or a span that names no type of the program's: there are no bits to compare with."""
    made = MadeHeap(minor)
    type_ = made.array(made.unsafe, size // 8)
    at, held = made.raw(size, [True] * (size // 8), 0x10), made.raw(16, [True, True])
    made.world.words(at, held)
    found = made.flowed([], [variable(made, made.pointer(type_), at)])
    assert marked(found) == {at, held}


def test_evidence_that_the_heap_contradicts_is_dropped() -> None:
    made = MadeHeap()
    wrong = made.struct("main.Wrong", ("a", made.int), ("p", made.unsafe), ("q", made.unsafe))
    at, held = made.raw(24, [True, False, False]), made.raw(16, [True, True])
    made.world.words(at, held, held, held)
    found = made.flowed([], [variable(made, made.pointer(wrong), at)])
    assert named(found, at) == "" and marked(found) == {at, held}


def test_variables_without_pointers_or_outside_are_not_followed() -> None:
    made = MadeHeap()
    at = made.raw(16, [True, True])
    outside = made.world.off_heap.take(16)
    made.world.words(outside, at)
    edge = made.world.data.end - 8
    made.world.words(edge, at)
    wide = made.array(made.pointer(made.string), 2)
    places = [variable(made, made.int, at), (outside, made.pointer(made.string)), (edge, wide)]
    assert marked(made.flowed([], places)) == set()


def test_what_a_variable_points_to_among_variables_is_followed() -> None:
    made = MadeHeap()
    pair = made.struct("main.Pair", ("n", made.int), ("p", made.pointer(made.string)))
    text = made.new(made.string)
    literal, _ = variable(made, pair, 7, text)
    found = made.flowed([], [variable(made, made.pointer(pair), literal)])
    assert named(found, text) == "string"


# Variables on stacks


def test_by_variables_on_stacks() -> None:
    """They may be wrong: what they speak of is likely, what that leads to is as certain as ever."""
    made = MadeHeap()
    node = made.forward("*main.Node")
    type_ = made.struct("main.Node", ("next", node), ("name", made.string), ("n", made.int))
    made.elem(node, "PtrType", type_)
    first, second, third, last = (made.new(type_) for _ in range(4))
    array, text = made.new(node, times=6), made.raw(5, [False])
    made.world.words(first, second, text, 5)
    made.world.words(array, third)
    slots = [
        (POINTER, type_, (first, 0, 0)),
        (SLICE, node, (array, 1, 6)),
        (IFACE, type_, (made.itab(node), last, 0)),
    ]
    found = made.flowed([first, array, last], (), slots)
    assert [named(found, one) for one in (first, array, last)] == ["main.Node?", "*main.Node?", "main.Node?"]
    assert [named(found, one) for one in (second, third, text)] == ["main.Node", "main.Node", "string data"]


def test_variables_on_stacks_mark_nothing_by_themselves() -> None:
    """What lies among the variables of a module is no concern of theirs: its words may be no pointers."""
    made = MadeHeap()
    pair = made.struct("main.Pair", ("n", made.int), ("p", made.pointer(made.string)))
    text = made.new(made.string)
    literal, _ = variable(made, pair, 7, text)
    assert marked(made.flowed([], (), [(POINTER, pair, (literal, 0, 0))])) == set()


def test_what_else_is_known_outdoes_a_variable_on_a_stack() -> None:
    made = MadeHeap()
    right = made.struct("main.Right", ("a", made.pointer(made.int)), ("b", made.int))
    wrong = made.struct("main.Wrong", ("a", made.unsafe), ("b", made.int))
    bad = made.struct("main.Bad", ("a", made.int), ("b", made.unsafe))
    at, other = made.new(right), made.new(right)
    slots = [(POINTER, wrong, (at, 0, 0)), (POINTER, bad, (other, 0, 0))]
    found = made.flowed([at, other], [variable(made, made.pointer(right), at)], slots)
    assert named(found, at) == "main.Right" and named(found, other) == ""


def test_a_piece_of_a_string_on_a_stack_says_nothing() -> None:
    """It would count as certain."""
    made = MadeHeap()
    whole, piece = made.raw(40, [False]), made.raw(40, [False])
    slots = [(STRING, made.int, (whole, 40, 0)), (STRING, made.int, (piece, 3, 0))]
    found = made.flowed([whole, piece], (), slots)
    assert state(found, whole)[1:] == (TILED, "string data") and state(found, piece)[1] == PREFIX


# Garbage has types when it is asked for


def test_types_of_garbage() -> None:
    made = MadeHeap()
    leaf = made.struct("main.Leaf", ("p", made.pointer(made.int)), ("x", made.array(made.int, 3)))
    wide = made.struct("main.Wide", ("p", made.pointer(leaf)), ("x", made.array(made.int, 100)))
    alive, shared, dead, boxed, untyped = (
        made.new(wide),
        made.new(leaf),
        made.new(wide),
        made.new(leaf),
        made.raw(16, [1]),
    )
    holder, part = made.raw(16, [False, True]), made.new(leaf)
    made.world.words(alive, shared)
    made.world.words(dead, part)
    made.world.words(holder, made.itab(made.pointer(leaf)), boxed)
    found = made.flowed([alive])
    before = found.state.copy()
    wider = made.with_garbage(found)
    assert np.array_equal(found.state, before) and marked(wider) == marked(found) == {alive, shared}
    assert [state(wider, one) for one in (alive, shared)] == [state(found, one) for one in (alive, shared)]
    assert state(wider, dead) == (False, EXACT, "main.Wide") and state(found, dead)[1] == 0
    assert {state(wider, one) for one in (part, boxed)} == {(False, FITTING, "main.Leaf")}
    assert state(wider, untyped)[:2] == (False, 0)


def test_garbage_that_says_otherwise_changes_nothing_of_what_is_alive() -> None:
    made = MadeHeap()
    inner = made.struct("main.Inner", ("a", made.unsafe), ("x", made.int))
    wide = made.struct("main.Wide", ("p", made.pointer(inner)), ("x", made.array(made.int, 100)))
    alive, dead = made.raw(16, [True, False]), made.new(wide)
    made.world.words(dead, alive)
    found = made.flowed([alive])
    assert state(made.with_garbage(found), alive) == state(found, alive) == (True, 0, "")


# Which evidence wins


def outdoing(made: MadeHeap, evidence: Sequence[tuple[int, int]]) -> NDArray[np.bool_]:
    """Which of the evidence (rank, address of a type) is better than which."""
    table = made.table()
    states = [rank << RANK_SHIFT | table.row(type_) for rank, type_ in evidence]
    out = np.zeros((len(states), len(states)), np.bool_)
    heapkernels.outdo(table.described, np.array(states, np.int64), out)
    return out


def nested() -> MadeHeap:
    """Types in types, some of one size, and two that each begin with the other as far as their descriptors say."""
    made = MadeHeap()
    inner = made.unsafe
    for level in range(4):
        inner = made.struct(f"main.W{level}", ("inner", inner))
        made.struct(f"main.X{level}", ("a", made.pointer(inner)))
    made.struct("main.Pair", ("a", inner), ("b", inner))
    one, two = made.array(made.unsafe, 1), made.array(made.unsafe, 1)
    for type_, elem in ((one, two), (two, one)):
        made.world.put("internal/abi.ArrayType", type_, Elem=elem, Len=0)
    return made


def test_evidence_is_in_one_order() -> None:
    """Of two the same one always wins, and what beats the winner beats the loser: no order of arrival matters."""
    made = nested()
    evidence = list(product(range(PREFIX, FITTING + 1), made.masks))
    wins = outdoing(made, evidence)
    assert not wins.diagonal().any()
    assert (wins ^ wins.T | np.eye(len(evidence), dtype=np.bool_)).all(), "one of two wins"
    assert sorted(wins.sum(axis=1).tolist()) == list(range(len(evidence))), "in one order"


def test_more_certain_then_larger_then_what_contains_the_other_wins() -> None:
    made = MadeHeap()
    inner = made.struct("main.Inner", ("a", made.unsafe), ("b", made.unsafe))
    outer = made.struct("main.Outer", ("inner", inner))
    wide = made.struct("main.Wide", ("inner", inner), ("c", made.int))
    order = [(FITTING, inner), (TILED, wide), (TILED, outer), (TILED, inner)]
    assert np.array_equal(outdoing(made, order), np.triu(np.ones((4, 4), np.bool_), 1))


def grades(made: MadeHeap, at: int, type_: int, times: int = 1, offset: int = 0) -> int:
    table = made.table()
    laid = made.laid(table)
    (id_,) = laid.heap.ids(np.array([at], np.uint64)).tolist()
    number = int(np.searchsorted(laid.heap.spans.first, id_, "right")) - 1
    slot = id_ - int(laid.heap.spans.first[number])
    return int(heapkernels.graded(laid.objects, table.described, number, slot, offset, table.row(type_), times))


def test_grades_of_small_objects() -> None:
    made = MadeHeap()
    pair = made.struct("main.Pair", ("n", made.int), ("p", made.unsafe))
    other = made.struct("main.Other", ("p", made.unsafe), ("n", made.int))
    at = made.new(pair, times=5)
    assert grades(made, at, pair, 5) == FITTING
    assert grades(made, at, pair, 1) == grades(made, at, pair, 7) == grades(made, at, pair, ALL_ONES) == TILED
    assert grades(made, at, pair, 5, 16) == PREFIX and grades(made, at, other, 5) == 0
    assert grades(made, at, pair, 5, 72) == 0, "there is no room for one"


@pytest.mark.parametrize(
    ("times", "offset", "grade"),
    [
        (4, 16, TILED), (3, 32, TILED), (1, 64, PREFIX), (3, 16, PREFIX), (5, 16, PREFIX), (ALL_ONES, 16, PREFIX),
        (0, 16, PREFIX), ((1 << 60) + 4, 16, PREFIX), (4, 8, PREFIX), (4, 17, PREFIX), (2, 48, TILED), (1, 16, PREFIX),
    ],
)  # fmt: skip
def test_grades_of_the_rest_of_an_array(times: int, offset: int, grade: int) -> None:
    """What is left of a slice that was popped. A single pointer into the middle says nothing of the whole."""
    made = MadeHeap()
    pair = made.struct("main.Pair", ("n", made.int), ("p", made.unsafe))
    numbers = made.array(made.int, 2)
    assert grades(made, made.new(pair, times=5), pair, times, offset) == grade
    assert grades(made, made.new(numbers, times=5), numbers, times, offset) == grade


def test_the_rest_of_an_array_contradicts_what_lies_before_it() -> None:
    """An array at a structure's end, the pointers of which lie otherwise."""
    made = MadeHeap()
    pair = made.struct("main.Pair", ("n", made.int), ("p", made.unsafe))
    other = made.struct("main.Other", ("p", made.unsafe), ("n", made.int))
    ends = made.struct("main.Ends", ("head", other), ("pairs", made.array(pair, 4)))
    assert grades(made, made.new(ends), pair, 4, 16) == PREFIX


def test_by_slices_that_lost_their_beginning() -> None:
    made = MadeHeap()
    item = made.struct("main.Item", ("n", made.int), ("p", made.pointer(made.int)))
    array, plain = made.new(made.pointer(item), times=6), made.raw(48, [False] * 6)
    items = [made.new(item) for _ in range(6)]
    made.world.words(array, *items)
    queue = made.struct("main.Queue", ("items", made.slice(made.pointer(item))), ("numbers", made.slice(made.int)))
    at = made.new(queue, array + 8, 5, 5, plain + 16, 4, 4)
    found = made.flowed([], [variable(made, made.pointer(queue), at)])
    assert named(found, array) == "*main.Item?" and named(found, plain) == "int?"
    assert {named(found, one) for one in items} == {"main.Item"}


def test_grades_where_there_are_no_pointers() -> None:
    made = MadeHeap()
    numbers = made.array(made.int, 3)
    at = made.new(numbers, times=4)
    assert grades(made, at, numbers, 4) == FITTING and grades(made, at, numbers, 1) == PREFIX
    assert (
        grades(made, at, numbers, 4, 24) == PREFIX == grades(made, at, numbers, 1, 72)
        and grades(made, at, made.string, 6) == 0
    )


@pytest.mark.parametrize(
    ("pointers", "times", "grade"),
    [
        (range(1, 400, 2), 200, FITTING),
        (range(1, 400, 2), 3, TILED),
        (range(1, 300, 2), 200, FITTING),  # the elements behind them were not made yet
        ([*range(1, 300, 2), 399], 200, PREFIX),
        ([*range(1, 300, 2), 302], 200, PREFIX),
        (range(0, 400, 2), 200, 0),
        ([], 200, 0),
    ],
)
def test_large_objects_are_compared_with_the_bits_of_arenas(pointers: Sequence[int], times: int, grade: int) -> None:
    """Until Go 1.21; the span has other objects before this one."""
    made = MadeHeap()
    pair = made.struct("main.Pair", ("n", made.int), ("p", made.unsafe))
    made.raw(3200, [False] * 400)
    table = made.table()
    laid = made.laid(table)
    bits = np.zeros(800, np.uint8)
    bits[[400 + one for one in pointers]] = 1
    packed = np.concatenate([np.packbits(bits, bitorder="little"), np.zeros(8, np.uint8)])
    laid.objects.spans[0, kernels.BITS], laid.objects.spans[0, kernels.FLAGS] = packed.ctypes.data, kernels.BITMAP
    common = laid.objects, table.described, 0, 1
    assert heapkernels.graded(*common, 0, table.row(pair), times) == grade
    if times == 200:
        rest = TILED if grade == FITTING else PREFIX
        assert heapkernels.graded(*common, 160, table.row(pair), 190) == rest


# The order in which evidence comes, and how many threads follow it


def contested() -> tuple[MadeHeap, list[tuple[int, int]]]:
    """Objects of which several variables speak, each in its own way."""
    made = MadeHeap()
    inner = made.struct("main.Inner", ("a", made.pointer(made.int)), ("b", made.int))
    outer = made.struct("main.Outer", ("inner", inner))
    alike = made.struct("main.Alike", ("a", made.unsafe), ("b", made.int))
    array, plain = made.new(inner, times=3), made.raw(48, [False] * 6)
    single, number = made.new(outer), made.raw(8, [False])
    made.world.words(array, number, 0, number, 0, plain)
    made.world.words(single, array)
    return made, [
        variable(made, made.pointer(inner), array),
        variable(made, made.slice(inner), array, 3, 3),
        variable(made, made.pointer(alike), array),
        variable(made, made.slice(made.int), plain, 6, 6),
        variable(made, made.pointer(made.int), plain),
        variable(made, made.pointer(inner), single),
        variable(made, made.pointer(outer), single),
        variable(made, made.pointer(alike), single),
    ]


@pytest.mark.parametrize("part", [slice(0, 3), slice(3, 5), slice(5, 8)])
def test_the_order_of_evidence_does_not_matter(part: slice) -> None:
    made, variables = contested()
    states = {tuple(made.flowed([], some).state.tolist()) for some in permutations(variables[part])}
    assert len(states) == 1


def test_repeated_evidence_raises_what_is_known() -> None:
    """First an element, then the whole array."""
    made, variables = contested()
    at = made.world.program.word(variables[3][0])
    assert named(made.flowed([], [variables[4]]), at) == ""
    assert named(made.flowed([], [variables[4], variables[3]]), at) == "int"


@pytest.fixture(scope="module")
def forest() -> tuple[MadeHeap, list[tuple[int, int]]]:
    """Some thousand nodes of trees, lists and rings that speak of one another by several types."""
    made, random = MadeHeap(heap_pages=400), np.random.default_rng(5)
    node = made.forward("*main.Node")
    base = made.struct("main.Base", ("next", node), ("any", made.any))
    fields = (("base", base), ("bases", made.slice(made.pointer(base))), ("text", made.string), ("n", made.int))
    type_ = made.struct("main.Node", *fields)
    made.elem(node, "PtrType", type_)
    to_base, nodes = made.pointer(base), [made.new(type_) for _ in range(2500)]
    for at in nodes:
        one, two, *some = random.choice(nodes, 6).tolist()
        array = made.new(to_base, *some, times=4)
        text = made.raw(int(random.integers(1, 40)), [False])
        word = [node, to_base, made.int][int(random.integers(0, 3))]
        made.world.words(at, one, word, two, array, 4, int(random.integers(4, 6)), text, int(random.integers(1, 40)))
    return made, [variable(made, to_base, nodes[0]), variable(made, made.slice(to_base), 0, 0, 0)]


@pytest.mark.parametrize("threads", [2, 4])
def test_the_same_by_any_number_of_threads(
    forest: tuple[MadeHeap, list[tuple[int, int]]], threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, variables = forest
    monkeypatch.setattr(parallel, "threads", lambda: 1)
    alone = made.flowed([], variables).state
    assert int((alone & np.int32(1 << 29) != 0).sum()) > 5000
    monkeypatch.setattr(parallel, "threads", lambda: threads)
    monkeypatch.setattr(flow, "MANY", 4)
    for _ in range(4):
        assert np.array_equal(made.flowed([], variables).state, alone)


# Garbage

word = st.one_of(
    st.integers(HEAP - 64, HEAP + 6 * PAGE), st.integers(0x70_0000, 0x71_0000), st.integers(0, 300),
    st.integers(0, ALL_ONES), st.sampled_from([ALL_ONES, 1 << 63, (1 << 47) - 1]),
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(word, min_size=60, max_size=60), st.lists(word, min_size=24, max_size=24))
def test_garbage_marks_what_is_allocated_and_ends(content: list[int], words: list[int]) -> None:
    """Everything at once, full of random words: each type, each of the runtime's own structures."""
    made = MadeHeap()
    type_, group = swiss(made)
    node = made.struct("main.Node", ("m", type_), ("s", made.slice(group)), ("e", made.any), ("t", made.string))
    channel = made.chan(node)
    at = [made.new(one, *content[:size]) for one, size in ((group, 25), (node, 8), (made.any, 2), (node, 8))]
    header(made, 0, 0)
    at += [made.new(node, *content, times=30), made.new(group, *content, times=300)]
    at.append(made.raw(96, [one in (2, 10) for one in range(12)]))
    made.world.words(at[-1], *content[:12])
    kinds = [
        made.pointer(node),
        type_,
        channel,
        made.slice(node),
        made.any,
        made.error,
        made.string,
        made.array(node, 3),
    ]
    variables = [variable(made, kind, *words) for kind in kinds]
    variables += [variable(made, kind, one) for kind in kinds[:3] for one in at]
    found = made.flowed(words, variables)
    allocated = set(found.laid.heap.addresses(found.laid.heap.objects()).tolist())
    assert set(at) <= allocated and marked(found) <= allocated
