"""A report for a person: tables, trees, paragraphs. The only importer of tabulate and pygments.

Everything is written while it is produced. tabulate lays out a table; not a long one, for it would take seconds and
hold all of it: there the first rows decide how wide the columns are.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

from attrs import field, frozen

from gdbext.report import (
    Absent,
    Address,
    Block,
    Cell,
    Heading,
    Hostile,
    Lines,
    Node,
    Outline,
    Report,
    Table,
    Text,
    Tree,
    Verbatim,
)
from gdbext.report.cells import cell_text, escape, is_number, join
from gdbext.report.jsontext import gather_pieces
from gdbext.report.outline import TOGETHER, below, guide, outline_lines

SAMPLE = 500
"""A table of fewer rows is laid out by tabulate; of a longer one so many decide how wide the columns are."""
NARROWEST = 12
"""A column is never cut below this."""
ALONE = frozenset([str, type(None), Hostile, Absent])
"""Cells that equal none of another kind."""
GAP = "  "


def render_text(report: Report, color: bool = False, width: int | None = None) -> Iterator[str]:
    """The whole report in pieces. ``width``: columns of the terminal, None where lines may be long."""
    yield from gather_pieces(_lines(report, _Painter.of(color), width), 1 << 13)


def _lines(report: Report, painter: _Painter, width: int | None) -> Iterator[str]:
    separator = ""
    for block in report.blocks:
        for line in _block(block, painter, width):
            yield f"{separator}{line}\n" if line is not None else ""
            separator = ""
        separator = "\n"
    for note in report.notes:
        for line in _wrap(f"note: {note}", width):
            yield f"{separator}{painter.paint('dim', line)}\n"
            separator = ""


def _block(block: Block, painter: _Painter, width: int | None) -> Iterator[str | None]:
    """Its lines; None in place of a line: what stands before it is to be written now."""
    if isinstance(block, Text):
        for line in _wrap(block.text, width):
            yield painter.paint(block.style, line)
        return
    if isinstance(block, Verbatim):
        for piece in block.pieces:
            yield from piece.splitlines()
            yield None
        return
    if block.title:
        yield painter.paint("heading", escape(block.title))
    yield from _drawn(block, painter, width)
    cut = block.cut() if callable(block.cut) else block.cut
    if cut:
        yield painter.paint("dim", escape(cut))


def _drawn(block: Table | Tree | Outline | Lines, painter: _Painter, width: int | None) -> Iterator[str]:
    if isinstance(block, Lines):
        return map(_as_it_stands, block.lines)
    if isinstance(block, Outline):
        return outline_lines(block, painter)
    return _table(block, painter, width) if isinstance(block, Table) else _tree(block, painter)


def _as_it_stands(text: str) -> str:
    """Lines with their breaks, and tabs where they start; everything else that is not printable escaped."""
    if text.replace("\n\t", "").replace("\n", "").isprintable():
        return text
    lines = (f"\t{escape(line[1:])}" if line.startswith("\t") else escape(line) for line in text.split("\n"))
    return "\n".join(lines)


def _wrap(text: str, width: int | None) -> Iterator[str]:
    for line in text.split("\n"):
        if width is None or len(line) <= width:
            yield escape(line)
        else:
            yield from textwrap.wrap(escape(line), max(width, 20), break_long_words=False, break_on_hyphens=False)


# Tables


@frozen
class _Layout:
    """How wide each column is, which side it is aligned to, and whether its cells may be cut."""

    widths: Sequence[int]
    right: Sequence[bool]
    cuttable: Sequence[bool]


def _table(table: Table, painter: _Painter, width: int | None) -> Iterator[str]:
    rows = iter(table.rows)
    sample = list(islice(rows, SAMPLE))
    if not sample:
        yield painter.paint("dim", "(none)")
        return
    texts = [[cell_text(cell) for cell in row] for row in sample]
    layout = _fit(_natural(table.columns, sample, texts), width, table.columns)
    if len(sample) < SAMPLE:
        yield from _short_lines(table.columns, sample, texts, layout, painter)
    else:
        yield from _long_lines(table.columns, chain(sample, rows), layout, painter)


def _natural(columns: Sequence[Heading], sample: Sequence[Sequence[Cell]], texts: Sequence[Sequence[str]]) -> _Layout:
    """Columns as wide as the sample needs."""
    widths = [max(len(column.title), *(len(row[index]) for row in texts)) for index, column in enumerate(columns)]
    cells = [[row[index] for row in sample] for index in range(len(columns))]
    numeric = [all(is_number(cell) or cell is None or isinstance(cell, Absent) for cell in column) for column in cells]
    some = [any(is_number(cell) for cell in column) for column in cells]
    right = [column.align == "right" or (numeric[i] and some[i]) for i, column in enumerate(columns)]
    cuttable = [not right[i] and not any(isinstance(cell, Address) for cell in cells[i]) for i in range(len(columns))]
    return _Layout(widths, right, cuttable)


def _fit(layout: _Layout, width: int | None, columns: Sequence[Heading]) -> _Layout:
    """The layout made to fit ``width`` where it can be: the widest cuttable columns give."""
    if width is None:
        return _Layout(layout.widths, layout.right, [False] * len(layout.widths))
    widths, least = list(layout.widths), [max(NARROWEST, len(column.title)) for column in columns]
    excess = sum(widths) + len(GAP) * (len(widths) - 1) - width
    while excess > 0:
        able = [i for i in range(len(widths)) if layout.cuttable[i] and widths[i] > least[i]]
        if not able:
            break
        widest = max(able, key=lambda i: widths[i])
        widths[widest] -= 1
        excess -= 1
    return _Layout(widths, layout.right, layout.cuttable)


def _short_lines(
    columns: Sequence[Heading],
    sample: Sequence[Sequence[Cell]],
    texts: Sequence[Sequence[str]],
    layout: _Layout,
    painter: _Painter,
) -> Iterator[str]:
    from tabulate import tabulate

    body = [
        [painter.cell(cell, _cut(text, layout, i)) for i, (cell, text) in enumerate(zip(row, line, strict=True))]
        for row, line in zip(sample, texts, strict=True)
    ]
    titles = [painter.paint("heading", column.title) for column in columns]
    drawn = tabulate(  # the titles are a row: tabulate makes columns two wider than what it is told is a header
        [titles, *body],
        tablefmt="plain",
        disable_numparse=True,
        colalign=["right" if right else "left" for right in layout.right],
    )
    return (line.rstrip() for line in drawn.split("\n"))


def _cut(text: str, layout: _Layout, index: int) -> str:
    """The text in its column's width; the middle goes, for both ends of a path or a function's name tell more."""
    width = layout.widths[index]
    if not layout.cuttable[index] or len(text) <= width:
        return text
    head = (width - 1) // 3
    return f"{text[:head]}…{text[len(text) - (width - 1 - head) :]}"


def _long_lines(
    columns: Sequence[Heading], rows: Iterable[Sequence[Cell]], layout: _Layout, painter: _Painter
) -> Iterator[str]:
    """A hot loop, some hundred lines at a time: cells that rows share are written once."""
    writers = [_Writer(layout, index, painter) for index in range(len(columns))]
    yield GAP.join(writer.title(column) for writer, column in zip(writers, columns, strict=True)).rstrip()
    waiting = iter(rows)
    while piece := list(islice(waiting, TOGETHER)):
        texts = [writer.texts(cells) for writer, cells in zip(writers, zip(*piece, strict=True), strict=True)]
        yield "\n".join([line.rstrip() for line in map(GAP.join, zip(*texts, strict=True))])


class _Writer:
    """Writes the cells of one column: cut, padded, painted."""

    def __init__(self, layout: _Layout, index: int, painter: _Painter) -> None:
        self.width, self.right, self.cuttable = layout.widths[index], layout.right[index], layout.cuttable[index]
        self.layout, self.index, self.painter = layout, index, painter

    def title(self, column: Heading) -> str:
        return self._padded(column.title, self.painter.paint("heading", column.title))

    def text(self, cell: Cell) -> str:
        shown = _cut(cell_text(cell), self.layout, self.index)
        return self._padded(shown, self.painter.cell(cell, shown))

    def _padded(self, text: str, painted: str) -> str:
        blanks = " " * (self.width - len(text))
        return blanks + painted if self.right else painted + blanks

    def texts(self, cells: Sequence[Cell]) -> list[str]:
        """Each cell's text. Numbers of different kinds can be equal and not look alike."""
        kinds = set(map(type, cells))
        if kinds == {int} and not self.cuttable:
            return list(map(f"%{'' if self.right else '-'}{self.width}d".__mod__, cells))
        if len(kinds - ALONE) > 1 or float in kinds:
            return list(map(self.text, cells))
        known = {cell: self.text(cell) for cell in set(cells)}
        return list(map(known.__getitem__, cells))


