"""What is read of a made Delve's memory, and how often it is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

import numpy as np
import pytest

from gdbext.errors import MemoryFault
from gdbext.target import delvememory
from gdbext.target.delvememory import AROUND, PAGE, SMALL, DelveMemory
from gdbext.target.delverpc import PIECE

START = 0xC000000000
PAGES = 100
HOLE = (40, 43)


class Wire:
    """Pages whose words are their addresses, with a hole."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []

    def memory(self, pieces: Sequence[tuple[int, int]]) -> Iterator[bytes | None]:
        for address, size in pieces:
            assert 0 < size <= PIECE
            self.asked.append((address, size))
            yield content(address, size)

    def close(self) -> None: ...


def is_there(page: int) -> bool:
    return 0 <= page < PAGES and not HOLE[0] <= page < HOLE[1]


def content(address: int, size: int) -> bytes | None:
    first, last = (address - START) // PAGE, (address + size - 1 - START) // PAGE
    if not all(map(is_there, range(first, last + 1))):
        return None
    low = address // 8 * 8
    words = np.arange(low, address + size + 8, 8, np.uint64).tobytes()
    return words[address - low :][:size]


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def memory(wire: Wire) -> DelveMemory:
    return DelveMemory(cast("Any", wire))


def test_single_reads(memory: DelveMemory, wire: Wire) -> None:
    for address, size in (
        (START, 8),
        (START + 8, 3),
        (START + PAGE - 4, 8),
        (START + 5, SMALL),
        (START + 3, 2 * PIECE),
    ):
        assert memory.read(address, size) == content(address, size)
    assert memory.read(START, 0) == b""


def test_nothing_is_asked_for_twice(memory: DelveMemory, wire: Wire) -> None:
    memory.read(START, 8)
    asked = len(wire.asked)
    assert asked == AROUND
    memory.read(START + PAGE, 8)
    assert len(wire.asked) == asked
    memory.image([(START, START + 10 * PAGE)])
    asked = len(wire.asked)
    memory.image([(START + PAGE, START + 9 * PAGE)])
    assert memory.read(START + 9 * PAGE, 8) == content(START + 9 * PAGE, 8) and len(wire.asked) == asked


def test_what_cannot_be_read_is_a_fault(memory: DelveMemory, wire: Wire) -> None:
    hole = START + HOLE[0] * PAGE
    for address, size in (
        (hole, 8),
        (hole - 4, 8),
        (START - 8, 8),
        (0, 8),
        (-8, 8),
        (1 << 63, 8),
        (hole - PAGE, PIECE),
    ):
        with pytest.raises(MemoryFault):
            memory.read(address, size)
    asked = len(wire.asked)
    with pytest.raises(MemoryFault):
        memory.read(hole + 16, 8)
    assert len(wire.asked) == asked


def test_a_length_that_lies_is_found_out_at_once(memory: DelveMemory, wire: Wire) -> None:
    with pytest.raises(MemoryFault):
        memory.read(START, 1 << 40)
    assert len(wire.asked) <= AROUND


def test_an_image_is_what_is_readable(memory: DelveMemory) -> None:
    image = memory.image([(START + 3, START + PAGES * PAGE + 100)])
    edges = [START, START + HOLE[0] * PAGE, START + HOLE[1] * PAGE, START + PAGES * PAGE]
    assert list(zip(image.starts.tolist(), image.ends.tolist(), strict=True)) == [
        (edges[0], edges[1]),
        (edges[2], edges[3]),
    ]
    assert image.read(edges[2], PAGE) == content(edges[2], PAGE)


def test_unreadable_pages_are_remembered(memory: DelveMemory, wire: Wire) -> None:
    memory.image([(START, START + PAGES * PAGE)])
    asked = len(wire.asked)
    memory.image([(START, START + PAGES * PAGE)])
    assert len(wire.asked) == asked


def test_neighbours_lie_side_by_side(memory: DelveMemory) -> None:
    """Compiled loops take an object for one piece of memory, whatever was read before."""
    memory.image([(START + PAGE, START + 3 * PAGE)])
    memory.image([(START + 3 * PAGE, START + 5 * PAGE)])
    image = memory.image([(START, START + 20 * PAGE)])
    assert (image.starts.tolist(), image.ends.tolist()) == ([START], [START + 20 * PAGE])
    assert image.read(START, 20 * PAGE) == content(START, 20 * PAGE)


def test_what_a_file_has_is_not_asked_for(memory: DelveMemory, wire: Wire) -> None:
    data = np.frombuffer(content(START, 4 * PAGE) or b"", np.uint8)
    memory.lay_in([(START, START + 4 * PAGE - 100, data.ctypes.data)], data)
    assert memory.read(START + PAGE, PAGE) == content(START + PAGE, PAGE) and wire.asked == []
    assert memory.image([(START, START + 4 * PAGE)]).read(START, 4 * PAGE) == content(START, 4 * PAGE)
    assert wire.asked == [(START + 4 * PAGE - 100, 100)]


def test_endless_ranges_end(memory: DelveMemory, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delvememory, "MOST_UNREADABLE", 8)
    image = memory.image([(START, START + (1 << 30))])
    assert image.size and len(wire.asked) < 40 * 17


def test_closed_it_holds_nothing(memory: DelveMemory) -> None:
    memory.image([(START, START + PAGE)])
    memory.close()
    assert (memory.whole(), memory.mappings(), memory.stable) == (None, (), True)
