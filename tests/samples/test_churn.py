"""The adversary does what it threatens, and keeps what it promised."""

from __future__ import annotations

from tests.programs import build, run


def test_it_churns(go: str) -> None:
    with run(build("churn", go)) as running:
        assert len(running.truth.contexts) == 10_000
        running.until_it_did(contexts=11, goroutines=11, collections=11)


def test_it_keeps_to_its_rates(go: str) -> None:
    with run(build("churn", go), "-contexts", "2000", "-goroutines", "-1", "-gc=false", "-stable", "100") as running:
        running.beats()
        did = running.until_it_did(contexts=1000)
        counts = running.beats()
    assert did["contexts"] < 3000 * did["elapsed_ns"] / 1e9 + 1000
    assert counts["goroutines"] == counts["collections"] == 0
