"""A heap as tables: every row against what it was made of."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from gdbext.report.parquet import Masked, Piece, Texts
from gdbext.views import heaptables
from tests import tools
from tests.analysis.dumps.madedumps import HEAP, PAGE, TYPES, UNTYPED, Context, Span, dead, dump, live, site
from tests.analysis.heap.madegraph import Graph, graphs

ORDER = live(TYPES[0])


def rows(pieces: Iterable[Piece]) -> list[dict[str, Any]]:
    """All of them."""
    found = []
    for piece in pieces:
        columns = {name: _values(column) for name, column in piece.items()}
        found += [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return found


def _values(column: Any) -> list[Any]:
    if isinstance(column, Texts):
        return [column.texts[at] if at >= 0 else None for at in column.which.tolist()]
    if isinstance(column, Masked):
        return [value if known else None for value, known in zip(column.values.tolist(), column.known, strict=True)]
    values: list[Any] = column.tolist()
    return values


@given(graphs(), st.integers(1, 4))
def test_edges_are_the_graphs(made: tuple[Graph, list[int]], piece: int) -> None:
    """However few fit: of reachable objects only, and each pointer of an object."""
    graph, roots = made
    flowed = graph.made.flowed(graph.at[root] for root in roots)
    reachable = graph.reachable(roots)
    found = rows(heaptables.edges(flowed, piece))
    wanted = {(graph.at[a], graph.at[b]) for a, b in graph.graph.edges if graph.at[a] in reachable}
    assert {(row["source"], row["target"]) for row in found} == wanted
    assert len({(row["source"], row["offset"]) for row in found}) == len(found)
    assert found == rows(heaptables.edges(flowed)), "in pieces of any size"


def test_where_an_edge_is() -> None:
    graph = Graph([48, 600, 24], (), [(0, 3, 1, 8), (1, 2, 2, 0)])
    flowed = graph.made.flowed(graph.at[:1])
    assert rows(heaptables.edges(flowed)) == [
        {"source": graph.at[0], "offset": 24, "target": graph.at[1]},
        {"source": graph.at[1], "offset": 16, "target": graph.at[2]},
    ]


@pytest.mark.parametrize("piece", [1, 2, 1000])
def test_objects(piece: int) -> None:
    sampled = [(HEAP, 1, site("main.make", "main.main")), (HEAP + PAGE + 8, 2, site("main.other"))]
    made = dump(
        Span(48, [ORDER, 0, dead("main.item"), live("main.order", 2)]), Span(8, [UNTYPED, live("string data", 2)]),
        samples=sampled,
    )  # fmt: skip
    nowhere = {"allocated_by": None, "stack": None}
    order = {"size": 48, "type": 0, "reachable": True}
    first = "main.make at /src/a.go:10"
    assert rows(heaptables.objects(made, piece)) == [
        {
            "address": HEAP,
            **order,
            "exact": True,
            "allocated_by": first,
            "stack": f"{first}\nmain.main at /src/a.go:11",
        },
        {"address": HEAP + 96, "size": 48, "type": 1, "exact": True, "reachable": False, **nowhere},
        {"address": HEAP + 144, **order, "exact": False, **nowhere},
        {"address": HEAP + PAGE, "size": 8, "type": None, "exact": False, "reachable": True, **nowhere},
        {
            "address": HEAP + PAGE + 8,
            "size": 8,
            "type": 2,
            "exact": True,
            "reachable": True,
            "allocated_by": "main.other at /src/a.go:10",
            "stack": "main.other at /src/a.go:10",
        },
    ]


def test_types() -> None:
    made = dump(Span(48, [ORDER, ORDER, dead("main.order"), live("string data")]))
    kinds = rows(heaptables.types(made))
    assert kinds[0] == {
        "type": 0,
        "name": "main.order",
        "package": "app/main",
        "descriptor": 0x500000,
        "objects": 2,
        "bytes": 96,
        "garbage_objects": 1,
        "garbage_bytes": 48,
    }
    assert kinds[2]["package"] is None and kinds[2]["descriptor"] is None


def test_no_objects_and_no_contexts() -> None:
    """The columns are there."""
    made = dump(types=())
    tables = heaptables.objects(made), heaptables.types(made), heaptables.contexts(made, None)
    for pieces in tables:
        (piece,) = pieces
        assert (rows([piece]) == [] and "type" in piece) or "kind" in piece


def test_contexts() -> None:
    class Every:
        """What is asked of all contexts, of which one is garbage."""

        address = np.array([HEAP, HEAP + 48, HEAP + 96], np.uint64)
        parent, children = np.array([-1, 0, 0], np.int32), np.array([2, 0, 0], np.int32)
        state = np.array([0, 1, 0], np.uint8)

    some = [Context(HEAP, "held", key="a"), Context(HEAP + 96, "", HEAP)]
    found = rows(heaptables.contexts(dump(Span(48, [ORDER] * 3), contexts=some), Every()))  # type: ignore[arg-type]
    kind = {"kind": "*context.cancelCtx", "state": "live"}
    none = {"parent": None, "registered_with": None}
    assert found == [
        {"address": HEAP, **kind, "verdict": "held", **none, "children": 2, "key": "a"},
        {
            "address": HEAP + 96,
            **kind,
            "verdict": None,
            "parent": HEAP,
            "registered_with": HEAP,
            "children": 0,
            "key": None,
        },
    ]


def test_the_readme_has_the_queries_too() -> None:
    readme = (tools.ROOT / "README.md").read_text()
    for what, query in heaptables.QUERIES.items():
        assert f"-- {what}\n{query}" in readme
    text = heaptables.explained("process 7")
    assert "process 7" in text and all(
        f"\n{name} " in text and f"'{name}.parquet'" in text for name in heaptables.NAMES
    )


def test_ours_are_told_from_others(tmp_path: Path) -> None:
    assert not heaptables.is_tables(tmp_path)
    (tmp_path / heaptables.README).write_text(heaptables.explained(""))
    (tmp_path / "objects.parquet").write_text("")
    assert heaptables.is_tables(tmp_path)
    (tmp_path / "notes").write_text("mine")
    assert not heaptables.is_tables(tmp_path)
