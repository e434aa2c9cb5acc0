"""The measuring sample makes what its flags say."""

from __future__ import annotations

from tests.programs import build, run


def test_counts(go: str) -> None:
    with run(build("scale", go), "-contexts", "10000", "-goroutines", "100", "-waiters", "10") as running:
        facts = running.truth.facts
    counted = {kind: sum(states.values()) for kind, states in facts["kinds"].items()}
    assert facts["contexts"] == sum(counted.values()) == 10_000
    assert counted["*context.timerCtx"] == facts["families"][0]["children"] == 2_899
    assert facts["kinds"]["*context.cancelCtx"]["cancelled"] == 999


def test_ballast(go: str) -> None:
    with run(build("scale", go), "-contexts", "1000", "-ballast", "20000000") as running:
        assert 19_000_000 < running.truth.facts["memstats"]["HeapAlloc"] < 26_000_000
