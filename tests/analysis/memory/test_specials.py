"""What waits for objects to die, counted by object."""

from __future__ import annotations

import numpy as np

from gdbext.analysis.memory.specials import DEAD, REACHED, UNKNOWN, Total, Waiting, total


def waiting(*each: tuple[int, int, int]) -> Waiting:
    """Finalizers of objects: (address, slot, reached), slots of 16 bytes."""
    object_, slot, reached = (np.array(column, np.int64) for column in (zip(*each, strict=True) if each else ((),) * 3))
    none = np.zeros(len(each), np.int64)
    return Waiting(
        object_.astype(np.uint64), slot.astype(np.uint64), none.astype(np.uint8), none, ("main.ends",), none - 1, (),
        none + 16, reached,
    )  # fmt: skip


def test_an_object_counts_once() -> None:
    assert total(waiting((0x40, 0x40, DEAD), (0x40, 0x40, DEAD), (0x50, 0x50, REACHED))) == Total(2, 32, 1)


def test_tiny_ones_of_a_slot_are_one() -> None:
    assert total(waiting((0x40, 0x40, REACHED), (0x48, 0x40, REACHED))) == Total(1, 16, 0)


def test_what_is_dead_where_not_all_is_known() -> None:
    assert total(waiting((0x40, 0x40, DEAD), (0x50, 0x50, UNKNOWN))) == Total(2, 32, 1)
    assert total(waiting((0x40, 0x40, UNKNOWN), (0x50, 0x50, UNKNOWN))) == Total(2, 32, None)
    assert total(waiting()) == Total(0, 0, 0)
