"""The measuring sample with many types reads what its flags say."""

from __future__ import annotations

from tests.programs import build, run


def test_twice_is_twice_as_much(go: str) -> None:
    program = build("syntax", go)
    facts = []
    for times in ("1", "2"):
        with run(program, "-only", "go/ast", "-times", times) as running:
            facts.append(running.truth.facts)
    once, twice = facts
    assert once["errors"] == 0 and once["packages"] > 10 < once["files"]
    assert (twice["packages"], twice["files"]) == (2 * once["packages"], 2 * once["files"])
    objects = [each["memstats"]["HeapObjects"] for each in facts]
    assert objects[0] > 100_000 and 1.8 < objects[1] / objects[0] < 2.2
