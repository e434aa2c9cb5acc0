"""Chunks of a made runtime."""

from __future__ import annotations

import pytest

from gdbext.errors import InconsistentRuntime, MemoryFault
from gdbext.golang.runtime.malloc import CHUNK, persistent_chunks
from tests.synthetic import World

WORD = 8
END, WRONG = -1, -2


def chained(*links: int) -> World:
    """The first words of chunks, off the heap: each is the address of another one, by its number, or END, or wrong."""
    world = World(27)
    places = [world.off_heap.take(WORD) for _ in links]
    for place, link in zip(places, links, strict=True):
        world.words(place, {END: 0, WRONG: 0x10}[link] if link < 0 else places[link])
    world.variable("runtime.persistentChunks", places[0])
    return world


def test_every_chunk() -> None:
    world = chained(2, END, 1)
    last = world.off_heap.next
    starts = [last - 3 * WORD, last - 2 * WORD, last - WORD]
    assert persistent_chunks(world.program) == [(start, start + CHUNK) for start in starts]


def test_none_yet() -> None:
    world = World(27)
    world.variable("runtime.persistentChunks", 0)
    assert persistent_chunks(world.program) == []


def test_a_circle() -> None:
    with pytest.raises(InconsistentRuntime, match="does not end"):
        persistent_chunks(chained(1, 0).program)


def test_a_link_to_nowhere() -> None:
    with pytest.raises(MemoryFault):
        persistent_chunks(chained(WRONG).program)
