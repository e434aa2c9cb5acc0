"""Each leak of the sample pairs is named, with what it keeps; of its repair nothing is said."""

from __future__ import annotations

from typing import Any

import pytest

from tests import hosts
from tests.programs import build
from tests.truth import Truth

NEWEST = "1.27.3"
TIMES = 500
COPY = hosts.Host("live", copied=True)
NAMED = {"cancel": "lost", "timeout": "until_deadline", "ring": "lost"}
"""What becomes of the contexts that each leak leaves."""


def asked(go: str, *words: str) -> tuple[Truth, dict[str, Any], dict[str, Any]]:
    """What the sample says, and two answers about it."""
    with hosts.subject(COPY, build("pairs", go), *words, "-operations", str(TIMES)) as subject:
        answers = [hosts.ask(COPY, subject, command) for command in ("go-ctxleaks", "go-goroutineleaks")]
        return subject.truth, answers[0], answers[1]


def payloads(truth: Truth) -> int:
    return TIMES * int(truth.facts["payload"])


def never_cancelled(leaks: dict[str, Any]) -> int:
    return sum(int(leaks[name]["contexts"]) for name in ("lost", "orphaned", "until_deadline"))


def check_repaired(go: str, leak: str) -> None:
    truth, leaks, goroutines = asked(go, "-leak", leak, "-repaired")
    assert truth.facts["alive"] == 0
    assert never_cancelled(leaks) == 0
    assert goroutines["leaked"] == goroutines["waiting_for_ancestor"] == []


@pytest.mark.parametrize("leak", NAMED)
def test_a_leak_of_contexts(leak: str) -> None:
    truth, leaks, _ = asked(NEWEST, "-leak", leak)
    assert truth.facts["alive"] == TIMES
    found = leaks[NAMED[leak]]
    assert found["contexts"] == never_cancelled(leaks) == TIMES
    assert payloads(truth) < found["bytes"] < 1.2 * payloads(truth)
    check_repaired(NEWEST, leak)


def test_a_goroutine_for_each_request() -> None:
    with hosts.subject(COPY, build("pairs", NEWEST), "-leak", "request", "-operations", str(TIMES)) as subject:
        assert subject.truth.facts["alive"] == TIMES
        rows = hosts.ask(COPY, subject, "go-goroutines")["goroutines"]
    waiting = [row for row in rows if row["function"] == "main.goroutineForEach.func1"]
    assert [row["wait_reason"] for row in waiting] == ["chan receive"] * TIMES
    check_repaired(NEWEST, "request")


def test_a_pinned_slice() -> None:
    for repaired, alive in ((), TIMES), (("-repaired",), 0):
        truth, leaks, _ = asked(NEWEST, "-leak", "slice", *repaired)
        assert truth.facts["alive"] == alive
        assert never_cancelled(leaks) == 0


def test_before_there_were_weak_pointers() -> None:
    check_repaired("1.21.13", "ring")
