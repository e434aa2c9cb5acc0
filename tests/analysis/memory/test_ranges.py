"""Sets of ranges against Python's sets."""

from __future__ import annotations

import numpy as np

from gdbext.analysis.memory.ranges import NONE, common, covered, minus, union

RNG = np.random.default_rng(3)


def random_ranges() -> np.ndarray:
    return RNG.integers(0, 60, (RNG.integers(0, 12), 2)).astype(np.uint64)


def members(ranges: np.ndarray) -> set[int]:
    return {at for start, end in ranges.tolist() for at in range(start, end)}


def is_sorted_and_disjoint(ranges: np.ndarray) -> bool:
    edges = ranges.reshape(-1)
    return bool((edges[1:] > edges[:-1]).all())


def test_they_are_sets() -> None:
    for _ in range(300):
        raw, other = random_ranges(), random_ranges()
        one, two = union(raw), union(other)
        assert members(one) == members(raw)
        assert members(minus(one, two)) == members(raw) - members(other)
        assert members(common(one, two)) == members(raw) & members(other)
        assert all(map(is_sorted_and_disjoint, (one, minus(one, two), common(one, two))))
        at = np.arange(60, dtype=np.uint64)
        assert set(at[covered(one, at)].tolist()) == members(raw)


def test_nothing() -> None:
    assert len(union(NONE)) == len(minus(NONE, NONE)) == 0
    assert len(minus(union(np.array([[5, 3]], np.uint64)), NONE)) == 0


def test_the_largest_addresses() -> None:
    top = np.array([[1 << 63, (1 << 64) - 1]], np.uint64)
    assert minus(top, np.array([[0, (1 << 63) + 1]], np.uint64)).tolist() == [[(1 << 63) + 1, (1 << 64) - 1]]
