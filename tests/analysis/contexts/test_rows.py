"""Wall clock times as text, against Python's datetime."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, strategies as st

from gdbext.analysis.contexts.rows import rfc3339
from gdbext.golang.std.contextread import Absence

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@given(st.datetimes(timezones=st.just(timezone.utc)), st.integers(0, 999))
def test_times_to_the_nanosecond(when: datetime, nanoseconds: int) -> None:
    unix = (when - EPOCH) // timedelta(microseconds=1) * 1000 + nanoseconds
    assert rfc3339(unix) == f"{when.year:04d}-{when:%m-%dT%H:%M:%S}.{when.microsecond:06d}{nanoseconds:03d}Z"


@pytest.mark.parametrize("unix", [10**30, -(10**30), 253402300800 * 10**9])
def test_what_is_no_date(unix: int) -> None:
    assert rfc3339(unix) == Absence("not a date")
