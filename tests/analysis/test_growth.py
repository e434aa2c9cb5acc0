"""Whether a fix held, of made series."""

from __future__ import annotations

import numpy as np
import pytest

from gdbext.analysis.growth import LITTLE, Series, Slope, held, leaks_on, slope

SECONDS, MEGABYTE = 60, 1_000_000


def series(mb_per_min: float, noise: float = 0.0, count: int = 240) -> Series:
    """One that was measured four times a second; ``noise`` in megabytes."""
    at = np.arange(count) / 4
    random = np.random.default_rng(7).normal(0, noise, count)
    rss = MEGABYTE * (100 + mb_per_min / SECONDS * at + random)
    return Series("made", 1, (at * 1e9).astype(int).tolist(), rss.astype(int).tolist())


def verdict(*every: Series) -> bool | None:
    return held([slope(one) for one in every])


def test_the_slope_is_in_megabytes_a_minute() -> None:
    found = slope(series(30))
    assert found is not None and found.grows
    assert found.mb_per_min == pytest.approx(30, abs=1e-3) and found.error == pytest.approx(0, abs=1e-3)


def test_both_directions() -> None:
    assert verdict(series(30), series(0)) is True
    assert verdict(series(0), series(30)) is False
    assert verdict(series(30), series(-30)) is True
    assert verdict(series(30), series(30)) is False


def test_a_difference_within_the_errors_is_none() -> None:
    """Here they are larger than what the two differ by."""
    first, second = slope(series(10, noise=20)), slope(series(5, noise=20))
    assert first is not None and second is not None
    assert first.mb_per_min - second.mb_per_min < first.error + second.error
    assert held([first, second]) is False
    assert verdict(series(10), series(5)) is True


def test_too_few_points_say_nothing() -> None:
    few = series(30, count=10)
    assert slope(few) is None
    assert verdict(few, series(0)) is verdict(series(30), few) is verdict(series(30)) is verdict() is None


def test_only_the_first_two_are_compared() -> None:
    assert verdict(series(30), series(0), series(100)) is True
    assert verdict(series(30), series(0), series(100, count=3)) is True


def test_a_second_one_that_grows_by_less_leaks_on() -> None:
    first = Slope(100, 1)
    assert leaks_on(first, Slope(50, 1))
    assert not leaks_on(first, Slope(50, 51)), "it may be at rest"
    assert not leaks_on(first, Slope(LITTLE * 100, 0)), "a trifle"
    assert not leaks_on(first, Slope(-50, 1)), "it shrinks"
