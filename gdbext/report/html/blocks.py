"""What each block of a report becomes in a page: plain values for the template, nothing unbounded, nothing raw."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from attrs import define, evolve, field, frozen

from gdbext.compute.arrays import U64
from gdbext.report import Absent, Address, Bytes, Cell, Lines, Node, Outline, Table, Text, Tree, Verbatim
from gdbext.report.cells import cell_text, escape, join
from gdbext.report.html import Areas, Branch, Forest, Shown
from gdbext.report.html.packed import packed
from gdbext.report.html.squares import HEIGHT, WIDTH, boxes

SHORT = 60
"""Rows of a table that all stand in the page; of a longer one the first do, and the script shows what is in sight."""
FIRST = 30
MOST_ROWS, MOST_LINES, MOST_LEVELS = 20_000, 5_000, 100
"""(A browser flattens what is nested more deeply than 512.)"""
CUT = "… more is not in this page"
WORDS: Mapping[type, str] = {Address: "address", Absent: "absent"}


@frozen
class Word:
    """A cell. ``css``: its class. ``exact``: what a pointer over it says. ``bar``: its share of the largest."""

    text: str
    css: str = ""
    exact: str = ""
    bar: str = ""

    @classmethod
    def of(cls, cell: Cell) -> Word:
        """Printable, whatever it is."""
        exact = f"{int(cell):,} bytes" if type(cell) is Bytes and cell >= 1024 else ""
        return cls(cell_text(cell), WORDS.get(type(cell), ""), exact)


@frozen
class Step:
    """A line of a tree: ``opens`` a level, or is a leaf, or (without words) closes one. ``members``: the name of its
    hidden addresses, ``many`` of them."""

    opens: bool = False
    words: Sequence[Word] = ()
    members: str = ""
    many: int = 0


@define(eq=False)
class Data:
    """What the script is given: long tables by name, hidden addresses by name."""

    tables: dict[str, list[list[str]]] = field(factory=dict)
    members: dict[str, str] = field(factory=dict)

    def name(self, kept: Mapping[str, object], letter: str) -> str:
        """One that is free."""
        return f"{letter}{len(kept)}"


def shown(block: Shown, data: Data) -> dict[str, Any]:
    """For the template: ``kind`` and what that kind needs."""
    kind, make = MAKERS[type(block)]
    return {"kind": kind, **make(block, data)}


def _text(block: Text, data: Data) -> dict[str, Any]:
    return {"text": "\n".join(map(escape, block.text.split("\n"))), "style": block.style or "plain"}


def _lines(block: Lines, data: Data) -> dict[str, Any]:
    some = list(islice(block.lines, MOST_LINES + 1))
    text = "\n".join(escape(line) for one in some[:MOST_LINES] for line in one.split("\n"))
    return {"title": escape(block.title), "text": text, "cut": _cut(block) or (CUT if len(some) > MOST_LINES else "")}


def _verbatim(block: Verbatim, data: Data) -> dict[str, Any]:
    return _lines(Lines(line for piece in block.pieces for line in piece.splitlines()), data)


def _outline(block: Outline, data: Data) -> dict[str, Any]:
    from gdbext.report import Report
    from gdbext.report.text import render_text

    return _verbatim(Verbatim(render_text(Report({}, [block]))), data)


def _cut(block: Lines | Table | Tree | Forest) -> str:
    return escape(block.cut() if callable(block.cut) else block.cut)


def _table(block: Table, data: Data) -> dict[str, Any]:
    rows = [list(row) for row in islice(block.rows, MOST_ROWS + 1)]
    cut = CUT if len(rows) > MOST_ROWS else ""
    del rows[MOST_ROWS:]
    bar = next((at for at, cell in enumerate(rows[0] if rows else ()) if type(cell) is Bytes), None)
    name = _kept(rows, data) if len(rows) > SHORT else ""
    return {
        "title": escape(block.title),
        "headings": block.columns,
        "rows": list(_barred(rows[: FIRST if name else None], rows, bar)),
        "count": len(rows),
        "data": name,
        "cut": _cut(block) or cut,
    }


def _kept(rows: Sequence[Sequence[Cell]], data: Data) -> str:
    name = data.name(data.tables, "t")
    data.tables[name] = [[cell_text(cell) for cell in row] for row in rows]
    return name


def _barred(some: Iterable[Sequence[Cell]], every: Sequence[Sequence[Cell]], bar: int | None) -> Iterator[list[Word]]:
    """``bar``: the column of sizes that are shown as parts of the largest too."""
    if bar is None:
        yield from ([Word.of(cell) for cell in row] for row in some)
        return
    sizes = [row[bar] for row in every]
    largest = max((int(size) for size in sizes if isinstance(size, int)), default=0)
    for row in some:
        words, size = [Word.of(cell) for cell in row], row[bar]
        share = f"{max(int(size), 0) / largest:.3f}" if isinstance(size, int) and largest > 0 else ""
        words[bar] = evolve(words[bar], bar=share)
        yield words


def _tree(block: Tree | Forest, data: Data) -> dict[str, Any]:
    steps = list(_steps(block.roots if isinstance(block, Tree) else block.branches, data))
    return {"title": escape(block.title), "steps": steps, "cut": _cut(block)}


def _steps(roots: Iterable[Node | Branch], data: Data) -> Iterator[Step]:
    """Of a forest, any depth: what is too deep or too much is left out, and said."""
    stack, lines = [iter(roots)], 0
    while stack:
        found = next(stack[-1], None)
        if found is None:
            stack.pop()
            yield from [Step()] if stack else []
            continue
        lines += 1
        if lines > MOST_LINES:
            yield Step(words=[Word(CUT)])
            yield from (Step() for _ in stack[1:])
            return
        text, below = found.text, list[Node | Branch](islice(found.children, MOST_LINES))
        if below and len(stack) >= MOST_LEVELS:
            below, text = [], [*text, ", and more below it"]
        name, many = _hidden(found.members if isinstance(found, Branch) else None, data)
        yield Step(bool(below or name), list(_words(text)), name, many)
        if below or name:
            stack.append(iter(below))


def _hidden(members: U64 | None, data: Data) -> tuple[str, int]:
    if members is None or len(members) < 2:
        return "", 0
    name = data.name(data.members, "m")
    data.members[name] = packed(members)
    return name, len(members)


def _words(cells: Iterable[Cell]) -> Iterator[Word]:
    """With the blanks between them."""
    before = ""
    for cell in cells:
        if cell is None:
            continue
        word = Word.of(cell)
        before = "" if word.text.startswith(",") else before
        yield from [Word(before)] if before else []
        yield word
        before = " "


def _areas(block: Areas, data: Data) -> dict[str, Any]:
    made = []
    hue = -1
    for box in boxes(block.areas):
        hue += box.level == 0
        said = join(cell_text(cell) for cell in box.area.said if cell is not None)
        made.append(
            {"box": box, "label": escape(box.label), "said": f"{escape(box.area.name)}: {said}", "hue": hue % 6}
        )
    return {"title": escape(block.title), "width": WIDTH, "height": HEIGHT, "boxes": made}


MAKERS: Mapping[type, tuple[str, Callable[[Any, Data], dict[str, Any]]]] = {
    Text: ("text", _text),
    Lines: ("lines", _lines),
    Verbatim: ("lines", _verbatim),
    Outline: ("lines", _outline),
    Table: ("table", _table),
    Tree: ("tree", _tree),
    Forest: ("tree", _tree),
    Areas: ("areas", _areas),
}
"""What the template does with each block, and what it is given."""
