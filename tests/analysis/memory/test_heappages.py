"""Pages of the heap between two looks at a program that runs."""

from __future__ import annotations

import numpy as np

from gdbext.analysis.memory.heappages import HeapPages, between
from gdbext.errors import InconsistentRuntime

USED, IDLE, RELEASED = "used", "idle", "released"


def looked(*pages: str) -> HeapPages:
    """``pages``: what each is."""
    ranges = {name: [(at, at + 1) for at, one in enumerate(pages) if one == name] for name in (USED, IDLE, RELEASED)}
    return HeapPages(*(np.array(ranges[name], np.uint64).reshape(-1, 2) for name in (USED, IDLE, RELEASED)))


def named(found: HeapPages) -> list[str]:
    sets = {name: getattr(found, name).tolist() for name in (USED, IDLE, RELEASED)}
    return [name for at in range(9) for name, ranges in sets.items() for start, end in ranges if start <= at < end]


def test_each_page_is_what_it_surely_was() -> None:
    """Whoever was in use at one moment may have been in RAM between them, and is no waste."""
    pairs = [(before, after) for before in (USED, IDLE, RELEASED) for after in (USED, IDLE, RELEASED)]
    before, after = (looked(*pages) for pages in zip(*pairs, strict=True))
    found = named(after.since(before))
    assert found == [USED, USED, USED, USED, IDLE, IDLE, USED, IDLE, RELEASED]


def test_a_heap_that_grew_between() -> None:
    assert named(looked(USED, RELEASED, USED).since(looked(USED))) == [USED, RELEASED, USED]


def test_what_was_not_readable() -> None:
    error = InconsistentRuntime("torn")
    assert between(looked(USED), error) is error
    only = between(error, looked(USED, IDLE))
    assert isinstance(only, HeapPages) and named(only) == [USED, IDLE]
