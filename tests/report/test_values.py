"""Columns of many rows: what they give is what each row's own value is."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st
from numpy.typing import NDArray

from gdbext.report import Absent, Address, Bytes, Duration, Hostile
from gdbext.report.kernels import TEXTS
from gdbext.report.rowjson import RowWriter
from gdbext.report.values import (
    EPOCH,
    FEW,
    NO_DATE,
    YEAR_1,
    YEAR_10000,
    Choice,
    Kind,
    Numbers,
    Times,
    Values,
    each,
    rfc3339,
)


def written(values: Values, kind: Kind) -> str:
    return RowWriter([("k", kind)]).piece([values])


def test_a_bare_value_becomes_a_cell_of_the_kind() -> None:
    wrapped = [kind.cell(5) for kind in (Kind.ADDRESS, Kind.BYTES, Kind.DURATION, Kind.COUNT, Kind.NUMBER)]
    assert list(map(type, wrapped)) == [Address, Bytes, Duration, int, int]
    assert Kind.HOSTILE.cell("x") == Kind.HOSTILE.cell(Hostile("x")) == Hostile("x")
    assert [kind.cell(None) for kind in Kind] == [None] * len(Kind)
    assert [kind.cell(NO_DATE) for kind in Kind] == [NO_DATE] * len(Kind)


def test_numbers_are_read_from_the_right() -> None:
    assert [kind.name for kind in Kind if kind.is_number] == ["BYTES", "DURATION", "COUNT", "NUMBER"]


@given(st.lists(st.integers(-1, 5 * FEW), max_size=20), st.sampled_from([1, 5 * FEW + 1]))
def test_values_that_no_row_has_change_nothing(which: list[int], values: int) -> None:
    which = [min(one, values - 1) for one in which]
    made = Choice([f"v{number}" for number in range(values)], np.array(which, np.int64))
    names = [f"v{one}" if one >= 0 else None for one in which]
    assert made.cells(Kind.TEXT) == names
    rows = [f'{{"k": "{name}"}}' if name else '{"k": null}' for name in names]
    assert written(made, Kind.TEXT) == ",\n".join(rows)


def test_what_stands_instead_the_last_word_counts() -> None:
    numbers = np.array([7, 0, 0])
    made = Numbers(numbers, [(numbers == 0, None), (np.array([False, False, True]), Absent("why"))])
    assert made.cells(Kind.NUMBER) == [7, None, Absent("why")]
    assert written(made, Kind.NUMBER) == '{"k": 7},\n{"k": null},\n{"k": {"absent": "why"}}'


@pytest.mark.parametrize("made", [np.array([2, 0, 1], np.uint8), np.array([True, False, True])])
def test_numbers_in_a_column_of_flags_are_flags(made: NDArray[Any]) -> None:
    values = Numbers(made, [(np.array([False, False, True]), None)])
    assert values.cells(Kind.FLAG) == [True, False, None]
    assert written(values, Kind.FLAG) == '{"k": true},\n{"k": false},\n{"k": null}'


def test_numbers_that_the_writer_would_take_for_texts() -> None:
    """It reads the lowest numbers of 64 bits as texts."""
    odd = [int(TEXTS), int(TEXTS) + 1, 5]
    assert written(Numbers(np.array(odd)), Kind.DURATION) == ",\n".join(f'{{"k": {number}}}' for number in odd)
    high = np.array([1 << 63, (1 << 64) - 1, 5], np.uint64)
    assert written(Numbers(high), Kind.NUMBER) == ",\n".join(f'{{"k": {number}}}' for number in high.tolist())
    assert written(Numbers(high), Kind.ADDRESS) == ",\n".join(f'{{"k": "{number:#x}"}}' for number in high.tolist())


def test_an_address_that_was_chosen_is_written_as_one() -> None:
    assert written(each([0xC000, None]), Kind.ADDRESS) == '{"k": "0xc000"},\n{"k": null}'


def test_the_first_and_the_last_moment() -> None:
    seconds = np.array([YEAR_1 - 1, YEAR_1, YEAR_10000 - 1, YEAR_10000])
    made = Times(seconds, np.array([0, 1, 999_999_999, 0]))
    first, last = "0001-01-01T00:00:00.000000001Z", "9999-12-31T23:59:59.999999999Z"
    assert made.cells(Kind.TIME) == [NO_DATE, first, last, NO_DATE]
    assert rfc3339(YEAR_1, 1) == first
    assert written(made, Kind.TIME).split("\n")[1] == f'{{"k": "{first}"}},'


@given(st.datetimes(timezones=st.just(timezone.utc)), st.integers(0, 999))
def test_times_to_the_nanosecond(when: datetime, nanoseconds: int) -> None:
    seconds, micros = divmod((when - EPOCH) // timedelta(microseconds=1), 10**6)
    said = f"{when.year:04d}-{when:%m-%dT%H:%M:%S}.{when.microsecond:06d}{nanoseconds:03d}Z"
    assert rfc3339(seconds, micros * 1000 + nanoseconds) == said


@pytest.mark.parametrize("seconds", [10**21, -(10**21), 253402300800])
def test_what_is_no_date(seconds: int) -> None:
    assert rfc3339(seconds, 0) == Absent("not a date")
