"""How much of a value is read, and what is said of the rest."""

from __future__ import annotations

import pytest

from gdbext.golang.types.printed.bounds import ASK, EACH, MOST, NOTHINGS, Bounds, of_entries, of_items


@pytest.mark.parametrize(
    ("elements", "items", "nothings", "entries", "values"),
    [
        (None, 1 << 40, NOTHINGS, MOST, MOST),
        (50, 50, 50, 50, MOST),
        (1 << 30, 1 << 30, NOTHINGS, MOST, EACH << 30),
    ],
)
def test_how_many_are_read(elements: int | None, items: int, nothings: int, entries: int, values: int) -> None:
    bounds = Bounds(elements=elements)
    assert (bounds.items(1 << 40, 8), bounds.items(1 << 40, 0)) == (items, nothings)
    assert (bounds.entries(1 << 40), bounds.values) == (entries, values)
    assert (bounds.items(7, 8), bounds.items(7, 0), bounds.entries(7)) == (7, 7, 7)


def test_why_not_even_all_shows_them() -> None:
    assert of_items(NOTHINGS + 1, 0, False) == "of elements without a size 100 are shown at most"
    assert (of_items(MOST + 1, 8, True), of_items(MOST // EACH + 1, 8, False)) == (ASK, ASK)
    assert of_entries(MOST + 1, "map") == "of a map 1,048,576 are shown at most"
    assert of_entries(MOST // EACH + 1, "channel") == ASK == "--limit N shows up to N values"


def test_all_shows_them() -> None:
    assert of_items(NOTHINGS, 0, False) == of_items(MOST - EACH, 1, True) == of_entries(1000, "map") == ""
