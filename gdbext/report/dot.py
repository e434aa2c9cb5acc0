"""Trees for Graphviz: ``dot -Tsvg FILE``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from gdbext.report import Cell, Node
from gdbext.report.cells import cell_text, join


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


def _header() -> Iterator[str]:
    yield "digraph go {\n"
    yield "rankdir=LR;\n"
    yield 'node [shape=box, fontname="monospace"];\n'


def _label(cells: Sequence[Cell]) -> str:
    return _quoted(join(cell_text(cell) for cell in cells if cell is not None))


def _quoted(text: str) -> str:
    """A DOT string. Backslashes are doubled, for DOT gives some of them a meaning (``\\N`` is the node's name)."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
