"""Vector registers in the notes of cores: what a program loaded into them, and notes that are cut off or anything."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, strategies as st

from gdbext.target.arch import Vectors
from gdbext.target.arch.amd64.xstate import AT_MINSIGSTKSZ, NT_FPREGSET, NT_X86_XSTATE, vectors
from gdbext.target.opening import open_core
from tests import programs, tools
from tests.target import heldvectors

OLD = "GDB before release 14 does not read all vector registers of this processor"
AVX, AVX512 = 7, 0xE7
LOWER = bytes(range(1, 251)) + bytes(6)


def area(size: int, in_use: int = AVX) -> bytes:
    """What XSAVE writes, cut off or padded with numbers."""
    whole = bytes(160) + LOWER + bytes(96) + struct.pack("<Q", in_use) + bytes(56) + b"\x5a" * 8192
    return whole[:size]


def test_legacy_and_extended_parts() -> None:
    found = vectors({NT_FPREGSET: area(512), NT_X86_XSTATE: area(832)}, {})
    assert found == Vectors(LOWER + b"\x5a" * 256)


@pytest.mark.parametrize(
    ("size", "in_use", "kept", "reason"),
    [
        (0, AVX, 0, "the core has none of its vector registers"),
        (415, AVX, 0, "the core has none of its vector registers"),
        (416, AVX, 256, "the core has only the lower 16 bytes of its vector registers"),
        (575, AVX, 256, "the core has only the lower 16 bytes of its vector registers"),
        (576, 3, 256, ""),
        (700, AVX, 256 + 120, "the core has 700 of 832 bytes of its vector registers"),
        (832, AVX512, 512, "the core has 832 of 2432 bytes of its vector registers"),
        (2432, AVX512, 256 + 1856, ""),
        (2439, AVX512, 256 + 1856, ""),
        (2696, AVX512, 256 + 2120, ""),
    ],
)
def test_what_is_cut_off_is_said(size: int, in_use: int, kept: int, reason: str) -> None:
    found = vectors({NT_X86_XSTATE: area(size, in_use)}, {})
    assert (len(found.data), found.reason) == (kept, reason)


def test_without_the_newer_note_the_older_one_serves() -> None:
    only = "the core has only the lower 16 bytes of its vector registers"
    assert vectors({NT_FPREGSET: area(512)}, {}) == Vectors(LOWER, only)
    assert vectors({NT_FPREGSET: area(512), NT_X86_XSTATE: b"cut"}, {}) == Vectors(LOWER, only)


@pytest.mark.parametrize(("frame", "size", "reason"), [(3376, 2688, OLD), (3376, 2432, ""), (3632, 2696, "")])
def test_an_area_larger_than_the_processors_lacks_something(frame: int, size: int, reason: str) -> None:
    """The auxiliary vector tells how long a signal's frame is, with the area in it."""
    assert vectors({NT_X86_XSTATE: area(size, AVX512)}, {AT_MINSIGSTKSZ: frame}).reason == reason


@given(st.dictionaries(st.sampled_from([NT_FPREGSET, NT_X86_XSTATE]), st.binary(max_size=3000)))
def test_notes_may_be_anything(notes: dict[int, bytes]) -> None:
    found = vectors(notes, {AT_MINSIGSTKSZ: 1})
    assert len(found.data) % 8 == 0 and (found.data or found.reason)


def makers() -> list[str]:
    """``itself``: it dies of what it executes, and the kernel writes the core."""
    return [*(f"gcore-{gdb}" for gdb in tools.gdbs()), "itself", "dlv"]


@pytest.mark.parametrize("maker", makers())
def test_cores_have_what_the_program_loaded(go: str, maker: str) -> None:
    core = programs.core(programs.build("vectors", go), maker)
    target = open_core(str(core.exe), str(core.path))
    found = target.vectors(target.threads())
    assert set(found) == {thread.tid for thread in target.threads()}
    assert {each.reason for each in found.values()} <= {"", OLD if is_old(maker) else ""}
    heldvectors.check(found, core.truth.facts)
    target.close()


def is_old(maker: str) -> bool:
    return maker.startswith("gcore-") and float(maker.removeprefix("gcore-")) < 14
