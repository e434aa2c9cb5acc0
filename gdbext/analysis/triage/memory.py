"""A collector at its limit, memory that is no heap, timers and finalizers that pile up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gdbext.analysis.memory import advice, samples, specials, timers
from gdbext.analysis.triage.finding import ESTIMATED, EXACT, SUSPECTED, Finding, is_large
from gdbext.golang.runtime import mgc

if TYPE_CHECKING:
    from gdbext.analysis.memory.figures import Figures
    from gdbext.analysis.triage.asked import Asked

COLLECTOR, SPECIALS, TIMERS = "collector", "specials", "timers"
CPU_FRACTION = 0.25
"""Of all CPUs since the program began: what the collector takes when it is always at work."""
CYCLES = 50
"""Before that many the program has only begun; those it asks for itself are its own choice."""
PILE = 100_000
"""Timers that do the same, or finalizers."""


def findings(asked: Asked, memory: Figures) -> Iterator[Finding]:
    """Raises GdbextError where the runtime's counters cannot be had."""
    for one in memory.advice:
        if one.kind == advice.LIMIT:
            yield Finding(one.kind, EXACT, one.bytes, one.of, one)
        elif is_large(one.bytes, one.of):
            yield Finding(one.kind, EXACT if one.counted and not one.estimated else ESTIMATED, one.bytes, one.of, one)
    collector = mgc.collector(asked.program)
    if collector.cpu_fraction >= CPU_FRACTION and collector.ended - collector.forced >= CYCLES:
        yield Finding(COLLECTOR, EXACT, memory.stats.value("HeapAlloc"), 0, collector)
    for name, words in specials.NAMES.items():
        if (count := len(asked.specials.rows(name))) >= PILE:
            yield Finding(SPECIALS, SUSPECTED, 0, 0, (words, count))
    yield from _timers(asked)


def _timers(asked: Asked) -> Iterator[Finding]:
    sampled = samples.Samples.of(asked.program, asked.symtab, asked.heap, asked.specials)
    for group in timers.groups(timers.timers(asked.program, asked.symtab, sampled)):
        if len(group) >= PILE:
            yield Finding(TIMERS, SUSPECTED, 0, 0, group)
