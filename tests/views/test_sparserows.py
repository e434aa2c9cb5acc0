"""Maps that keep too much room, in words."""

from __future__ import annotations

from gdbext.analysis.memory.sparsemaps import Group, Sparse
from gdbext.report import Text
from gdbext.views import sparserows

ONE = Group("map[string]main.T", 1, 10, 1 << 20, 3 << 20, 3 << 20, 0xC000)
FOUND = Sparse(7, [ONE, Group("map[int]int", 2, 50, 1 << 12, 1 << 16, 1 << 15, 0xD000)])


def test_the_sentence() -> None:
    first, table = sparserows.blocks(FOUND, 1)
    assert isinstance(first, Text) and first.text == (
        "maps: of 7 maps of 1,024 slots or more 3 are less than a quarter full and keep 3.06 MiB, an estimated "
        "3.03 MiB more than new maps of the same entries would: a map never shrinks; a new one that the entries are "
        "put into (maps.Clone keeps the room) would let go of the rest"
    )
    assert getattr(table, "cut", "") == "… and 1 more (--all shows them)"
    one, _ = sparserows.blocks(Sparse(1, [ONE]), 1)
    assert isinstance(one, Text) and one.text.startswith(
        "maps: of 1 map of 1,024 slots or more 1 is less than a quarter full and keeps 3.00 MiB, an estimated "
    )
    (none,) = sparserows.blocks(Sparse(1, []), 1)
    assert isinstance(none, Text)
    assert none.text == "maps: 1 map of 1,024 slots or more, none of them less than a quarter full"


def test_the_json() -> None:
    made = sparserows.document(FOUND, 1)
    assert [made[name] for name in ("looked", "maps", "bytes", "unneeded_bytes")] == [7, 3, 3211264, 3178496]
    assert [row["type"].text for row in made["groups"].items] == ["map[string]main.T"]
