"""The curves as a picture. matplotlib is an extra, imported when a picture is asked for."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gdbext.analysis.growth import MEGA, NANO, Series
from gdbext.errors import GdbextError
from gdbext.report.cells import escape
from gdbext.store import given

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE = (8.0, 7.0)
"""Inches."""
PANELS: Sequence[tuple[str, Callable[[Series], Sequence[int | None]], float]] = (
    ("resident, MB", lambda series: series.rss, MEGA),
    ("live heap, MB", lambda series: series.heap_live, MEGA),
    ("contexts", lambda series: series.contexts, 1.0),
)
MADE_BY = "gdbext rss"
HEAD = 4096
"""Bytes of a file, where its metadata say who made it."""


def library() -> Any:
    """matplotlib. Raises GdbextError where it is not there."""
    try:
        import matplotlib
        import matplotlib.figure
    except ImportError as error:
        raise GdbextError("a picture needs matplotlib", "./install.sh --with plot") from error
    return matplotlib


def check(path: str) -> None:
    """To be asked before an hour is recorded: raises GdbextError where there could be no picture at that path."""
    library()
    given.check(given.path_of(path), is_ours)


def is_ours(path: Path) -> bool:
    """Whether a file is a picture of ours, which the next one may take the place of."""
    head = given.head(path, HEAD)
    return b"<svg" in head and f"<dc:title>{MADE_BY}</dc:title>".encode() in head


def draw(every: Sequence[Series], path: str) -> None:
    """Write an SVG file, in place of one of ours or of none. Raises GdbextError."""
    picture = io.BytesIO()
    # Words stay words, which the one who looks has letters for.
    with library().rc_context({"svg.fonttype": "none"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph", category=UserWarning)
        _figure(every).savefig(picture, format="svg", metadata={"Title": MADE_BY, "Date": None})
    given.write(given.path_of(path), [picture.getvalue()], picture.tell(), is_ours)


def _figure(every: Sequence[Series]) -> Any:
    figure = library().figure.Figure(figsize=SIZE, layout="constrained")
    for axes, (title, values, unit) in zip(figure.subplots(len(PANELS), 1, sharex=True), PANELS, strict=True):
        for series in every:
            _curve(axes, series, values(series), unit)
        axes.set_ylabel(title)
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
    figure.axes[-1].set_xlabel("seconds")
    figure.legend(figure.axes[0].get_lines(), [_plain(series.name) for series in every], loc="outside upper left")
    return figure


def _curve(axes: Axes, series: Series, values: Sequence[int | None], unit: float) -> None:
    known = [(at * NANO, value / unit) for at, value in zip(series.t_ns, values, strict=True) if value is not None]
    axes.plot([at for at, _ in known], [value for _, value in known])


def _plain(name: str) -> str:
    """As it was typed, but for what no XML can hold: and a dollar would begin a formula."""
    return escape(name).replace("$", r"\$")
