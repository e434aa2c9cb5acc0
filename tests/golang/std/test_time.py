"""What a time.Time says, against Python's datetime."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import numpy as np
from hypothesis import given, strategies as st

from gdbext.golang.std.time import HAS_MONOTONIC, unix, unix_of

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def wall_of(when: datetime, nanoseconds: int, monotonic: int) -> tuple[int, int]:
    """What time.Now() stores: a flag, 33 bits of seconds since 1885, 30 bits of nanoseconds; the clock reading."""
    seconds = (when - datetime(1885, 1, 1, tzinfo=timezone.utc)) // timedelta(seconds=1)
    return HAS_MONOTONIC | seconds << 30 | nanoseconds, monotonic


def plain_of(when: datetime, nanoseconds: int) -> tuple[int, int]:
    """What time.Date() stores: nanoseconds; seconds since the year 1."""
    return nanoseconds, (when - datetime(1, 1, 1, tzinfo=timezone.utc)) // timedelta(seconds=1)


moments = st.datetimes(datetime(1885, 1, 1), datetime(2150, 1, 1), timezones=st.just(timezone.utc))
parts = st.integers(0, 10**9 - 1)


@given(moments, parts)
def test_times_with_a_clock_reading(when: datetime, nanoseconds: int) -> None:
    when = when.replace(microsecond=0)
    assert unix(*wall_of(when, nanoseconds, 7)) == ((when - EPOCH) // timedelta(seconds=1), nanoseconds)


@given(st.datetimes(timezones=st.just(timezone.utc)), parts)
def test_times_without_one(when: datetime, nanoseconds: int) -> None:
    when = when.replace(microsecond=0)
    assert unix(*plain_of(when, nanoseconds)) == ((when - EPOCH) // timedelta(seconds=1), nanoseconds)


@given(st.lists(st.tuples(st.integers(0, (1 << 64) - 1), st.integers(-(1 << 62), 1 << 62))))
def test_many_at_a_time(words: list[tuple[int, int]]) -> None:
    wall, ext = np.array([one[0] for one in words], np.uint64), np.array([one[1] for one in words], np.int64)
    seconds, nanoseconds = unix_of(wall, ext.view(np.uint64))
    assert list(zip(seconds.tolist(), nanoseconds.tolist(), strict=True)) == [unix(*one) for one in words]
