"""The search for contexts in a made heap: decoys, twins, families, garbage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.typing import NDArray

from gdbext.analysis.contexts import contexts, finding
from gdbext.analysis.contexts.contexts import CANCELLED, LIVE, NO_DEADLINE
from gdbext.analysis.contexts.finding import Found
from tests.synthetic import FULL, HEAP, PAGE, Contexts, Span, World, classic_bucket, swiss_group

NOBODY: tuple[NDArray[np.int64], NDArray[np.uint64]] = (np.zeros(0, np.int64), np.zeros(0, np.uint64))


def search(made: Contexts, variables: tuple[tuple[int, int], ...] = ()) -> tuple[Found, dict[int, str]]:
    ctypes, heap = made.finish()
    found = finding.find(ctypes, heap, [], variables)
    named = zip(found.address.tolist(), found.kind.tolist(), strict=True)
    return found, {address: ctypes.kinds[kind].name.removeprefix("*context.") for address, kind in named}


def decode(made: Contexts, waiting: tuple[NDArray[np.int64], NDArray[np.uint64]] = NOBODY) -> contexts.Contexts:
    ctypes, heap = made.finish()
    found = finding.find(ctypes, heap, [], ())
    return contexts.decode(made.world.program, made.world.types, ctypes, heap.image, found, waiting)


def test_what_a_typed_pair_refers_to_is_found() -> None:
    made = Contexts(World(heap_pages=32))
    pairs = {name: made.make(name, made.root) for name in ("cancel", "timer", "value")}
    made.hold(*pairs.values())
    assert search(made)[1] == {address: f"{name}Ctx" for name, (_, address) in pairs.items()}


def test_twins_of_contexts_are_not_listed() -> None:
    """struct{ context.Context; a, b any } has the size and the pointers of a valueCtx, but nobody says it is one."""
    made = Contexts(World(heap_pages=32))
    _, twin = made.make("value", made.root)
    _, real = made.make("value", made.root)
    unknown = made.world.type("struct { context.Context; a, b any }", 25, 48)
    made.hold((made.world.pointer(unknown), twin), (made.itabs["value"], real))
    made.world.words(made.world.object(8), twin)
    assert search(made)[1] == {real: "valueCtx"}


def test_pairs_that_no_context_fits_are_not_listed() -> None:
    made = Contexts(World(heap_pages=32))
    itab, inside = made.make("value", made.root)
    small, empty = made.world.object(16), made.world.object(48)
    free = made.world.pages()
    made.world.span(Span(free, 48, 100))
    made.world.words(free, *made.root)
    made.hold((itab, inside + 8), (itab, small), (itab, empty), (itab, free), (itab, 0), (itab, 0x10), (itab, 1 << 63))
    assert search(made)[1] == {}


def test_the_larger_of_two_kinds_wins() -> None:
    """&timerCtx.cancelCtx has the address of the timerCtx."""
    made = Contexts(World(heap_pages=32))
    itab, address = made.make("timer", made.root)
    for pairs in ([(itab, address), (made.cancelers["cancel"], address)], [(made.itabs["cancel"], address)]):
        made.hold(*pairs)
    assert search(made)[1] == {address: "timerCtx"}


def test_objects_without_pointers_hold_no_contexts() -> None:
    made = Contexts(World(heap_pages=32))
    pair = made.make("cancel", made.root)
    made.world.words(made.world.object(16, noscan=True), *pair)
    assert search(made)[1] == {}


@pytest.mark.parametrize("minor", [21, 24, 26, 27])
def test_families(minor: int) -> None:
    made = Contexts(World(minor, heap_pages=40))
    world = made.world
    root = made.make("cancel", made.root)
    value = made.make("value", root)
    timer = made.make("timer", value)
    made.hold(root, value, timer)
    key = [(made.cancelers["timer"], timer[1])]
    header, store = world.object(48), world.object(144)
    if minor >= 24:
        world.write(store, swiss_group([FULL] + [0x80] * 7, key))
        world.put("internal/runtime/maps.Map", header, used=1, dirPtr=store)
    else:
        world.write(store, classic_bucket([5] + [0] * 7, key))
        world.put("runtime.hmap", header, count=1, buckets=store)
    world.put("context.cancelCtx", root[1], children=header)
    world.words(root[1] + world.offset("context.cancelCtx", "done"), 5, 0xD00)
    world.variable("time.startNano", 1000)
    world.words(timer[1] + world.offset("context.timerCtx", "deadline"), 1 << 63, 234)
    found = decode(made, (np.array([3, 9]), np.array([0xD00, 0xD08], np.uint64)))
    r, v, t = (found.index(address) for _, address in (root, value, timer))
    assert (found.parent[r], found.parent[v], found.parent[t]) == (-1, r, v)
    assert found.types.kinds[int(found.parent_kind[r])].background
    assert found.registered_with.tolist() == [r if index == t else -1 for index in range(3)]
    assert found.children[r] == 1 and found.waiters(r).tolist() == [3] and found.waiters(t).tolist() == []
    assert found.deadline[t] == 1234 and found.deadline[r] == NO_DEADLINE
    assert found.state.tolist() == [LIVE] * 3 and found.notes == ()


@pytest.mark.parametrize("minor", [21, 27])
def test_what_is_registered_and_not_listed_is_said(minor: int) -> None:
    """A map that holds a context of no known type: a damaged object, a kind too many."""
    made = Contexts(World(minor, heap_pages=40))
    world = made.world
    root, child = made.make("cancel", made.root), made.make("cancel", made.root)
    made.hold(root, child)
    keys = [(made.cancelers["cancel"], child[1]), (0x1230, world.object(80))]
    header, store = world.object(48), world.object(144)
    if minor >= 24:
        world.write(store, swiss_group([FULL] * 2 + [0x80] * 6, keys))
        world.put("internal/runtime/maps.Map", header, used=2, dirPtr=store)
    else:
        world.write(store, classic_bucket([5, 5] + [0] * 6, keys))
        world.put("runtime.hmap", header, count=2, buckets=store)
    world.put("context.cancelCtx", root[1], children=header)
    found = decode(made)
    index = found.index(root[1])
    assert (found.children[index], found.listed[index]) == (2, 1)
    assert found.notes == ("1 contexts registered with 1 others are not listed: their types are not certain",)


def test_a_value_has_the_state_of_what_is_above() -> None:
    made = Contexts(World(heap_pages=32))
    root = made.make("cancel", made.root)
    value = made.make("value", root)
    below = made.make("value", value)
    alone = made.make("value", made.root)
    made.hold(root, value, below, alone)
    made.world.words(root[1] + made.world.offset("context.cancelCtx", "err"), 0x5000, 0x6000)
    found = decode(made)
    states = {address: int(found.state[found.index(address)]) for _, address in (root, value, below, alone)}
    assert states == {root[1]: CANCELLED, value[1]: CANCELLED, below[1]: CANCELLED, alone[1]: LIVE}


def test_contexts_in_a_ring_are_cut_and_said_so() -> None:
    made = Contexts(World(heap_pages=32))
    first = made.make("value", made.root)
    second = made.make("value", first)
    made.world.words(first[1], *second)
    made.hold(first)
    found = decode(made)
    assert len(found) == 2 and sorted(found.parent.tolist())[0] == -1
    assert any("their own ancestors" in note for note in found.notes)


def test_no_contexts_at_all() -> None:
    found = decode(Contexts(World()))
    assert len(found) == 0 and found.index(HEAP) == -1


words_of_garbage = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 7), st.integers(0, 63)), max_size=200)


@settings(max_examples=25)
@given(words_of_garbage, st.integers(0, (1 << 64) - 1))
def test_garbage_heaps_never_raise(drawn: list[tuple[int, int, int]], other: int) -> None:
    made = Contexts(World(heap_pages=8))
    world = made.world
    world.variable("time.startNano", 0)
    for page in range(7):
        size = (48, 80, 112, 144, 1024, 16, 8192)[page]
        world.span(Span(HEAP + page * PAGE, size, 1 if page == 6 else 7, freeindex=5))
    words = [*made.itabs.values(), made.pointers["value"], other]
    for number, (kind, page, slot) in enumerate(drawn):
        world.words(HEAP + (number % 7) * PAGE + 16 * (number // 7), words[kind], HEAP + page * PAGE + 16 * slot)
    found = decode(made)
    assert (found.parent < len(found)).all() and len(found.state) == len(found.kind) == len(found)
