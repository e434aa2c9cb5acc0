"""Profiler labels: a list since Go 1.24, a map before (runtime/pprof/label.go)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from gdbext.errors import GdbextError
from gdbext.golang.runtime.proflabel import BUCKET, LONGEST, labels
from tests.synthetic import World, failing

PAIRS = [("tenant", "acme"), ("path", "/v1/ä"), ("", "")]


def as_list(world: World, pairs: list[tuple[str, str]]) -> int:
    array = world.data.take(32 * len(pairs))
    for number, pair in enumerate(pairs):
        world.write(array + 32 * number, b"".join(world.program.read(world.string(text), 16) for text in pair))
    at = world.data.take(24)
    world.words(at, array, len(pairs), len(pairs))
    return at


def bucket(world: World, pairs: list[tuple[str, str]], overflow: int = 0, moved: bool = False) -> int:
    row = np.zeros(1, BUCKET)
    for slot, (key, value) in enumerate(pairs):
        row["tophash"][0, slot] = 2 if moved else 5 + slot
        row["key"][0, slot] = tuple(np.frombuffer(world.program.read(world.string(key), 16), "<u8").tolist())
        row["value"][0, slot] = tuple(np.frombuffer(world.program.read(world.string(value), 16), "<u8").tolist())
    row["overflow"] = overflow
    at = world.data.take(BUCKET.itemsize)
    world.write(at, row.tobytes())
    return at


def as_map(world: World, buckets: int, old: int = 0, **more: int) -> int:
    head = world.data.take(world.binary.layout("runtime.hmap").size)
    world.put("runtime.hmap", head, count=3, buckets=buckets, oldbuckets=old, **more)
    at = world.data.take(8)
    world.words(at, head)
    return at


@pytest.mark.parametrize("minor", range(24, 28))
def test_lists(minor: int) -> None:
    world = World(minor)
    assert labels(world.program, as_list(world, PAIRS)) == dict(PAIRS)
    assert labels(world.program, as_list(world, [])) == {} == labels(world.program, 0)


@pytest.mark.parametrize("minor", range(21, 24))
def test_maps_with_overflow(minor: int) -> None:
    world = World(minor)
    at = as_map(world, bucket(world, PAIRS[:1], overflow=bucket(world, PAIRS[1:])))
    assert labels(world.program, at) == dict(PAIRS)


def test_maps_that_grow() -> None:
    """One old bucket of two new ones: what was not moved yet is still there."""
    world = World(23)
    first = bucket(world, PAIRS[:1])
    bucket(world, [])
    at = as_map(world, first, old=bucket(world, PAIRS[1:2]), B=1)
    assert labels(world.program, at) == dict(PAIRS[:2])
    moved = as_map(world, first, old=bucket(world, PAIRS[1:2], moved=True), B=1)
    assert labels(world.program, moved) == dict(PAIRS[:1])


def test_no_map_yet() -> None:
    world = World(22)
    at = world.data.take(8)
    assert labels(world.program, at) == {}


def test_long_texts_are_cut_and_huge_lists_refused() -> None:
    world = World()
    found = labels(world.program, as_list(world, [("k", "v" * (LONGEST + 1))]))
    assert found == {"k": "v" * LONGEST + "…"}
    at = world.data.take(24)
    world.words(at, at, 1 << 40, 1 << 40)
    with pytest.raises(GdbextError, match="labels"):
        labels(world.program, at)


def test_a_bucket_that_overflows_into_itself() -> None:
    world = World(23)
    at = bucket(world, PAIRS)
    world.words(at + BUCKET.itemsize - 8, at)
    with pytest.raises(GdbextError, match="ring"):
        labels(world.program, as_map(world, at))


@pytest.mark.parametrize("minor", [23, 27])
def test_reads_that_fail_are_errors_of_ours(minor: int) -> None:
    world = World(minor)
    at = as_map(world, bucket(world, PAIRS)) if minor == 23 else as_list(world, PAIRS)
    for _ in failing(world.target):
        try:
            assert labels(world.program, at) == dict(PAIRS)
        except GdbextError as error:
            assert str(error)


@given(st.binary(min_size=48, max_size=300), st.sampled_from([21, 27]))
def test_garbage(garbage: bytes, minor: int) -> None:
    world = World(minor)
    at = world.data.take(8)
    world.words(at, at + 8)
    world.write(world.data.take(len(garbage)), garbage)
    try:
        assert isinstance(labels(world.program, at), dict)
    except GdbextError as error:
        assert str(error)
