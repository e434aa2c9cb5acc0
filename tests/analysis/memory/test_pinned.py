"""What slices cover of arrays, on made pointers; what is said of it."""

from __future__ import annotations

import numpy as np

from gdbext.analysis.memory import pinned
from gdbext.analysis.memory.pinned import Group, Pinned
from gdbext.report import Text
from gdbext.views import pinnedrows

TOP = (1 << 64) - 8


def words(*values: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return np.array(values, np.uint64)


def test_from_the_first_byte_to_the_last() -> None:
    """Two slices of one array, one that goes beyond the end, one of a length that nothing has, none at all."""
    pointer, count = words(1000, 1500, 5000, 9000), words(10, 3, 1 << 40, TOP)
    size, number = words(8, 100, 8, 8), np.array([0, 0, 1, 2])
    found = pinned._covered(pointer, count, size, number, words(2000, 6000, 9100, 7000))
    assert found.tolist() == [800, 1000, 100, 0]


def test_of_no_edges() -> None:
    none, ids = words(), np.zeros(0, np.int64)
    assert pinned._covered(none, none, none, ids, none).tolist() == []


FOUND = Pinned(2, 8192, 8000, 4096, [Group("main.T", ".head", 1, 6000, 0xC000), Group("[]uint8", "", 1, 2000, 0xD000)])


def test_the_sentence() -> None:
    first, table = pinnedrows.blocks(FOUND, 1)
    assert isinstance(first, Text) and first.text == (
        "slices: 2 arrays of 1 KiB or more, 8.00 KiB, kept by slices alone that use less than half: 7.81 KiB lie "
        "beyond their lengths, which they can grow into, 4.00 KiB of that beyond their capacities, where no code gets; "
        "a copy of what is used (slices.Clone, strings.Clone) would let go of the rest"
    )
    assert getattr(table, "cut", "") == "… and 1 more (--all shows them)"
    (none,) = pinnedrows.blocks(Pinned(0, 0, 0, 0, []), 1)
    assert isinstance(none, Text) and "no array of 1 KiB or more is kept by slices" in none.text


def test_what_was_not_looked_at_is_not_denied() -> None:
    some = Pinned(0, 0, 0, 0, [], 2, 8192)
    (none,) = pinnedrows.blocks(some, 1)
    assert isinstance(none, Text) and "no array of 1 KiB or more of which all holders are known is kept" in none.text
    assert list(pinnedrows.notes(some)) == [
        "words whose type is not known (of stacks, registers, variables and objects without a type) refer to "
        "2 objects of 1 KiB or more, 8.00 KiB, of which no slice that is known uses half: whether slices pin these was "
        "not looked at"
    ]
    assert list(pinnedrows.notes(FOUND)) == []
    assert pinnedrows.document(some, 1)["not_looked_at"] == {"objects": 2, "bytes": 8192}


def test_the_json() -> None:
    made = pinnedrows.document(FOUND, 1)
    assert {name: made[name] for name in ("arrays", "size", "bytes", "unreachable_bytes")} == {
        "arrays": 2,
        "size": 8192,
        "bytes": 8000,
        "unreachable_bytes": 4096,
    }
    assert [row["holder"].text for row in made["groups"].items] == ["main.T"]
