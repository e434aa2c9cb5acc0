"""Which maps are sparse, and what a new one would take, on made figures."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from hypothesis import given, strategies

from gdbext.analysis.memory import sparsemaps
from gdbext.analysis.memory.sparsemaps import Group, Sparse

NAMED = cast(Any, SimpleNamespace(table=SimpleNamespace(name="map type {}".format)))


def maps(*rows: tuple[int, int, int, int, int]) -> sparsemaps._Maps:
    """Type, header, entries, slots, bytes of each."""
    row, header, entries, slots, size = np.array(rows, np.int64).reshape(-1, 5).T
    return sparsemaps._Maps(row, header.astype(np.uint64), entries, slots, size)


def test_less_than_a_quarter_full() -> None:
    found = maps((1, 0xA, 511, 2048, 4096), (1, 0xB, 512, 2048, 4096), (2, 0xC, 0, 1024, 2048))
    first, second = sparsemaps._grouped(NAMED, found)
    assert first == Group("map type 1", 1, 511, 2048, 4096, 2048, 0xA)
    assert second == Group("map type 2", 1, 0, 1024, 2048, 2048 - 16, 0xC)


def test_maps_of_one_type_stand_together_and_the_one_with_most_is_named() -> None:
    (one,) = sparsemaps._grouped(NAMED, maps((3, 0xA, 7, 1024, 1024), (3, 0xB, 7, 4096, 4096)))
    assert one == Group("map type 3", 2, 14, 5120, 5120, 5120 - 8 - 8, 0xB)
    both = Sparse(9, [one, one])
    assert (both.maps, both.bytes, both.more) == (4, 10240, 10208)


def test_of_none() -> None:
    assert sparsemaps._grouped(NAMED, maps()) == []


@given(strategies.integers(1, 1 << 60))
def test_the_least_power_of_two(count: int) -> None:
    (found,) = sparsemaps._log2(np.array([count])).tolist()
    assert count <= 2**found * (1 + 1e-12) and 2 ** (found - 1) < count
