"""Rows written by compiled loops are what Python's own formatting makes."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import numpy as np
from hypothesis import given, settings, strategies as st

from gdbext.report import kernels
from gdbext.report.kernels import ADDRESS, NANOSECONDS, NUMBER, SECONDS, SLACK, TEXT, TEXTS

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
TEXT_POOL = ["", "null", "x" * 15, "y" * 16, "z" * 100, ", ", "}\n"]
texts = st.integers(0, len(TEXT_POOL) - 1)
instead = texts.map(lambda number: int(TEXTS) + number)
moments = st.datetimes(timezones=st.just(timezone.utc)).map(lambda when: (when - EPOCH) // timedelta(seconds=1))
numbers = st.integers(-(1 << 63) + (1 << 41), (1 << 63) - 1)
cells = {
    TEXT: texts,
    NUMBER: st.one_of(numbers, st.integers(-10, 10), instead),
    ADDRESS: st.one_of(st.integers(0, (1 << 64) - 1).filter(lambda a: a >> 41 != 1 << 22), instead),
    SECONDS: st.one_of(moments, instead),
    NANOSECONDS: st.one_of(st.integers(0, 999_999_999), instead),
}


def shown(form: int, cell: int) -> str:
    """A cell in Python's words."""
    if form == TEXT:
        return TEXT_POOL[cell]
    if cell < int(TEXTS) + len(TEXT_POOL):
        return TEXT_POOL[cell - int(TEXTS)]
    if form == SECONDS:
        when = EPOCH + timedelta(seconds=cell)
        return f'"{when.year:04d}-{when:%m-%dT%H:%M:%S}.'
    return f'"{cell:#x}"' if form == ADDRESS else f'{cell:09d}Z"' if form == NANOSECONDS else str(cell)


def written(forms: list[int], literals: list[int], rows: list[list[int]]) -> str:
    raw = [text.encode() for text in TEXT_POOL]
    end = np.cumsum([len(text) for text in raw])
    start = end - [len(text) for text in raw]
    pool = np.frombuffer(b"".join(raw) + bytes(SLACK), np.uint8).copy()
    made = np.array([[cell & (1 << 64) - 1 for cell in row] for row in rows], np.uint64).view(np.int64)
    columns = np.ascontiguousarray(made.reshape(len(rows), len(forms)).T)
    kinds, between = np.array(forms, np.int64), np.array(literals, np.int64)
    size = kernels.room(kinds, columns, between, start, end)
    out = np.full(size + 64, 7, np.uint8)
    length = kernels.rows(kinds, columns, between, pool.ctypes.data, start, end, out.ctypes.data, out[:size])
    assert length + SLACK <= size and (out[size:] == 7).all(), "it stays in its room"
    return out[:length].tobytes().decode()


@settings(max_examples=200)
@given(st.data())
def test_rows(data: st.DataObject) -> None:
    forms = data.draw(st.lists(st.sampled_from(sorted(cells)), min_size=1, max_size=6))
    literals = data.draw(st.lists(texts, min_size=len(forms) + 1, max_size=len(forms) + 1))
    rows = data.draw(st.lists(st.tuples(*(cells[form] for form in forms)).map(list), max_size=8))
    right = ""
    for row in rows:
        parts = [shown(form, cell) for form, cell in zip(forms, row, strict=True)]
        right += "".join(TEXT_POOL[number] + part for number, part in zip(literals, [*parts, ""], strict=True))
    assert written(forms, literals, rows) == right


def test_the_ends_of_what_can_be_written() -> None:
    first, last = -62135596800, 253402300799
    assert written([SECONDS, NANOSECONDS], [0, 0, 0], [[first, 0], [last, 999_999_999]]) == (
        '"0001-01-01T00:00:00.000000000Z""9999-12-31T23:59:59.999999999Z"'
    )
    assert written([NUMBER], [0, 5], [[0], [(1 << 63) - 1], [-(1 << 62)]]) == f"0, {(1 << 63) - 1}, {-(1 << 62)}, "
    assert written([ADDRESS], [0, 5], [[0], [(1 << 64) - 1], [0xC000]]) == '"0x0", "0xffffffffffffffff", "0xc000", '
