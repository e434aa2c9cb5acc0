"""Profiles as profile.proto has them; that pprof opens them is shown in tests/commands/test_stacks.py."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from gdbext.report.pprof import Line, Profile, Program, Spot, is_called, number, numbers, varint


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, "00"), (1, "01"), (127, "7f"), (300, "ac02"), (1 << 64 - 1, "80808080808080808001"), (-1, "ff" * 9 + "01")],
)
def test_varints(value: int, expected: str) -> None:
    assert varint(value).hex() == expected


def test_fields() -> None:
    assert number(1, 0) == b"" and number(3, 2).hex() == "1802" and numbers(2, [1, 300]).hex() == "120301ac02"


def test_a_profile_letter_by_letter() -> None:
    profile = Profile([("goroutine", "count")], Program(16, 32, "x"))
    inner, outer = Spot(17, (Line("f", "a.go", 7), Line("g", "b.go", 8))), Spot(30, (Line("g", "b.go", 9),))
    profile.add([inner, outer], [5], {"k": "v"})
    profile.add([outer], [1], {})
    expected = [
        "0a 04 0803 1004",  # sample type: strings 3 and 4
        "12 0d 0a02 0102 1201 05 1a04 0801 1002",  # stack 1, 2; 5 of them; label 1 = 2
        "12 06 0a01 02 1201 01",
        "1a 10 0801 1010 1820 2805 3801 4001 4801 5001",  # code at 16 … 32 of file 5
        "22 12 0801 1001 1811 22040801 1007 22040802 1008",
        "22 0c 0802 1001 181e 22040802 1009",
        "2a 08 0801 1006 1806 2007",
        "2a 08 0802 1008 1808 2009",
        "5a 04 0803 1004",
        "60 01",
    ]
    strings = ["", "k", "v", "goroutine", "count", "x", "f", "a.go", "g", "b.go"]
    table = b"".join(b"\x32" + bytes([len(each)]) + each.encode() for each in strings)
    assert gzip.decompress(profile.encoded()) == bytes.fromhex("".join(expected).replace(" ", "")) + table


def test_several_kinds_one_of_which_is_shown() -> None:
    profile = Profile([("objects", "count"), ("flat", "bytes")], Program(16, 32, "x"), "flat", ["why"])
    profile.add([Spot(0, (Line("f", "", 0),))], [5, 300], {})
    expected = [
        "0a 04 0801 1002",
        "0a 04 0803 1004",
        "12 08 0a01 01 1203 05ac02",
        "1a 10 0801 1010 1820 2805 3801 4001 4801 5001",
        "22 08 0801 1001 22 02 0801",
        "2a 06 0801 1006 1806",
        "5a 04 0801 1002",
        "60 01",
        "68 07",
        "70 03",
    ]
    strings = ["", "objects", "count", "flat", "bytes", "x", "f", "why"]
    table = b"".join(b"\x32" + bytes([len(each)]) + each.encode() for each in strings)
    assert gzip.decompress(profile.encoded()) == bytes.fromhex("".join(expected).replace(" ", "")) + table


def test_numbers_as_labels_where_functions_begin_and_a_period_of_sampling() -> None:
    profile = Profile([("n", "count")], Program(16, 32, "x"), period=512, period_kind=("space", "bytes"))
    profile.add([Spot(17, (Line("f", "a", 7, 5),))], [2], {"bytes": 300})
    profile.add([Spot(18, (Line("f", "a", 8, 6),))], [1], {"bytes": 0})
    raw = gzip.decompress(profile.encoded())
    for each in ("1a 05 0801 18ac02", "2a 0a 0801 1005 1805 2006 2805", "2a 0a 0802 1005 1805 2006 2806", "60 8004"):
        assert bytes.fromhex(each.replace(" ", "")) in raw


def test_a_file_says_what_it_was_called(tmp_path: Path) -> None:
    profile = Profile([("n", "count")], Program(16, 32, "x"))
    path = tmp_path / "p"
    path.write_bytes(profile.encoded("ours"))
    assert is_called(path, "ours") and not is_called(path, "our") and not is_called(path, "ours2")
    path.write_bytes(profile.encoded())
    assert not is_called(path, "ours") and not is_called(tmp_path / "nowhere", "ours")
