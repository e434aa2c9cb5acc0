"""DOT files: whole texts compared."""

from __future__ import annotations

from pathlib import Path

from gdbext.report import Address, Hostile, Node
from gdbext.report.dot import Arrow, Vertex, is_ours, render_graph, render_tree

HEADER = 'digraph go {\nrankdir=LR;\nnode [shape=box, fontname="monospace"];\n'


def test_a_tree() -> None:
    forest = [Node(["root", Address(16)], [Node(["a"], [Node(["b"])]), Node(["c"])]), Node(["other"])]
    assert "".join(render_tree(forest)) == HEADER + (
        'n0 [label="root 0x10"];\n'
        'n1 [label="a"];\nn0 -> n1;\n'
        'n2 [label="b"];\nn1 -> n2;\n'
        'n3 [label="c"];\nn0 -> n3;\n'
        'n4 [label="other"];\n}\n'
    )


def test_hostile_labels() -> None:
    forest = [Node([Hostile('"];x[\n\\N')], [Node(["waits on"])])]
    assert "".join(render_tree(forest)) == HEADER + (
        'n0 [label="\\"];x[\\\\n\\\\N"];\nn1 [label="waits on"];\nn0 -> n1;\n}\n'
    )


def test_a_deep_chain_needs_no_recursion() -> None:
    node = Node(["end"])
    for _ in range(50_000):
        node = Node(["x"], [node])
    assert sum(1 for _ in render_tree([node])) == 3 + 2 * 50_001 - 1 + 1
    while node.children:
        (node,) = node.children


def test_entities_are_none() -> None:
    """DOT would take them for the characters that they stand for in HTML."""
    assert "".join(render_tree([Node(["&lt;&#27;[2J"])])) == HEADER + 'n0 [label="&amp;lt;&amp;#27;[2J"];\n}\n'


def test_a_graph_has_each_part_once() -> None:
    one, other = Vertex(1, [Address(16), Hostile("a\nb")]), Vertex("two", ["2"])
    parts = [one, other, Arrow(1, "two", (Hostile(".x"),)), one, Arrow(1, "two", (Hostile(".x"),)), Arrow("two", 1)]
    assert "".join(render_graph(parts)) == HEADER + (
        'n0 [label="0x10 a\\\\nb"];\nn1 [label="2"];\nn0 -> n1 [label=".x"];\nn1 -> n0;\n}\n'
    )


def test_files_of_ours_are_known(tmp_path: Path) -> None:
    path = tmp_path / "f"
    assert not is_ours(path)
    path.write_text("".join(render_tree([])))
    assert is_ours(path)
    path.write_text("digraph go {\n}")
    assert not is_ours(path)
