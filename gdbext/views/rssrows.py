"""What was recorded of programs side by side, as a table, a sentence and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from attrs import frozen

from gdbext.analysis.growth import MEGA, Series, Slope, held, leaks_on, slope
from gdbext.report import Absent, Block, Cell, Heading, Report, Table, Text
from gdbext.report.cells import escape

HEADINGS = (
    *(Heading("growth", "right"), Heading("resident", "right"), Heading("live heap", "right")),
    *(Heading("contexts", "right"), Heading("program")),
)
HELD = {
    True: "the fix held",
    False: "the fix has not held",
}


@frozen(eq=False)
class Row:
    """A program, and how fast it grew."""

    series: Series
    slope: Slope | None

    @property
    def growth(self) -> Cell:
        """In words."""
        return Absent("too few measurements") if self.slope is None else _rate(self.slope)

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Its line."""
        series = self.series
        sizes = (_from_to([_mega(value) for value in column]) for column in (series.rss, series.heap_live))
        counts = _from_to([None if value is None else f"{value:,}" for value in series.contexts])
        return (self.growth, *sizes, counts, series.name)


def _rate(slope: Slope) -> str:
    rate = round(slope.mb_per_min, 1) + 0.0  # no "-0.0"
    return f"{rate:,.1f} ± {slope.error:,.1f} MB/min"


def _mega(value: int | None) -> str | None:
    return None if value is None else f"{value / MEGA:,.1f} MB"


def _from_to(values: Sequence[str | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{known[0]} → {known[-1]}" if known else "?"


def report(every: Sequence[Series], extra: Sequence[str] = ()) -> Report:
    """All that is said. ``extra``: more notes."""
    rows = [Row(series, slope(series)) for series in every]
    failed = len(rows) > 1 and every[1].failed
    answer = None if failed else held([row.slope for row in rows])
    blocks: list[Block] = [Table(HEADINGS, [row.cells for row in rows])]
    if answer is not None:
        blocks.append(Text(HELD[answer], "heading"))
    elif len(rows) > 1:
        why = f"{escape(every[1].name)} failed" if failed else "there are too few measurements"
        blocks.append(Text(f"whether the fix held cannot be said: {why}", "warning"))
    notes = *(note for one in every for note in one.notes), *_besides(answer, rows), *extra
    return Report(_document(rows, answer), blocks, notes)


def _besides(answer: bool | None, rows: Sequence[Row]) -> Iterator[str]:
    """What somebody would miss who reads only whether it held."""
    if answer is None or rows[0].slope is None or rows[1].slope is None:
        return
    first, second = (escape(row.series.name) for row in rows[:2])
    if answer and leaks_on(rows[0].slope, rows[1].slope):
        yield f"{second} grows too, by {_rate(rows[1].slope)}"
    if not answer and not rows[0].slope.grows:
        yield f"{first} does not grow: there is nothing that a fix could be seen to hold"


def _document(rows: Sequence[Row], answer: bool | None) -> dict[str, Any]:
    slopes = [_slope(row) for row in rows]
    return {"series": [_series(row.series) for row in rows], "slopes": slopes, "held": answer}


def _slope(row: Row) -> dict[str, Any]:
    numbers = (None, None) if row.slope is None else (row.slope.mb_per_min, row.slope.error)
    return {"name": row.series.name, "mb_per_min": numbers[0], "error": numbers[1]}


def _series(series: Series) -> dict[str, Any]:
    names = ("name", "pid", "t_ns", "rss", "heap_live", "contexts")
    return {name: getattr(series, name) for name in names}
