"""Advice about memory in go-triage's words."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from gdbext import commands
from gdbext.analysis.memory.advice import Advice
from gdbext.analysis.triage.deadlocks import Deadlock
from gdbext.analysis.triage.finding import ESTIMATED, EXACT, SUSPECTED, Finding
from gdbext.views import memrows, triagerows

KNOWN = cast(Any, None)
"""Advice has its evidence with it."""


@pytest.mark.parametrize("kind", memrows.SENTENCES)
def test_advice_begins_a_sentence_and_names_commands_that_there_are(kind: str) -> None:
    found = triagerows.said(KNOWN, Finding(kind, EXACT, 1 << 30, 2 << 30, Advice(kind, 1 << 30, 2 << 30, "so")))
    assert not found.sentence[0].islower() and found.sentence.endswith(".")
    assert {line.split()[0] for line in found.next} <= set(commands.registry())


@pytest.mark.parametrize(
    ("kind", "more"),
    [("outside", []), ("stacks", ["go-stacks --group"]), ("fragments", ["go-spans"]), ("off", ["go-gc"])],
)
def test_what_says_more(kind: str, more: list[str]) -> None:
    """The heap's spans say nothing of memory that is not Go's."""
    found = triagerows.said(KNOWN, Finding(kind, EXACT, 1, 2, Advice(kind, 1, 2, "")))
    assert found.next == ["go-mem --explain", *more]


def test_deadlocks_in_words() -> None:
    known = cast(Any, SimpleNamespace(goroutines=SimpleNamespace(goid=np.array([7, 8]))))

    def sentence(*cycles: list[int], behind: int = 0) -> str:
        found = Finding("deadlock", SUSPECTED, 1, 0, Deadlock(cycles, behind))
        return triagerows.said(known, found).sentence

    assert sentence([0, 1]) == "Suspected: goroutines 7, 8 wait for each other's locks, a deadlock."
    assert sentence([1], behind=1) == (
        "Suspected: goroutine 8 waits for a lock that it has itself, a deadlock; 1 other goroutine behind it."
    )
    assert sentence([0], [1]).endswith("a deadlock; 1 more such circle.")


def test_of_a_core_it_is_estimated() -> None:
    """Which does not say what was in RAM."""
    live, core = (Advice("stacks", 3 << 30, 4 << 30, "", counted) for counted in (True, False))
    assert memrows.advice_line(live).startswith("stacks take 3.00 GiB of 4.00 GiB resident: ")
    found = triagerows.said(KNOWN, Finding("stacks", ESTIMATED, 3 << 30, 4 << 30, core))
    assert found.sentence.startswith("Estimated: stacks take 3.00 GiB of 4.00 GiB that are not zero: ")
