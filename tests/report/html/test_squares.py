"""A treemap: areas are their shares, and parts lie in them."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from gdbext.report.html import Area
from gdbext.report.html.squares import HEIGHT, WIDTH, Box, boxes

SIZES = st.lists(st.integers(0, 1 << 50), max_size=40)


@given(SIZES)
def test_each_is_as_large_as_its_share(sizes: list[int]) -> None:
    whole = sum(sizes)
    made = list(boxes([Area("a", size) for size in sizes]))
    for box in made:
        assert box.at.width * box.at.height == pytest.approx(WIDTH * HEIGHT * box.area.size / whole, rel=0.1)
    assert len(made) <= len(sizes)


@given(SIZES)
def test_parts_lie_in_it(sizes: list[int]) -> None:
    outer, *parts = [*boxes([Area("all", sum(sizes) * 2, parts=[Area("a", size) for size in sizes])]), None][:-1] or [
        None
    ]
    assert all(inside(part, outer) for part in parts if part is not None and outer is not None)


def inside(part: Box, outer: Box) -> bool:
    right = part.at.x + part.at.width <= outer.at.x + outer.at.width
    return right and part.at.x >= outer.at.x and part.at.y + part.at.height <= outer.at.y + outer.at.height


def test_labels_are_as_long_as_fits() -> None:
    (wide,) = boxes([Area("main.registry", 1)])
    assert wide.label == "main.registry"
    (cut,) = boxes([Area("x" * 1000, 1)])
    assert cut.label == "x" * 141 + "…"
    narrow = list(boxes([Area("a" * 50, 1000), Area("a" * 50, 1)]))[1:]
    assert [box.label for box in narrow] == [] or narrow[0].label == ""
