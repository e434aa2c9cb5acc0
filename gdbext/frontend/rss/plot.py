"""The curves as a picture. matplotlib is an extra, imported when a picture is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from gdbext.analysis.growth import MEGA, NANO, Series
from gdbext.errors import GdbextError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE = (8.0, 7.0)
"""Inches."""
PANELS: Sequence[tuple[str, Callable[[Series], Sequence[int | None]], float]] = (
    ("resident, MB", lambda series: series.rss, MEGA),
    ("live heap, MB", lambda series: series.heap_live, MEGA),
    ("contexts", lambda series: series.contexts, 1.0),
)


def library() -> Any:
    """matplotlib's figures. Raises GdbextError where it is not there: to be asked before an hour is recorded."""
    try:
        from matplotlib import figure
    except ImportError as error:
        raise GdbextError("a picture needs matplotlib", "./install.sh --with plot") from error
    return figure


def draw(every: Sequence[Series], path: str) -> None:
    """Write an SVG file. Raises GdbextError."""
    figure = library().Figure(figsize=SIZE, layout="constrained")
    for axes, (title, values, unit) in zip(figure.subplots(len(PANELS), 1, sharex=True), PANELS, strict=True):
        for series in every:
            _curve(axes, series, values(series), unit)
        axes.set_ylabel(title)
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
    figure.axes[-1].set_xlabel("seconds")
    handles = figure.axes[0].get_legend_handles_labels()[0]
    figure.legend(handles, [_plain(series.name) for series in every], loc="outside upper left")
    try:
        figure.savefig(path, format="svg")
    except OSError as error:
        raise GdbextError(f"{path}: {error.strerror}") from error


def _curve(axes: Axes, series: Series, values: Sequence[int | None], unit: float) -> None:
    known = [(at * NANO, value / unit) for at, value in zip(series.t_ns, values, strict=True) if value is not None]
    axes.plot([at for at, _ in known], [value for _, value in known], label=_plain(series.name))


def _plain(name: str) -> str:
    """As it was typed: a dollar would begin a formula."""
    return name.replace("$", r"\$")
