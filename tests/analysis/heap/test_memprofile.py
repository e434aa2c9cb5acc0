"""The memory profile of a made program: frames put together, allocators left out, figures scaled."""

from __future__ import annotations

from typing import Any

import pytest

from gdbext.analysis.heap.memprofile import MemProfile, mem_profile
from gdbext.errors import UnsupportedTarget
from tests.counters import Profile
from tests.golang.madecode import Code, Function, Inlined
from tests.synthetic import World

CALLS = (Inlined("main.inner", 0x20, 0x30, 0x30), Inlined("main.g", 0x30, 0x40, 0x45))


class Made:
    def __init__(self, minor: int = 27) -> None:
        self.code = Code(
            World(minor),
            Function("runtime.mallocgc"),
            Function("runtime.newobject"),
            Function("main.f", inlined=CALLS),
            Function("main.again", inlined=(Inlined("main.again", 0x20, 0x30, 0x45),)),
            Function("main.main"),
        )
        self.profile = Profile(self.code.world, cycle=1)

    def add(self, size: int, *places: tuple[str, int] | str, cycles: Any = ((0, 0),)) -> None:
        pcs = [self.code.pc(*((place,) if isinstance(place, str) else place)) for place in places]
        self.profile.bucket(size, tuple(pcs), *cycles)

    def found(self) -> MemProfile:
        return mem_profile(self.code.world.program, self.code.symtab())

    def names(self) -> list[list[list[str]]]:
        """Of each sample, the functions at each place."""
        return [[[one.function for one in place] for place in sample.places] for sample in self.found().samples]


def test_calls_that_were_inlined_are_put_together() -> None:
    made = Made()
    made.add(16, ("main.f", 0x29), ("main.f", 0x31), ("main.f", 0x46), "main.main")
    assert made.names() == [[["main.inner", "main.g", "main.f"], ["main.main"]]]


def test_the_last_ones_of_a_stack_that_was_cut_off() -> None:
    made = Made()
    made.add(16, "main.main", ("main.f", 0x29))
    assert made.names() == [[["main.main"], ["main.inner", "main.g", "main.f"]]]


def test_recursion_is_kept_apart() -> None:
    made = Made()
    made.add(16, ("main.again", 0x29), ("main.again", 0x46), "main.main")
    assert made.names() == [[["main.again"], ["main.again"], ["main.main"]]]


def test_allocators_are_left_out_unless_they_are_all() -> None:
    made = Made()
    made.add(16, "runtime.mallocgc", "runtime.newobject", "main.main", "runtime.goexit")
    made.add(32, "runtime.mallocgc", "runtime.newobject", "runtime.goexit")
    assert made.names() == [[["runtime.mallocgc"], ["runtime.newobject"]], [["main.main"]]]


def test_what_was_put_together_once_is_taken_so() -> None:
    """As runtime/pprof does, whatever follows the first pc elsewhere. The bucket that was made last comes first."""
    made = Made()
    made.add(16, ("main.f", 0x31), "main.main", "runtime.goexit")
    made.add(32, ("main.f", 0x31), ("main.f", 0x46), "main.main")
    assert made.names() == [[["main.g", "main.f"], ["main.main"]], [["main.g", "main.f"]]]


def test_what_is_no_go_code() -> None:
    made = Made()
    made.profile.bucket(16, (0x1234, made.code.pc("main.main")), (1, 0))
    (sample,) = made.found().samples
    assert (sample.places[0][0].pc, sample.places[0][0].function) == (0x1233, "")


@pytest.mark.parametrize("minor", [21, 26, 27])
def test_figures_are_scaled_and_the_size_is_told(minor: int) -> None:
    made = Made(minor)
    made.add(900, "main.main", cycles=[(12, 7)])
    made.add(48, "main.main")
    never, sample = made.found().samples
    assert sample.values == (60, 54749, 25, 22812) and sample.labelled and sample.size == 900
    assert never.values == (0, 0, 0, 0) and never.labelled is (minor == 27)
    assert made.found().total(0) == 60


def test_a_program_without_a_profile() -> None:
    made = Made()
    made.code.world.words(made.code.world.symbols["runtime.MemProfileRate"], 0)
    with pytest.raises(UnsupportedTarget, match="keeps no memory profile"):
        made.found()


@pytest.mark.parametrize("rate", [0, -5])
def test_a_rate_that_is_none(rate: int) -> None:
    """Its profile is there, and is not scaled; a rate below 0 is none of 2**64 bytes."""
    made = Made()
    made.add(900, "main.main", cycles=[(12, 7)])
    made.code.world.words(made.code.world.symbols["runtime.MemProfileRate"], rate & ((1 << 64) - 1))
    (sample,) = made.found().samples
    assert sample.values == (12, 10800, 5, 4500) and made.found().rate == rate


def test_buckets_without_samples_are_no_profile() -> None:
    made = Made()
    made.add(900, "main.main")
    assert len(made.found().samples) == 1
    made.code.world.words(made.code.world.symbols["runtime.MemProfileRate"], 0)
    with pytest.raises(UnsupportedTarget, match="keeps no memory profile"):
        made.found()


def test_buckets_that_cannot_be_read_are_counted() -> None:
    made = Made()
    made.add(900, "main.main", cycles=[(12, 7)])
    made.profile.bucket(16, (1,), (1, 0), nstk=1 << 40)
    assert made.found().left_out == 1 and len(made.found().samples) == 1
