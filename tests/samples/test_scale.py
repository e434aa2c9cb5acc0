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


def test_goroutines_that_wait_for_contexts_of_their_own(go: str) -> None:
    flags = ["-contexts", "1000", "-holders", "20", "-shared", "30", "-chain", "50", "-children", "40"]
    with run(build("scale", go), *flags) as running:
        facts = running.truth.facts
    assert len({holder["goid"] for holder in facts["holders"]}) == 20
    assert len({holder["address"] for holder in facts["holders"]}) == 20
    assert facts["contexts"] == 1000 + 20 + 1 + 30 + 50 + 40 + 1
