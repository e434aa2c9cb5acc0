"""Trees and graphs for Graphviz: ``dot -Tsvg FILE``."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from pathlib import Path

from attrs import frozen

from gdbext.report import Cell, Node
from gdbext.report.cells import cell_text, join
from gdbext.store import given

HEAD = "digraph go {\n"
LONGEST = 1000
"""Characters of a label: who draws takes sixteen thousand bytes, and nobody reads so wide a box."""


@frozen
class Vertex:
    """A box. ``key``: what arrows know it by."""

    key: Hashable
    text: Sequence[Cell]


@frozen
class Arrow:
    """From one box to another."""

    start: Hashable
    end: Hashable
    text: Sequence[Cell] = ()


def render_tree(roots: Iterable[Node]) -> Iterator[str]:
    """A forest as DOT, line by line, any depth; vertices are numbered in the order of the lines of the text."""
    yield from _header()
    stack: list[tuple[Iterator[Node], int]] = [(iter(roots), -1)]
    number = 0
    while stack:
        siblings, parent = stack[-1]
        node = next(siblings, None)
        if node is None:
            stack.pop()
            continue
        yield f"n{number} [label={_label(node.text)}];\n"
        if parent >= 0:
            yield f"n{parent} -> n{number};\n"
        stack.append((iter(node.children), number))
        number += 1
    yield "}\n"


def render_graph(parts: Iterable[Vertex | Arrow]) -> Iterator[str]:
    """Boxes and arrows as DOT, line by line; each is written once. Both ends of an arrow come before it."""
    yield from _header()
    numbers: dict[Hashable, int] = {}
    drawn: set[Arrow] = set()
    for part in parts:
        if isinstance(part, Vertex):
            if part.key not in numbers:
                numbers[part.key] = len(numbers)
                yield f"n{numbers[part.key]} [label={_label(part.text)}];\n"
        elif part not in drawn:
            drawn.add(part)
            label = f" [label={_label(part.text)}]" if part.text else ""
            yield f"n{numbers[part.start]} -> n{numbers[part.end]}{label};\n"
    yield "}\n"


def is_ours(path: Path) -> bool:
    """Whether a file is one of these."""
    wanted = "".join(_header()).encode()
    return given.head(path, len(wanted)) == wanted


def _header() -> Iterator[str]:
    yield HEAD
    yield "rankdir=LR;\n"
    yield 'node [shape=box, fontname="monospace"];\n'


def _label(cells: Sequence[Cell]) -> str:
    text = join(cell_text(cell) for cell in cells if cell is not None)
    return _quoted(text if len(text) < LONGEST else f"{text[: LONGEST - 1]}…")


def _quoted(text: str) -> str:
    """A DOT string. Backslashes are doubled, for DOT gives some of them a meaning (``\\N`` is the node's name), and so
    it does to what HTML calls an entity."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;") + '"'


__all__ = ["Arrow", "Vertex", "is_ours", "render_graph", "render_tree"]
