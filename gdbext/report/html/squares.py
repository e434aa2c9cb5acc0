"""A treemap: where each area lies. The only importer of squarify."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from attrs import frozen

from gdbext.report.html import Area

WIDTH, HEIGHT = 1000, 480
"""Units of the picture."""
HEAD = 20
"""Above the parts of an area, for its name."""
EDGE = 3
SMALLEST = 4
"""What is narrower or lower is not drawn."""
LEVELS = 3
LETTER = 7
"""How wide one is, about."""
LETTERS = 6
"""A name of fewer that fit is not written."""


class Where(NamedTuple):
    """A place in the picture."""

    x: float
    y: float
    width: float
    height: float


@frozen
class Box:
    """An area in its place. ``label``: as much of its name as fits, "" for nothing."""

    area: Area
    level: int
    at: Where
    label: str


def boxes(areas: Sequence[Area]) -> Iterator[Box]:
    """Of areas and their parts, what is above others first."""
    yield from _boxes(areas, 0, Where(0, 0, WIDTH, HEIGHT), sum(area.size for area in areas))


def _boxes(areas: Sequence[Area], level: int, where: Where, whole: int) -> Iterator[Box]:
    """``whole``: the size that the place stands for; what no area takes of it stays free."""
    some = sorted((area for area in areas if area.size > 0), key=lambda area: -area.size)
    if not some or min(where.width, where.height) < SMALLEST:
        return
    for area, at in zip(some, _laid([area.size for area in some], whole, where), strict=True):
        if min(at.width, at.height) < SMALLEST:
            continue
        yield Box(area, level, Where(*(round(number, 1) for number in at)), _label(area.name, at))
        if level + 1 < LEVELS:
            inside = Where(at.x + EDGE, at.y + HEAD, at.width - 2 * EDGE, at.height - HEAD - EDGE)
            yield from _boxes(area.parts, level + 1, inside, area.size)


def _laid(sizes: Sequence[int], whole: int, where: Where) -> list[Where]:
    """Where each lies. ``sizes``: the largest first; what they leave of the whole is laid among them."""
    import squarify

    rest = max(whole - sum(sizes), 0)
    every = [*enumerate(sizes), *([(len(sizes), rest)] if rest else [])]
    every.sort(key=lambda one: -one[1])
    normal = squarify.normalize_sizes([size for _, size in every], where.width, where.height)
    laid = squarify.squarify(normal, where.x, where.y, where.width, where.height)
    found = {at: Where(one["x"], one["y"], one["dx"], one["dy"]) for (at, _), one in zip(every, laid, strict=True)}
    return [found[at] for at in range(len(sizes))]


def _label(name: str, at: Where) -> str:
    fit = int((at.width - 2 * EDGE) / LETTER)
    if at.height < HEAD or fit < min(LETTERS, len(name)):
        return ""
    return name if len(name) <= fit else name[: fit - 1] + "…"
