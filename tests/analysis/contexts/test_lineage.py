"""Chains above contexts on made memory: each context is read once, however many chains share it."""

from __future__ import annotations

from typing import Any

import pytest

from gdbext.analysis.contexts.lineage import Lineage
from gdbext.errors import MemoryFault
from gdbext.golang.std.context import Kind

TYPE: Any = None


class Made:
    """A program of valueCtxs: the parent of the context at an address is 16 bytes further on, until ``end``."""

    def __init__(self, end: int) -> None:
        self.end, self.reads, self.next = end, 0, dict[int, int]()
        self.kinds = [Kind("*context.valueCtx", TYPE, 48, 0), Kind("context.backgroundCtx", TYPE, 0)]

    def word(self, address: int) -> int:
        self.reads += 1
        at, second = address // 16 * 16, address % 16
        if at >= self.end:
            raise MemoryFault(address, 8)
        return self.next.get(at, at + 16) if second else 2 if at + 16 == self.end else 1

    def kind_index(self, word: int) -> int:
        return {1: 0, 2: 1}.get(word, -1)


def lineage(end: int) -> tuple[Lineage, Made]:
    made = Made(end)
    return Lineage(made, made), made  # type: ignore[arg-type]


@pytest.mark.parametrize("length", [1000, 2000])
def test_a_shared_chain_is_read_once(length: int) -> None:
    found, made = lineage(16 * length)
    numbers = [found.add(0, 16 * at) for at in range(length)]
    assert made.reads == 2 * length
    assert [found.depth[number] for number in numbers] == [*range(length, 0, -1)]
    assert len(list(found.chain(numbers[0]))) == length + 1
    assert found.links[list(found.chain(numbers[0]))[-1]].kind == 1


def test_who_is_above_whom() -> None:
    found, _ = lineage(160)
    lower, upper = found.add(0, 32), found.add(0, 64)
    assert found.is_above(upper, lower) and not found.is_above(lower, upper) and not found.is_above(lower, lower)
    lowest = found.add(0, 16)
    assert found.is_above(lower, lowest) and found.place(upper) < found.place(lower) < found.place(lowest)


def test_torn_memory_ends_a_chain() -> None:
    found, _ = lineage(160)
    assert [found.links[number].address for number in found.chain(found.add(0, 320))] == [320]


def test_a_context_that_is_its_own_ancestor() -> None:
    found, made = lineage(160)
    made.next = {64: 48}
    chain = [found.links[number].address for number in found.chain(found.add(0, 32))]
    assert chain == [32, 48, 64]
