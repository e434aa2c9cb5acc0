"""Numbers in groups of seven bits, against protobuf's way to write them."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from gdbext.binary.varint import Unending, uvarint
from gdbext.report.pprof import varint
from tests.synthetic import varint as encoded


@given(st.integers(0, (1 << 64) - 1), st.binary(max_size=3), st.binary(max_size=3))
def test_what_was_written_is_read(value: int, before: bytes, after: bytes) -> None:
    data = before + varint(value) + after
    for kind in (bytes, memoryview, list):
        assert uvarint(kind(data), len(before), 10) == (value, len(data) - len(after))


@given(st.integers(0, 2**32 - 1))
def test_tables_of_the_go_linker(value: int) -> None:
    raw = encoded(value)
    assert uvarint(memoryview(raw), 0, 5) == (value, len(raw))


@pytest.mark.parametrize("data", [b"", b"\x80", b"\xff" * 5, b"\x80" * 5 + b"\1"])
def test_what_does_not_end_is_refused(data: bytes) -> None:
    with pytest.raises(Unending):
        uvarint(data, 0, 5)
    with pytest.raises(Unending):
        uvarint(data, len(data), 5)
