"""The adversary does what it threatens, and keeps what it promised."""

from __future__ import annotations

import json
import time

from tests.programs import Running, build, run


def happened(running: Running) -> dict[str, int]:
    """What the program did since it was last asked."""
    assert running.process.stdin is not None and running.process.stdout is not None
    running.process.stdin.write(b"\n")
    running.process.stdin.flush()
    answer: dict[str, int] = json.loads(running.process.stdout.readline())
    return answer


def test_it_churns(go: str) -> None:
    with run(build("churn", go)) as running:
        time.sleep(0.5)
        assert len(running.truth.contexts) == 10_000
        counts = happened(running)
    assert min(counts["contexts"], counts["goroutines"], counts["collections"]) > 10


def test_it_keeps_to_its_rates(go: str) -> None:
    with run(build("churn", go), "-contexts", "2000", "-goroutines", "-1", "-gc=false", "-stable", "100") as running:
        happened(running)
        time.sleep(1)
        counts = happened(running)
    assert 1000 < counts["contexts"] < 3000
    assert counts["goroutines"] == counts["collections"] == 0
