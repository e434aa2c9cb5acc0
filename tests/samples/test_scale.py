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


def test_requests_whose_contexts_are_lost(go: str) -> None:
    few, many = (["-contexts", "1000", "-requests", str(number)] for number in (0, 5000))
    with run(build("scale", go), *few) as without, run(build("scale", go), *many) as running:
        before, facts = without.truth.facts["memstats"], running.truth.facts
    objects, size = (facts["memstats"][name] - before[name] for name in ("HeapObjects", "HeapAlloc"))
    assert facts["contexts"] == 1000 + 1 + 2 * 5000 and facts["families"][-1]["children"] == 5000
    assert 33 < objects / 5000 < 38 and 2_200 < size / 5000 < 2_600
