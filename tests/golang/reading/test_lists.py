"""Linked lists in made memory: long, shared, ringed, cut off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from gdbext.golang.reading import lists
from gdbext.golang.reading.lists import Elements, elements
from gdbext.target.image import Image
from tests.synthetic import OFF_HEAP, World

LINK, SIZE = 8, 24


def chain(world: World, *links: int) -> list[int]:
    """Elements in a row, each linked to the one with that number (-1: none)."""
    at = world.off_heap.take(SIZE * len(links))
    places = [at + SIZE * number for number in range(len(links))]
    for place, link in zip(places, links, strict=True):
        world.words(place + LINK, places[link] if link >= 0 else 0)
    return places


def found(world: World, *heads: int) -> Elements:
    return elements(world.program, np.array(heads, np.uint64), LINK, SIZE)


def by_list(said: Elements) -> dict[int, list[int]]:
    return {owner: said.address[said.owner == owner].tolist() for owner in np.unique(said.owner).tolist()}


def test_lists_in_their_order() -> None:
    world = World()
    one, two = chain(world, 2, -1, 1), chain(world, -1)
    said = found(world, one[0], 0, two[0])
    assert by_list(said) == {0: [one[0], one[2], one[1]], 2: two}
    assert said.broken == 0


def test_no_lists() -> None:
    assert by_list(found(World())) == {}
    assert by_list(found(World(), 0, 0)) == {}


@pytest.mark.parametrize("start", [0, 1, 5])
def test_a_ring_ends(start: int) -> None:
    world = World()
    places = chain(world, 1, 2, 3, 4, 5, start)
    said = found(world, places[0])
    assert set(said.address.tolist()) == set(places) and len(said.address) < 4 * len(places)
    assert said.broken == 1


def test_a_link_into_nowhere_ends() -> None:
    world = World()
    places = chain(world, 1, -1)
    world.words(places[1] + LINK, 1 << 45)
    said = found(world, places[0], 1 << 45)
    assert by_list(said) == {0: places} and said.broken == 2


def test_more_elements_than_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "ROOM", 1)
    world = World()
    long, short = chain(world, *range(1, 500), -1), chain(world, -1)
    assert by_list(found(world, long[0], short[0])) == {0: long, 1: short}


def test_more_elements_than_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    long = chain(world, *range(1, 50), -1)
    monkeypatch.setattr(world.program, "most", lambda size: 60)
    said = found(world, *([long[0]] * 3))
    assert len(said.address) <= 60 and said.broken == 2


class Piecewise:
    """Memory that is fetched in pieces, as of a process."""

    def __init__(self, whole: Any) -> None:
        self.memory, self.asked = whole, list[tuple[int, int]]()

    def image(self, ranges: Sequence[tuple[int, int]]) -> Image:
        self.asked += ranges
        known = self.memory.whole()
        parts = [(max(start, OFF_HEAP), end) for start, end in ranges if end > OFF_HEAP]
        return Image.of_arrays(
            (start, np.frombuffer(known.read(start, end - start), np.uint8).copy())
            for start, end in parts
            if end <= OFF_HEAP + (1 << 21)
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self.memory, name)

    def whole(self) -> None:
        return None


def test_memory_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    near = chain(world, 1, 2, -1)
    world.off_heap.take(3 * lists.AROUND)
    far = chain(world, 1, -1)
    world.words(near[2] + LINK, far[0])
    pieces = Piecewise(world.target.memory)
    monkeypatch.setattr(world.target, "memory", pieces)
    said = found(world, near[0], far[1], 1 << 45)
    assert by_list(said) == {0: near + far, 1: [far[1]]}
    assert said.broken == 1 and len(pieces.asked) < 8


@given(st.lists(st.integers(-1, 19), min_size=20, max_size=20), st.lists(st.integers(0, 19), max_size=5))
def test_any_links(links: list[int], heads: list[int]) -> None:
    world = World()
    places = chain(world, *links)
    said = found(world, *(places[head] for head in heads))
    for number, head in enumerate(heads):
        wanted, at = list[int](), head
        while at >= 0 and places[at] not in wanted:
            wanted.append(places[at])
            at = links[at]
        assert list(dict.fromkeys(said.address[said.owner == number].tolist())) == wanted
