"""The first line names the leak of each sample; of the repaired one, and of samples without any, nothing is said."""

from __future__ import annotations

from typing import Any

import pytest

from tests import hosts
from tests.programs import build

NEWEST = "1.27.3"
TIMES = 1_500
COPY = hosts.Host("live", copied=True)
LARGE = 65_536
FIRST = {
    "cancel": ("lost", "exact", "1,500 contexts lost their cancel functions, only cancelling 0x"),
    "timeout": ("until-deadline", "exact", "1,500 contexts lost their cancel functions and wait for a deadline: "),
    "ring": ("lost", "exact", "1,500 contexts lost their cancel functions, only cancelling 0x"),
    "request": ("crowd", "suspected", "Suspected: 1,500 goroutines wait for 0x"),
    "slice": ("slices", "exact", "Slices use less than half of 1,500 arrays that they alone keep alive: "),
}


def asked(sample: str, *words: str) -> dict[str, Any]:
    with hosts.subject(COPY, build(sample, NEWEST), *words) as subject:
        return hosts.ask(COPY, subject, "go-triage")


@pytest.mark.parametrize("leak", FIRST)
def test_the_first_line_names_the_leak(leak: str) -> None:
    kind, grade, sentence = FIRST[leak]
    words = ("-leak", leak, "-operations", str(TIMES), "-bytes", str(LARGE if leak == "slice" else 4096))
    found = asked("pairs", *words)
    first = found["findings"][0]
    assert (first["kind"], first["grade"]) == (kind, grade)
    assert first["sentence"].startswith(sentence)
    assert first["share"] > 0.8 and first["next"]
    assert asked("pairs", *words, "-repaired")["findings"] == []


@pytest.mark.parametrize("sample", ["heap", "goroutines", "values"])
def test_where_nothing_leaks_nothing_is_found(sample: str) -> None:
    found = asked(sample)
    assert found["findings"] == []
    assert [one["why_not"] for one in found["looked"]] == [None] * 6


def test_a_deadlock_comes_first() -> None:
    with hosts.subject(COPY, build("waits", NEWEST), "-workers", "5") as subject:
        found = hosts.ask(COPY, subject, "go-triage")
        named = {one["name"]: one["goid"] for one in subject.truth.facts["plants"]}
    one, two = sorted(named[f"ring of locks, {name}"] for name in ("one", "two"))
    first = found["findings"][0]
    assert (first["kind"], first["grade"]) == ("deadlock", "suspected")
    assert first["sentence"].startswith(f"Suspected: goroutines {one}, {two} wait for each other's locks, a deadlock")
    assert first["next"] == ["go-waitgraph", f"go-stacks {one} {two}"]


def test_of_a_program_that_runs_nothing_is_proved() -> None:
    running = hosts.Host("live")
    with hosts.subject(running, build("pairs", NEWEST), "-operations", "500") as subject:
        found = hosts.ask(running, subject, "go-triage")
    assert found["findings"] == []
    assert [bool(one["why_not"]) for one in found["looked"]] == [True, True, True, False, True, True]


def test_maps_that_lost_most_of_their_entries() -> None:
    with hosts.subject(COPY, build("sparse", NEWEST), "-entries", "1500000") as subject:
        found = hosts.ask(COPY, subject, "go-triage")
    first = found["findings"][0]
    assert (first["kind"], first["grade"], first["next"]) == ("maps", "estimated", ["go-mem --maps"])
    assert first["sentence"].startswith("Estimated: 4 maps, most of type map[")


def test_text() -> None:
    with hosts.subject(COPY, build("pairs", NEWEST), "-leak", "cancel", "-operations", "1500") as subject:
        said = hosts.say(COPY, subject, "go-triage").out.splitlines()
    assert said[0].startswith("1. 1,500 contexts lost their cancel functions, only cancelling 0x")
    assert said[0].endswith(" (goroutine 1, main.main) ends them: they keep 6.08 MiB (98 %) of the live heap.")
    assert "Next" in said and "go-ctxleaks" in said
    assert any(line.startswith("looked at: contexts that nothing cancels; ") for line in said)
