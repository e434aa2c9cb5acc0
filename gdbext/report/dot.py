"""Trees and graphs for Graphviz: ``dot -Tsvg FILE``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from attrs import frozen

from gdbext.report import Cell, Node
from gdbext.report.cells import cell_text, join


@frozen
class Vertex:
    """A node of a graph. ``name`` is how edges call it; ``text`` are cells joined by blanks."""

    name: str
    text: Sequence[Cell]


@frozen
class Edge:
    """An arrow between two vertices."""

    tail: str
    head: str
    text: Sequence[Cell] = ()


def render_graph(vertices: Iterable[Vertex], edges: Iterable[Edge]) -> Iterator[str]:
    """The graph as DOT, line by line."""
    yield from _header()
    for vertex in vertices:
        yield f"{_quoted(vertex.name)} [label={_label(vertex.text)}];\n"
    for edge in edges:
        label = f" [label={_label(edge.text)}]" if edge.text else ""
        yield f"{_quoted(edge.tail)} -> {_quoted(edge.head)}{label};\n"
    yield "}\n"


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
