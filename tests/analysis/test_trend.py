"""Slopes of made curves: what is put in comes out, and the error that is said holds."""

from __future__ import annotations

import numpy as np
import pytest

from gdbext.analysis.trend import LEAST, trend

SECONDS = np.arange(0, 60, 0.25)


def test_a_straight_line() -> None:
    found = trend(SECONDS, 5.0 + 2.5 * SECONDS)
    assert found is not None
    assert found.slope == pytest.approx(2.5) and found.error == pytest.approx(0, abs=1e-9)
    assert found.since == pytest.approx(SECONDS[-1] / 3)


def test_the_start_does_not_count() -> None:
    found = trend(SECONDS, np.minimum(SECONDS, 15.0) * 1e6)
    assert found is not None and found.slope == found.error == 0


def test_of_too_few_nothing_is_said() -> None:
    assert trend(SECONDS[:0], SECONDS[:0]) is None
    assert trend(SECONDS[: LEAST + 2], SECONDS[: LEAST + 2]) is None
    assert trend(np.zeros(50), np.arange(50)) is None


def saw(random: np.random.Generator, slope: float) -> np.ndarray:
    """A heap that grows up to twice what lives and is swept, and what lives grows by ``slope``; with other noise."""
    period = random.uniform(2, 7)
    tooth = random.uniform(0, period) + SECONDS
    return slope * SECONDS + 20 * (tooth % period) / period + random.normal(0, 1, len(SECONDS))


@pytest.mark.parametrize("slope", (0.0, 0.5))
def test_the_error_holds(slope: float) -> None:
    random = np.random.default_rng(7)
    found = [trend(SECONDS, saw(random, slope)) for _ in range(300)]
    good = sum(one is not None and abs(one.slope - slope) <= one.error for one in found)
    assert good >= 0.88 * len(found)


def test_noise_whose_neighbours_are_alike() -> None:
    random, good = np.random.default_rng(11), 0
    for _ in range(300):
        noise = np.zeros(len(SECONDS))
        for at in range(1, len(noise)):
            noise[at] = 0.8 * noise[at - 1] + random.normal()
        found = trend(SECONDS, 0.3 * SECONDS + noise)
        good += found is not None and abs(found.slope - 0.3) <= found.error
    assert good >= 0.85 * 300
