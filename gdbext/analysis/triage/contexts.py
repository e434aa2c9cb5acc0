"""Contexts that nothing cancels, and those that are there by the thousand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gdbext.analysis.triage.finding import EXACT, LEAST_BYTES, MANY, SUSPECTED, Finding, stands_out

if TYPE_CHECKING:
    from gdbext.analysis.triage.asked import Asked

LOST, UNTIL_DEADLINE, AFTERFUNCS, PILE, CROWD = "lost", "until-deadline", "afterfuncs", "pile", "crowd"
NEVER_CANCELLED, UNTIL = ("lost", "orphaned"), "until_deadline"


def findings(asked: Asked) -> Iterator[Finding]:
    """Raises GdbextError where nothing can be proved."""
    found = asked.leaks
    grade, whole = SUSPECTED if found.doubts else EXACT, found.all.bytes
    totals = [found.totals[name] for name in NEVER_CANCELLED]
    lost, until = sum(total.kept.bytes for total in totals), found.totals[UNTIL]
    if stands_out(found.bound + found.endless, lost):
        yield Finding(LOST, grade, lost, whole, found)
    if stands_out(until.contexts, until.kept.bytes):
        yield Finding(UNTIL_DEADLINE, grade, until.kept.bytes, whole, found)
    if found.piled.contexts >= MANY and found.piled.kept.bytes >= LEAST_BYTES:
        yield Finding(AFTERFUNCS, grade, found.piled.kept.bytes, whole, found)
    for pile, site in zip(asked.piles.piles, asked.piles.sites, strict=True):
        yield Finding(PILE, SUSPECTED, pile.kept.bytes, whole, (pile, site))
    for crowd in asked.piles.crowds:
        yield Finding(CROWD, SUSPECTED, crowd.kept.bytes + crowd.stacks, whole + crowd.stacks, (crowd, None))
