"""pc-value tables and name tables (cmd/link/internal/ld/pcln.go), well-formed and not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from gdbext.errors import InconsistentRuntime, MemoryFault
from gdbext.golang.runtime.pclntab import c_string, decode_steps, find_strings, view
from gdbext.target.image import Image
from tests.golang.madecode import steps

VALUES = st.lists(st.tuples(st.integers(-(2**30), 2**30), st.integers(1, 2**20)), min_size=1, max_size=30)


def decoded(table: bytes, at: int = 1) -> tuple[list[int], list[int]]:
    found = decode_steps(memoryview(table), at)
    return found.ends, found.values


@given(VALUES)
def test_steps_come_back_as_encoded(pairs: list[tuple[int, int]]) -> None:
    """The encoder skips steps that change nothing, as Go's does: equal neighbours would end the table."""
    ends, at, kept = [], 0, []
    for value, length in pairs:
        at += length
        if kept and kept[-1] == value:
            ends[-1] = at
        else:
            ends, kept = [*ends, at], [*kept, value]
    assert decoded(b"\0" + steps(*zip(kept, ends, strict=True))) == (ends, kept)


def test_a_first_value_of_minus_one_does_not_end_the_table() -> None:
    assert decoded(b"\0" + steps((-1, 5), (3, 9))) == ([5, 9], [-1, 3])


def test_values_hold_up_to_their_end_and_nothing_holds_behind() -> None:
    found = decode_steps(memoryview(b"\0" + steps((8, 4), (16, 10))), 1)
    assert [found.at(offset) for offset in (0, 3, 4, 9, 10, 99)] == [8, 8, 16, 16, -1, -1]


def test_offset_zero_is_no_table() -> None:
    assert decode_steps(memoryview(b"\1\1\1"), 0).at(0) == -1


@given(st.binary(max_size=60), st.integers(1, 80))
def test_garbage_is_told_apart_or_decoded_in_order(table: bytes, at: int) -> None:
    try:
        ends, values = decoded(table, at)
    except InconsistentRuntime as error:
        assert "pc-value table" in error.message
    else:
        assert ends == sorted(ends) and len(values) == len(ends) <= len(table)


def test_a_varint_longer_than_32_bits_is_refused() -> None:
    with pytest.raises(InconsistentRuntime, match="pc-value table: no number ends at 0x1"):
        decode_steps(memoryview(b"\0" + b"\xff" * 9), 1)


@pytest.mark.parametrize("length", [0, 1, 63, 64, 65, 255, 256, 5000])
def test_names_of_any_length(length: int) -> None:
    name = "n" * length
    assert c_string(memoryview(b"\0" + name.encode() + b"\0more\0"), 1) == name


@pytest.mark.parametrize(("table", "at"), [(b"abc", 0), (b"abc\0", 4), (b"abc\0", -1), (b"x" * 70000 + b"\0", 0)])
def test_names_without_an_end_or_outside_of_the_table(table: bytes, at: int) -> None:
    with pytest.raises(InconsistentRuntime, match="name"):
        c_string(memoryview(table), at)


def test_bytes_that_are_no_utf8_do_not_stop_a_name() -> None:
    assert c_string(memoryview(b"a\xffb\0"), 0) == "a�b"


def test_only_whole_strings_are_found() -> None:
    table = memoryview(b"f\0main.f\0main.f.func1\0x.main.f\0main.f\0")
    assert find_strings(table, "main.f") == [2, 31]
    assert find_strings(table, "f") == [0] and find_strings(table, "nope") == []


def test_a_view_of_one_segment_is_not_a_copy_and_two_segments_are_joined() -> None:
    first, second = np.arange(8, dtype=np.uint8), np.arange(8, 16, dtype=np.uint8)
    image = Image.of_arrays([(100, first), (108, second)])
    inside = view(image, 102, 4)
    first[2] = 99
    assert bytes(inside) == bytes([99, 3, 4, 5])
    assert bytes(view(image, 106, 4)) == bytes([6, 7, 8, 9])
    assert bytes(view(image, 106, 0)) == b""
    with pytest.raises(MemoryFault):
        view(image, 110, 8)
