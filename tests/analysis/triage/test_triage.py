"""The gravest comes first."""

from __future__ import annotations

from gdbext.analysis.triage.finding import EXACT, SUSPECTED, Finding
from gdbext.analysis.triage.triage import gravity

ORDER = (
    Finding("deadlock", SUSPECTED, 2, 0),
    Finding("waiting for an ancestor", EXACT, 900, 1000),
    Finding("lost", EXACT, 50, 1000),
    Finding("pile", SUSPECTED, 950, 1000),
    Finding("limit", EXACT, 950, 1000),
    Finding("collector", EXACT, 1, 0),
    Finding("lost", EXACT, 49, 1000),
    Finding("queue", SUSPECTED, 10, 1000),
    Finding("maps", EXACT, 5, 1000),
    Finding("holder", EXACT, 1000, 1000),
    Finding("stacks", EXACT, 999, 1000),
)


def test_leaks_of_a_good_part_then_limits_then_other_leaks() -> None:
    mixed = sorted(ORDER, key=lambda one: one.kind)
    assert sorted(mixed, key=gravity) == list(ORDER)