# Trees


def _tree(tree: Tree, painter: _Painter) -> Iterator[str]:
    """Depth first. The stack holds, per level, the siblings still to come, and what stands before their lines."""
    roots = iter(tree.roots)
    stack: list[tuple[Iterator[Node], Node | None, str]] = [(roots, next(roots, None), "")]
    while stack:
        siblings, node, indent = stack.pop()
        if node is None:
            continue
        following = next(siblings, None)
        depth = len(stack)
        yield painter.paint("dim", guide(depth, indent, following is None)) + painter.line(node.text)
        stack.append((siblings, following, indent))
        children = iter(node.children)
        stack.append((children, next(children, None), below(depth, indent, following is None)))


# Colours


@frozen
class _Painter:
    """Escape codes around a text by the name of a style; none where no colour is wanted."""

    styles: dict[str, tuple[str, str]] = field(factory=dict)

    @classmethod
    def of(cls, color: bool) -> _Painter:
        return cls(_styles() if color else {})

    def paint(self, style: str, text: str) -> str:
        codes = self.styles.get(style)
        return f"{codes[0]}{text}{codes[1]}" if codes and text else text

    def cell(self, cell: Cell, text: str) -> str:
        return self.paint(_STYLES.get(type(cell), ""), text) if self.styles else text

    def line(self, cells: Iterable[Cell]) -> str:
        """A tree line: its cells joined by blanks; none before a comma."""
        return join(self.cell(cell, cell_text(cell)) for cell in cells if cell is not None)


_STYLES: dict[type, str] = {Address: "address", Absent: "dim", Hostile: "target"}


def _styles() -> dict[str, tuple[str, str]]:
    """Each style's escape codes, as pygments' terminal formatter writes them."""
    from pygments import format as write
    from pygments.formatters import TerminalFormatter
    from pygments.token import Token, _TokenType

    colors: dict[str, tuple[str, str]] = {
        "heading": ("**", "**"),
        "warning": ("brightred", "brightred"),
        "dim": ("gray", "brightblack"),
        "address": ("blue", "brightblue"),
        "target": ("yellow", "yellow"),
    }
    tokens: dict[str, Any] = {name: getattr(Token, name.capitalize()) for name in colors}
    scheme: dict[_TokenType, tuple[str, str]] = {Token: ("", ""), **{tokens[name]: colors[name] for name in colors}}
    formatter = TerminalFormatter(bg="dark", colorscheme=scheme)
    codes = {name: write([(tokens[name], "\0")], formatter).split("\0") for name in colors}
    return {name: (before, after) for name, (before, after) in codes.items()}


__all__ = ["render_text"]
