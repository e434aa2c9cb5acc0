"""The adversary does what it threatens, and keeps what it promised."""

from __future__ import annotations

import time

from tests.programs import build, run


def test_it_churns(go: str) -> None:
    with run(build("churn", go)) as running:
        time.sleep(0.5)
        assert len(running.truth.contexts) == 10_000
        counts = running.beats()
    assert min(counts["contexts"], counts["goroutines"], counts["collections"]) > 10


def test_it_keeps_to_its_rates(go: str) -> None:
    with run(build("churn", go), "-contexts", "2000", "-goroutines", "-1", "-gc=false", "-stable", "100") as running:
        running.beats()
        time.sleep(1)
        counts = running.beats()
    assert 1000 < counts["contexts"] < 3000
    assert counts["goroutines"] == counts["collections"] == 0
