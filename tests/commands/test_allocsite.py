"""go-alloc-site as a person and as a program read it, on a made heap with a made profile."""

from __future__ import annotations

import pytest

from gdbext.commands import allocsite
from gdbext.errors import GdbextError, UsageError
from gdbext.session import Session
from tests.commands.asking import document, text
from tests.counters import Counters, Profile
from tests.golang.madecode import Code, Function
from tests.synthetic import HEAP, Span, World

PROFILE = 4  # _KindSpecialProfile of Go 1.25 to 1.27
SAMPLED, OTHER = HEAP + 2 * 1024 + 8, HEAP + 3 * 1024 + 8
"""Objects behind malloc headers."""


class Made:
    """Slot 2 of a span was sampled."""

    def __init__(self) -> None:
        self.code = Code(World(), Function("runtime.newobject", line=7), Function("main.makes", line=50))
        world = self.world = self.code.world
        profile = Profile(world)
        pcs = tuple(self.code.pc(name) for name in ("runtime.newobject", "main.makes"))
        self.bucket = profile.bucket(900, pcs, (12, 7))
        profile.bucket(48, pcs, (3, 3))
        special = world.off_heap.take(96)
        world.put("runtime.special", special, offset=SAMPLED - HEAP, kind=PROFILE)
        world.put("runtime.specialprofile", special, b=self.bucket)
        world.put("runtime.mspan", world.span(Span(HEAP, 1024, 8, freeindex=8)), specials=special)
        world.mheap()
        counted = Counters(world)
        counted.shards[0] = {"smallAllocCount.5": 8}
        counted.finish()
        self.session = Session(world.target)


@pytest.fixture
def made() -> Made:
    return Made()


def test_a_sampled_object(made: Made) -> None:
    assert text(allocsite.COMMAND, made.session, f"{SAMPLED:#x}") == (
        f"{SAMPLED:#x}: an object of 1016 B at {SAMPLED:#x}, allocated by\n"
        "main.makes(...)\n"
        "\tmain.go:50\n"
        "\n"
        "By its samples (5 of 12 still there) this site holds about 25 objects of 900 B, 22.3 KiB.\n"
    )


def test_all_frames(made: Made) -> None:
    said = text(allocsite.COMMAND, made.session, f"{SAMPLED + 100:#x} --full")
    assert said.startswith(
        f"{SAMPLED + 100:#x}: 100 bytes into an object of 1016 B at {SAMPLED:#x}, allocated by\nruntime.newobject("
    )
    assert text(allocsite.COMMAND, made.session, f"{SAMPLED - 8:#x}").startswith(
        f"{SAMPLED - 8:#x}: before an object of"
    )


def test_for_a_program(made: Made) -> None:
    found = document(allocsite.COMMAND, made.session, f"{SAMPLED:#x}")
    assert found["sampled"] is True
    assert found["stack"] == [{"function": "main.makes", "file": "main.go", "line": 50, "inlined": False}]
    assert found["object"] == {"address": f"{SAMPLED:#x}", "size": 1016, "noscan": False}
    assert found["bucket"] == {
        "address": f"{made.bucket:#x}",
        "size": 900,
        "allocs": 12,
        "frees": 7,
        "sampled": 5,
        "estimated_objects": 25,
        "estimated_bytes": 22812,
    }
    assert found["profile"] == {"rate": 4096, "sampled": 5, "objects": 8}


def test_one_that_was_not_sampled(made: Made) -> None:
    assert text(allocsite.COMMAND, made.session, f"{OTHER:#x}") == (
        f"{OTHER:#x}: an object of 1016 B at {OTHER:#x}, not sampled\n"
        "\n"
        "Only sampled objects have a site: 5 of 8 objects are, one for each 4.00 KiB allocated on average.\n"
    )
    found = document(allocsite.COMMAND, made.session, f"{OTHER:#x}")
    assert (found["sampled"], found["stack"], found["bucket"]) == (False, [], None)


def test_a_program_that_samples_nothing(made: Made) -> None:
    made.world.words(made.world.symbols["runtime.MemProfileRate"], 0)
    made.world.words(made.world.symbols["runtime.mbuckets"], 0)
    assert text(allocsite.COMMAND, made.session, f"{OTHER:#x}").endswith(
        "The program samples no allocations (runtime.MemProfileRate is 0). The linker sees to that where nothing asks "
        "for the profile.\n"
    )


@pytest.mark.parametrize("rate", [0, -5])
def test_a_rate_that_is_none(made: Made, rate: int) -> None:
    made.world.words(made.world.symbols["runtime.MemProfileRate"], rate & ((1 << 64) - 1))
    assert text(allocsite.COMMAND, made.session, f"{OTHER:#x}").endswith(
        f"Only sampled objects have a site: 5 of 8 objects are (runtime.MemProfileRate is {rate} now).\n"
    )
    assert text(allocsite.COMMAND, made.session, f"{SAMPLED:#x}").endswith(
        "By its samples (5 of 12 still there) this site holds at least 5 objects of 900 B, 4.39 KiB.\n"
    )


def test_no_object_there(made: Made) -> None:
    with pytest.raises(UsageError, match="no allocated object of the heap holds 0x1000"):
        text(allocsite.COMMAND, made.session, "0x1000")


def test_a_profile_that_cannot_be_counted(made: Made) -> None:
    del made.world.symbols["runtime.mbuckets"]
    found = document(allocsite.COMMAND, made.session, f"{SAMPLED:#x}")
    assert found["sampled"] and found["profile"] == {"absent": "the binary has no symbol runtime.mbuckets"}
    assert found["bucket"]["estimated_bytes"] == found["profile"]
    assert "cannot be said: the binary has no symbol runtime.mbuckets" in text(
        allocsite.COMMAND, made.session, f"{SAMPLED:#x}"
    )


def test_a_bucket_that_is_none(made: Made) -> None:
    made.world.put("runtime.bucket", made.bucket, typ=3)
    with pytest.raises(GdbextError, match="was sampled, but its bucket cannot be read"):
        text(allocsite.COMMAND, made.session, f"{SAMPLED:#x}")


def test_pcs_that_are_none(made: Made) -> None:
    head = made.world.binary.layout("runtime.bucket").size
    made.world.words(made.bucket + head, 1, 2)
    found = document(allocsite.COMMAND, made.session, f"{SAMPLED:#x}")
    assert [frame["function"] for frame in found["stack"]] == ["?", "?"]
