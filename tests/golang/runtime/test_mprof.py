"""The memory profile on made memory: buckets, cycles, what is published and what is there now."""

from __future__ import annotations

import pytest

from gdbext.golang.runtime import mprof
from tests.counters import Profile
from tests.synthetic import World

BLOCK = 2


@pytest.mark.parametrize("minor", [21, 26, 27])
def test_buckets(minor: int) -> None:
    """Go 1.27 keeps no bytes."""
    made = Profile(World(minor), cycle=4)
    first = made.bucket(48, (1, 2, 3), (10, 4), (1, 1), (2, 0), (3, 0))
    second = made.bucket(16, (), (5, 5))
    found = mprof.buckets(made.world.program)
    assert found.address.tolist() == [second, first] and found.size.tolist() == [16, 48]
    assert found.depth.tolist() == [0, 3] and found.unreadable == 0 and not found.broken
    assert found.allocs.tolist() == [5, 12] and found.frees.tolist() == [5, 4], "cycle 4 is the second of the futures"
    assert found.made.tolist() == [5, 16] and found.gone.tolist() == [5, 5] and found.there == 11
    one = mprof.bucket(made.world.program, first)
    assert one == mprof.Bucket(first, 48, (1, 2, 3), 12, 4, 16, 5) and one is not None and one.there == 11


def test_before_the_first_collection_all_is_published() -> None:
    made = Profile(World())
    made.bucket(48, (7,), (0, 0), (0, 0), (1, 0), (2, 1))
    found = mprof.buckets(made.world.program)
    assert (found.allocs.tolist(), found.frees.tolist()) == ([3], [1])


def test_other_profiles_and_damaged_buckets_are_left_out() -> None:
    made = Profile(World())
    made.bucket(48, (1,), (1, 0))
    block, deep = made.bucket(1, (), kind=BLOCK), made.bucket(48, (), (1, 0), nstk=1 << 40)
    found = mprof.buckets(made.world.program)
    assert len(found.address) == 1 and found.unreadable == 2
    assert mprof.bucket(made.world.program, block) is mprof.bucket(made.world.program, deep) is None


def test_a_list_that_comes_back_to_itself() -> None:
    made = Profile(World())
    first, second = made.bucket(48, (), (1, 0)), made.bucket(16, (), (1, 0))
    made.world.put("runtime.bucket", first, allnext=second)
    found = mprof.buckets(made.world.program)
    assert found.broken and set(found.address.tolist()) == {first, second}


def test_no_profile() -> None:
    made = Profile(World())
    assert mprof.buckets(made.world.program).there == 0 and mprof.profile_rate(made.world.program) == 4096


@pytest.mark.parametrize("rate", [0, 1, -5, -(1 << 63), (1 << 63) - 1])
def test_the_rate_is_signed(rate: int) -> None:
    made = Profile(World())
    made.world.words(made.world.symbols["runtime.MemProfileRate"], rate & ((1 << 64) - 1))
    assert mprof.profile_rate(made.world.program) == rate


@pytest.mark.parametrize(
    ("count", "size", "rate", "objects", "held"),
    [
        (1, 48, 1, 1, 48),
        (3, 48, 0, 3, 144),
        (3, 48, -5, 3, 144),
        (3, 4096, 4096, 4, 19439),
        (0, 48, 4096, 0, 0),
        (-1, 48, 4096, 0, 0),
        (2, 1 << 60, 4096, 2, 1 << 61),
        (1, 8, 1 << 62, 1 << 59, 1 << 62),
    ],
)
def test_what_samples_stand_for(count: int, size: int, rate: int, objects: int, held: int) -> None:
    """As runtime/pprof scales them: an object larger than the rate is nearly always sampled."""
    assert mprof.scaled(count, size, rate) == (objects, held)
