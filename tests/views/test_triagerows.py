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


def made(**names: Any) -> Any:
    return SimpleNamespace(**names)


class Timers(list[int]):
    function = "main.f"


NOWHERE = made(places=made(place=lambda row: None))
UINT8 = made(row=0, name="uint8", exact=True, counted=(), count=made(objects=1, bytes=2 << 20))
KNOWN_GOROUTINES = made(goroutines=made(reason=lambda row: "chan receive", goid=np.array([7])))


@pytest.mark.parametrize(
    ("kind", "of", "said"),
    [
        ("lost", made(bound=0, endless=1, survivors=[]),
         "1 context lost its cancel function, nothing can cancel it: it keeps 2.00 MiB (50 %) of the live heap."),
        ("lost", made(bound=1, endless=2, survivors=[]),
         "3 contexts lost their cancel functions, nothing can cancel them: "
         "they keep 2.00 MiB (50 %) of the live heap."),
        ("until-deadline", made(totals={"until_deadline": made(contexts=1)}),
         "1 context lost its cancel function and waits for a deadline: it keeps 2.00 MiB (50 %) of the live heap."),
        ("afterfuncs", made(piled=made(contexts=1)),
         "1 AfterFunc that nothing can stop piles up under contexts that live on: 2.00 MiB (50 %) of the live heap."),
        ("leaked goroutines", (made(overview=NOWHERE), [made(rows=[0])]),
         "1 goroutine waits for nothing that can still come: with its stack it keeps 2.00 MiB (50 %)."),
        ("waiting for an ancestor", (made(overview=NOWHERE), [made(rows=[0, 1])]),
         "2 goroutines wait for contexts that only others above them end: "
         "with their stacks they keep 2.00 MiB (50 %)."),
        ("queue", made(rows=[0], overview=NOWHERE), "1 goroutine queues at one place (chan receive)."),
        ("specials", ("finalizer", 1), "1 finalizer waits for its object to die."),
        ("timers", Timers([1]), "1 timer is to fire that calls main.f."),
        ("type", UINT8, "1 object of type uint8 is 2.00 MiB (50 %) of the live heap."),
    ],
)  # fmt: skip
def test_one_and_several(kind: str, of: Any, said: str) -> None:
    assert triagerows.said(KNOWN_GOROUTINES, Finding(kind, EXACT, 2 << 20, 4 << 20, of)).sentence == said
