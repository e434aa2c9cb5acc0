"""Trees of very many lines: the guides of some thousand lines at a time, and the lines column by column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from gdbext.report import Address, Cell, Choices, Outline, Stretch
from gdbext.report.cells import cell_text, escape

DEEPEST = 32
"""Tree levels drawn with guides; below, lines begin with their level: a chain of a million would be 10^12 blanks."""
TOGETHER = 512
"""Lines written at once. Nobody waits for so few, and stopping takes no longer."""


class Painter(Protocol):
    """Writes cells, and styles by name."""

    def paint(self, style: str, text: str) -> str: ...

    def cell(self, cell: Cell, text: str) -> str: ...

    def line(self, cells: Sequence[Cell]) -> str: ...


def guide(depth: int, indent: str, last: bool) -> str:
    """What stands before a line."""
    if depth == 0:
        return ""
    if depth > DEEPEST:
        return f"[{depth}] "
    return indent + ("└─ " if last else "├─ ")


def below(depth: int, indent: str, last: bool) -> str:
    """The indent of the lines below a line at ``depth`` with that indent."""
    return indent if depth == 0 or depth >= DEEPEST else indent + ("   " if last else "│  ")


def outline_lines(outline: Outline, painter: Painter) -> Iterator[str]:
    """The lines, some hundred in a text."""
    guides, first = _Guides(painter), True
    for stretch in outline.stretches:
        lines = _lines(stretch, guides, painter)
        for row, title in stretch.titles.items():
            apart = "" if first and row == 0 else "\n"
            lines[row] = f"{apart}{painter.paint('heading', escape(title))}\n\n{lines[row]}"
        for at in range(0, len(lines), TOGETHER):
            yield "\n".join(lines[at : at + TOGETHER])
        first = False


def _lines(stretch: Stretch, guides: _Guides, painter: Painter) -> list[str]:
    columns = [_texts(column, painter) for column in stretch.columns]
    return list(map("".join, zip(guides.of(stretch), *columns, strict=True)))


def _texts(column: Choices, painter: Painter) -> list[str]:
    """The column's text in each line; what is not there is the last of those that can be chosen."""
    known = [column.before + _phrase(phrase, painter) for phrase in column.phrases]
    known.append("")
    return list(map(known.__getitem__, column.which))


def _phrase(phrase: Cell | list[Cell], painter: Painter) -> str:
    """A hot loop: a line of a million may have a phrase of its own, so no abstract class is asked."""
    if isinstance(phrase, list):
        return painter.line(phrase)
    return painter.cell(phrase, f"{phrase:#x}" if type(phrase) is Address else cell_text(phrase))


class _Guides:
    """The guides of one line after another; what hangs below is remembered level by level."""

    def __init__(self, painter: Painter) -> None:
        self._painter, self._indents = painter, [""] * (DEEPEST + 1)

    def of(self, stretch: Stretch) -> list[str]:
        """The guides of the lines of a stretch."""
        known: dict[str, str] = {}
        paint, indents, made = self._painter.paint, self._indents, []
        for depth, last in zip(stretch.depths, stretch.lasts, strict=True):
            indent = indents[min(depth, DEEPEST)]
            if depth < DEEPEST:
                indents[depth + 1] = below(depth, indent, last)
            drawn = guide(depth, indent, last)
            if depth > DEEPEST:
                made.append(paint("dim", drawn))
                continue
            painted = known.get(drawn)
            if painted is None:
                painted = known[drawn] = paint("dim", drawn)
            made.append(painted)
        return made


__all__ = ["DEEPEST", "TOGETHER", "Painter", "below", "guide", "outline_lines"]
