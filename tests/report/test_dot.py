"""DOT files: whole texts compared."""

from __future__ import annotations

from gdbext.report import Address, Hostile, Node
from gdbext.report.dot import render_tree

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
