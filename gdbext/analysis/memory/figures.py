"""What all that is said of a process's memory rests on: the runtime's counters, what is where and in RAM, settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from gdbext.analysis.memory import advice, breakdown, heappages, settings
from gdbext.errors import GdbextError
from gdbext.golang.runtime import mstats
from gdbext.target import inram

if TYPE_CHECKING:
    from gdbext.golang.reading.program import Program
    from gdbext.golang.runtime.mheap import Heap
    from gdbext.target import Target


class Known(Protocol):
    """What they are made from, as a Session has it."""

    @property
    def target(self) -> Target: ...
    @property
    def program(self) -> Program: ...
    @property
    def heap(self) -> Heap: ...


class Figures(NamedTuple):
    """``parts``: the breakdown, or why there is none."""

    stats: mstats.MemStats
    parts: breakdown.Breakdown | str
    settings: settings.Settings

    @property
    def known(self) -> breakdown.Breakdown | None:
        """The breakdown where there is one."""
        return None if isinstance(self.parts, str) else self.parts

    @property
    def advice(self) -> list[advice.Advice]:
        """What the figures say to do."""
        return list(advice.advice(self.stats, self.known, self.settings))


def figures(known: Known) -> Figures:
    """What is in RAM first: reading brings in pages that the program had never touched. Raises GdbextError where the
    runtime's own counters cannot be had.

    Of a program that runs the counters are read before and after: whether they moved says whether all is of one moment.
    """
    before = None if known.target.memory.stable else mstats.memstats(known.program)
    parts = _parts(known)
    stats = mstats.memstats(known.program)
    if isinstance(parts, breakdown.Breakdown) and before is not None and before.values != stats.values:
        parts = parts.of_several_moments
    return Figures(stats, parts, settings.settings(known.program))


def _parts(known: Known) -> breakdown.Breakdown | str:
    """Pages are looked at just before and after it is asked what is in RAM: reading spans may take a second."""
    before = None if known.target.memory.stable else heappages.look(known.program)
    try:
        residency = inram.residency(known.target)
    except GdbextError as error:
        return str(error)
    pages = None if before is None else heappages.between(before, heappages.look(known.program))
    return breakdown.breakdown(known.program, known.heap, residency, pages)
