"""Paths as pictures: how many boxes they have, and what says that there is more."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, cast

from gdbext.analysis.heap.paths import Edge, Path
from gdbext.analysis.heap.rootnames import RootName
from gdbext.report.cells import cell_text
from gdbext.report.dot import Vertex, render_graph
from gdbext.views.pathdrawing import Drawing

LOOKUP = cast(Any, SimpleNamespace(type_name=lambda one: "T"))
NAMES = cast(Any, SimpleNamespace(of_path=lambda number, ids: RootName("data", f"main.root{number}")))


def path(root: int, objects: int) -> Path:
    """Through objects of its own to 0x1."""
    bases = [16 * (1000 * root + number) for number in range(1, objects)] + [1]
    every = cast(Sequence[Any], [SimpleNamespace(base=base, size=16, exact=True) for base in bases])
    return Path(root, every[0], [Edge(one, ".f", other) for one, other in pairwise(every)], ())


def boxes(drawing: Drawing, paths: Sequence[Path]) -> list[str]:
    parts = list(drawing.parts(paths))
    list(render_graph(parts))  # both ends of each arrow come before it
    return list(dict.fromkeys(" ".join(map(cell_text, one.text)) for one in parts if isinstance(one, Vertex)))


def test_what_there_is_room_for() -> None:
    drawing = Drawing(LOOKUP, NAMES, every=True, room=100)
    assert boxes(drawing, [path(1, 3), path(2, 2)]) == [
        "root: global main.root1", "0x3e90 T", "0x3ea0 T", "0x1 T", "root: global main.root2", "0x7d10 T",
    ]  # fmt: skip
    assert drawing.lacks() == ""


def test_a_long_path_is_cut_as_without_all() -> None:
    drawing = Drawing(LOOKUP, NAMES, every=False, room=100)
    assert boxes(drawing, [path(1, 30)])[2] == "… 17 more (--all)"
    assert drawing.lacks() == ""


def test_a_path_that_is_longer_than_a_picture() -> None:
    drawing = Drawing(LOOKUP, NAMES, every=True, room=20)
    found = boxes(drawing, [path(1, 1000)])
    assert len(found) == 20 and found[2] == "… 983 more (--limit)" and found[-1] == "0x1 T"
    assert drawing.lacks() == "983 objects"


def test_more_paths_than_a_picture_has_room_for() -> None:
    drawing = Drawing(LOOKUP, NAMES, every=True, room=10)
    found = boxes(drawing, [path(number, 3) for number in range(1, 6)])
    assert found[-1] == "… 4 more paths" and len(found) == 5
    assert drawing.lacks() == "4 paths"


def test_no_room_at_all() -> None:
    """The object is there, and what holds it."""
    drawing = Drawing(LOOKUP, NAMES, every=True, room=0)
    assert boxes(drawing, [path(1, 9), path(2, 9)])[-3:] == ["0x3f00 T", "0x1 T", "… 1 more path"]
    assert drawing.lacks() == "7 objects and 1 path"
