"""What was recorded of programs side by side, as a table, a sentence and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import frozen

from gdbext.analysis.growth import MEGA, Series, Slope, held, slope
from gdbext.report import Absent, Block, Cell, Heading, Report, Table, Text

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
        if self.slope is None:
            return Absent("too few measurements")
        return f"{self.slope.mb_per_min:,.1f} ± {self.slope.error:,.1f} MB/min"

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Its line."""
        series = self.series
        sizes = (_from_to([_mega(value) for value in column]) for column in (series.rss, series.heap_live))
        counts = _from_to([None if value is None else f"{value:,}" for value in series.contexts])
        return (self.growth, *sizes, counts, series.name)


def _mega(value: int | None) -> str | None:
    return None if value is None else f"{value / MEGA:,.1f} MB"


def _from_to(values: Sequence[str | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{known[0]} → {known[-1]}" if known else "?"


def report(every: Sequence[Series], extra: Sequence[str] = ()) -> Report:
    """All that is said. ``extra``: more notes."""
    rows = [Row(series, slope(series)) for series in every]
    answer = held([row.slope for row in rows])
    blocks: list[Block] = [Table(HEADINGS, [row.cells for row in rows])]
    if answer is not None:
        blocks.append(Text(HELD[answer], "heading"))
    elif len(rows) > 1:
        blocks.append(Text("whether the fix held cannot be said: there are too few measurements", "warning"))
    return Report(_document(rows, answer), blocks, [*(note for one in every for note in one.notes), *extra])


def _document(rows: Sequence[Row], answer: bool | None) -> dict[str, Any]:
    slopes = [_slope(row) for row in rows]
    return {"series": [_series(row.series) for row in rows], "slopes": slopes, "held": answer}


def _slope(row: Row) -> dict[str, Any]:
    numbers = (None, None) if row.slope is None else (row.slope.mb_per_min, row.slope.error)
    return {"name": row.series.name, "mb_per_min": numbers[0], "error": numbers[1]}


def _series(series: Series) -> dict[str, Any]:
    names = ("name", "pid", "t_ns", "rss", "heap_live", "contexts")
    return {name: getattr(series, name) for name in names}
