"""What objects with finalizers refer to, on made heaps."""

from __future__ import annotations

import numpy as np

from gdbext.analysis.heap import finalized
from gdbext.analysis.heap.kernels.objects import FITTING
from gdbext.golang.runtime.special import Specials
from tests.analysis.heap.madeheap import MadeHeap, state
from tests.synthetic import HEAP

FINALIZER, CLEANUP = 2, 7


def specials(made: MadeHeap, *noted: tuple[int, int, int]) -> Specials:
    """Of objects (kind, address, type of the pointer that a finalizer gets)."""
    places = []
    for *_, type_ in noted:
        places.append(made.world.off_heap.take(96))
        made.world.put("runtime.specialfinalizer", places[-1], ot=type_)
    objects = np.array([at for _, at, _ in noted], np.uint64)
    kinds = np.array([kind for kind, *_ in noted], np.uint8)
    return Specials(np.array(places, np.uint64), objects, objects, kinds, {"Finalizer": FINALIZER, "Cleanup": CLEANUP})


def test_those_whose_type_is_in_the_table() -> None:
    made = MadeHeap()
    type_ = made.struct("main.T", ("a", made.unsafe), ("n", made.int))
    pointer, at = made.pointer(type_), made.new(type_)
    found = specials(
        made, (FINALIZER, at, pointer), (FINALIZER, at, HEAP), (FINALIZER, at, type_), (CLEANUP, at, pointer)
    )
    table = made.table()
    assert finalized.values(made.world.program, found, table).tolist() == [[at, table.row(type_), 1]]
    assert finalized.values(made.world.program, specials(made), table).shape == (0, 3)


def test_the_object_itself_need_not_be_reachable() -> None:
    """And what it refers to has the types that its fields say."""
    made = MadeHeap()
    inner = made.struct("main.Inner", ("p", made.unsafe), ("n", made.int))
    outer = made.struct("main.Outer", ("n", made.int), ("inner", made.pointer(inner)))
    kept, whole = made.new(inner), made.new(outer)
    made.world.words(whole, 0, kept)
    flowed = made.flowed([kept], [(whole, outer)])
    assert state(flowed, kept) == (True, FITTING, "main.Inner")
    assert not state(flowed, whole)[0]


def test_values_that_do_not_fit_the_memory_are_not_followed() -> None:
    made = MadeHeap()
    inner = made.struct("main.Inner", ("p", made.unsafe), ("n", made.int))
    to_inner = made.pointer(inner)
    huge = made.struct("main.Huge", *((f"p{i}", to_inner) for i in range(2000)))
    kept, whole = made.new(inner), made.raw(16, [True, True])
    made.world.words(whole, kept)
    flowed = made.flowed([], [(whole, huge), (HEAP - 8, huge), (made.world.heap.end, huge), (0, huge)])
    assert not state(flowed, kept)[0]
