"""Messages as bytes, whole, cut and made up."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from gdbext.analysis.profiles import wire
from gdbext.report import pprof
from gdbext.store import Damaged


def whole(data: bytes) -> wire.Row:
    return wire.row(data, (0, len(data)))


def test_numbers_texts_and_what_has_a_fixed_size() -> None:
    data = (
        pprof.number(1, 300) + pprof.block(2, b"text") + b"\x19" + b"8bytes.." + b"\x25" + b"four" + pprof.number(1, 7)
    )
    assert whole(data) == {1: [300, 7], 2: [(5, 9)]}
    assert wire.one(whole(data), 1) == 7 and wire.one(whole(data), 2) == 0 and wire.one(whole(data), 9) == 0


def test_lists_are_packed_or_not() -> None:
    data = pprof.number(1, 5) + pprof.numbers(1, [0, 300]) + pprof.number(1, -1)
    assert wire.numbers(data, whole(data), 1) == [5, 0, 300, (1 << 64) - 1]
    assert wire.first(data, whole(data), 1) == 5 and wire.first(data, whole(data), 2) == 0
    packed = pprof.block(1, b"") + pprof.numbers(1, [300, 1])
    assert wire.first(packed, whole(packed), 1) == 300
    assert wire.signed((1 << 64) - 2) == -2 and wire.signed(2) == 2


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("80", "no number ends at byte 0"),
        ("08" + "ff" * 11, "no number ends at byte 1"),
        ("0a05 6161", "at byte 2 5 bytes are to follow, and 2 do"),
        ("0affffffffffffffff7f", "at byte 10 9,223,372,036,854,775,807 bytes are to follow, and 0 do"),
        ("0b", "no field begins at byte 1"),
        ("0961", "at byte 1 8 bytes are to follow, and 1 do"),
    ],
)
def test_what_is_cut_off_or_none(raw: str, why: str) -> None:
    with pytest.raises(Damaged) as refused:
        whole(bytes.fromhex(raw.replace(" ", "")))
    assert str(refused.value) == why


def test_too_much_is_refused() -> None:
    with pytest.raises(Damaged, match="more than 65,536 fields"):
        whole(b"\x08\x01" * (wire.MOST + 1))
    many = pprof.block(1, b"\x01" * (wire.MOST + 1))
    with pytest.raises(Damaged, match="more than 65,536 numbers"):
        wire.numbers(many, whole(many), 1)


@given(st.binary(max_size=200))
def test_any_bytes(raw: bytes) -> None:
    try:
        found = whole(raw)
        wire.numbers(raw, found, 1)
        wire.first(raw, found, 1)
    except Damaged:
        return
    assert all(isinstance(one, int) or raw[slice(*one)] is not None for some in found.values() for one in some)
