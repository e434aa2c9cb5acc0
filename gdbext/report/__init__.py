"""How an answer is shown: cells that keep their type, tables, trees. Knows nothing of Go.

A command returns a Report. ``document`` is what ``--json`` prints (the keys of the interface), ``blocks`` is what a
person reads. Both may be lazy: rows, and blocks too, are produced while they are written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from attrs import field, frozen


class Address(int):
    """A target address: ``0x…`` in text and, as a string, in JSON."""


class Bytes(int):
    """A size: ``1.05 GiB`` in text, the number in JSON."""


class Duration(int):
    """Nanoseconds: ``58m3s`` in text, the number in JSON."""


@frozen
class Absent:
    """A value that could not be had, and why."""

    reason: str


@frozen
class Hostile:
    """Text that came from the target's memory: shown escaped, never raw."""

    text: str


Cell = Address | Bytes | Duration | Absent | Hostile | str | int | float | bool | None


@frozen
class Heading:
    """A table column. ``align``: left or right."""

    title: str
    align: str = "left"


@frozen
class Table:
    """Rows of cells under columns. ``cut`` says in one line what a limit left out."""

    columns: Sequence[Heading]
    rows: Iterable[Sequence[Cell]]
    title: str = ""
    cut: str = ""


@frozen
class Node:
    """A tree line and what hangs below it. ``text`` is a sequence of cells joined by blanks."""

    text: Sequence[Cell]
    children: Iterable[Node] = ()


@frozen
class Tree:
    """A forest, drawn with guides; any depth, without recursion."""

    roots: Iterable[Node]
    title: str = ""
    cut: str | Callable[[], str] = ""
    """Asked after the last line was drawn when it can be called."""


@frozen
class Choices:
    """One column of many lines: which of ``phrases`` stands in each, -1 for none, with ``before`` in front of it.

    A phrase is a cell, or a list of cells joined by blanks.
    """

    phrases: Sequence[Cell | list[Cell]]
    which: Sequence[int]
    before: str = ""


@frozen
class Stretch:
    """Some lines of an Outline in the order they are drawn, column by column: a million lines are too many to be made
    one by one. ``depths``: levels below the root. ``lasts``: whether no sibling follows. ``titles``: by line, headings
    that stand in front of it, set apart by empty lines."""

    depths: Sequence[int]
    lasts: Sequence[bool]
    columns: Sequence[Choices]
    titles: Mapping[int, str] = field(factory=dict)


@frozen
class Outline:
    """A forest of very many lines, drawn like a Tree. A stretch that begins with a root begins a new tree."""

    stretches: Iterable[Stretch]
    title: str = ""
    cut: str | Callable[[], str] = ""


@frozen
class Text:
    """A paragraph."""

    text: str
    style: str = ""
    """"", "heading" or "warning"."""


@frozen
class Lines:
    """Lines that stand as they are, however long; a tab at their start stays one. ``cut`` as of a table.

    ``lines``: texts of one or more lines.
    """

    lines: Iterable[str]
    title: str = ""
    cut: str = ""


@frozen
class Verbatim:
    """Text that somebody else laid out, in pieces, written as it is while it is produced."""

    pieces: Iterable[str]


Block = Table | Tree | Outline | Text | Lines | Verbatim


class Rows:
    """A JSON array written row by row. ``encoded``: the items are JSON texts already (bulk rows); ``mended``: as
    report/jsontext makes them, so that nobody need look through them for what strict readers refuse."""

    def __init__(self, items: Iterable[object], encoded: bool = False, mended: bool = False) -> None:
        self.items = items
        self.encoded = encoded
        self.mended = mended


@frozen
class Report:
    """A command's answer."""

    document: Mapping[str, object]
    blocks: Iterable[Block]
    notes: Sequence[str] = field(factory=tuple)
    """Self-check results, what was cut or could not be read: printed below the text, and "notes" in JSON."""
    target: Mapping[str, object] | None = None
    """Of an answer that was asked of no program: what JSON says of the one that it is about."""
