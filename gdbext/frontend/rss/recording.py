"""Measuring several programs at the same moments."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

from attrs import field, frozen

from gdbext.analysis.growth import Series
from gdbext.frontend.rss.looks import Looks
from gdbext.frontend.rss.programs import Program
from gdbext.report.cells import escape

MEASUREMENTS = 600
"""Of a recording; fewer where that would be more often than ``LEAST_SECONDS``."""
LEAST_SECONDS = 0.1


@frozen(eq=False)
class Recording:
    """``share``: how much of it is done, for a line of progress."""

    seconds: float
    series: list[Series] = field(factory=list)
    _began: list[float] = field(factory=list)

    @property
    def share(self) -> float:
        """How much of it is done, up to 1."""
        return min((time.monotonic() - self._began[0]) / self.seconds, 1.0) if self._began else 0.0

    def record(self, programs: Sequence[Program]) -> None:
        """Until the time is over, all have ended, or Ctrl-C."""
        self.series.extend(Series(program.name, program.pid) for program in programs)
        looks = [Looks(program.pid) for program in programs]
        try:
            with suppress(KeyboardInterrupt):
                for one in looks:
                    one.begin()
                for now in self._moments():
                    if not self._measure(now, programs, looks):
                        break
        finally:
            for one in looks:
                one.end()
        for series, program, one in zip(self.series, programs, looks, strict=True):
            series.failed = program.failed
            series.notes.extend(f"{escape(program.name)}: {note}" for note in _notes(series, program, one))

    def _moments(self) -> Iterator[float]:
        """Seconds since the beginning, at even distances."""
        step = max(self.seconds / MEASUREMENTS, LEAST_SECONDS)
        self._began.append(time.monotonic())
        while (now := time.monotonic() - self._began[0]) < self.seconds:
            yield now
            passed = time.monotonic() - self._began[0]
            time.sleep(max(0.0, step - passed % step))

    def _measure(self, now: float, programs: Sequence[Program], looks: Sequence[Looks]) -> bool:
        """Whether any of them still runs."""
        runs = False
        for series, program, one in zip(self.series, programs, looks, strict=True):
            rss = program.rss()
            if rss is None:
                continue
            runs = True
            series.t_ns.append(int(now * 1e9))
            series.rss.append(rss)
            series.heap_live.append(one.heap_live())
            series.contexts.append(one.contexts())
        return runs


def _notes(series: Series, program: Program, looks: Looks) -> Iterator[str]:
    if program.why:
        yield program.why
        return
    if children := program.children():
        yield f"it has started {', '.join(children)}, whose memory is not counted; --pid takes what runs already"
    if not any(value is not None for value in series.heap_live) and looks.why:
        yield f"its heap was not read: {looks.why}"
    elif not any(value is not None for value in series.contexts) and series.t_ns:
        yield f"its contexts were not counted: {looks.why or 'the time was too short'}"
