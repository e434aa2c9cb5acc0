"""Who waits for whom, as rows and in sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import field, frozen

from gdbext.analysis.goroutines.grouping import Overview
from gdbext.analysis.leaks.waitson import KINDS
from gdbext.report import Absent, Address, Cell, cells
from gdbext.report.columns import Column, Schema
from gdbext.report.counts import plural, verb
from gdbext.report.values import Kind

if TYPE_CHECKING:
    from gdbext.analysis.leaks.waitgraph import Thing, WaitGraph

EXAMPLES = 4


@frozen(eq=False)
class Graph:
    """The graph, and where its goroutines are."""

    graph: WaitGraph
    overview: Overview = field(repr=False)

    @classmethod
    def of(cls, graph: WaitGraph) -> Graph:
        """Stacks are walked of those only that wait or are waited for."""
        rows = [np.zeros(0, np.int64), *(row for one in graph.things for row in (one.waiters, one.referring))]
        return cls(graph, Overview(graph.goroutines, only=np.unique(np.concatenate(rows))))

    def goid(self, row: int) -> int:
        """The number of a goroutine."""
        return int(self.graph.goroutines.goid[row])

    def place(self, row: int) -> str:
        """Where one is, in a line."""
        found = self.overview.places.place(row)
        if found is None:
            return self.overview.places.why_absent(row)
        return f"{cells.escape(found.function)} at {cells.escape(found.file)}:{found.line}"

    def function(self, row: int) -> Cell:
        """The function of the program that one is in."""
        found = self.overview.places.place(row)
        return found.function if found is not None else Absent(self.overview.places.why_absent(row))

    def goids(self, rows: Sequence[int]) -> str:
        """Some goroutines in words."""
        return ", ".join(str(self.goid(row)) for row in rows[:EXAMPLES]) + (", …" if len(rows) > EXAMPLES else "")


@frozen(eq=False)
class Edge:
    """A goroutine that waits for a thing, and who likely has that: rows, None for nobody."""

    graph: Graph
    thing: Thing
    row: int
    holder: int | None


def edges(graph: Graph) -> Iterator[Edge]:
    """All: of a thing that several have one for each."""
    for thing in graph.graph.things:
        holders = thing.holders.tolist() or [None]
        for row in thing.waiters.tolist():
            yield from (Edge(graph, thing, row, holder) for holder in holders)


def _edge(key: str, kind: Kind, one: Callable[[Edge], Any]) -> Column[Edge, Sequence[Edge]]:
    return Column(key, kind, "", one)


EDGE = Schema(
    (
        _edge("goid", Kind.NUMBER, lambda one: one.graph.goid(one.row)),
        _edge("wait_reason", Kind.TEXT, lambda one: one.graph.graph.goroutines.reason(one.row)),
        _edge("function", Kind.HOSTILE, lambda one: one.graph.function(one.row)),
        _edge("on", Kind.ADDRESS, lambda one: one.thing.address),
        _edge("kind", Kind.TEXT, lambda one: KINDS[one.thing.kind]),
        _edge("holder", Kind.NUMBER, lambda one: _holder(one)),
        _edge("suspected", Kind.FLAG, lambda one: one.holder is not None),
        _edge("referring", Kind.COUNT, lambda one: len(one.thing.referring)),
    )
)
"""Who waits for what, and who likely has it."""


def _holder(one: Edge) -> Any:
    return one.graph.goid(one.holder) if one.holder is not None else Absent(one.thing.why)


@frozen(eq=False)
class Row:
    """Things that are waited for at the same place: one of which somebody likely has, or several of nobody's."""

    graph: Graph
    things: Sequence[Thing]

    @property
    def holders(self) -> list[int]:
        rows: list[int] = self.things[0].holders.tolist()
        return rows

    @property
    def waiters(self) -> list[int]:
        """All, as rows."""
        return list(dict.fromkeys(row for one in self.things for row in one.waiters.tolist()))

    @property
    def on(self) -> str:
        """In words."""
        more = len(self.things) - 1
        first = f"{KINDS[self.things[0].kind]} {self.things[0].address:#x}"
        return f"{first} and {more:,} more" if more else first

    @property
    def where(self) -> str | None:
        """Where the first holder is."""
        return self.graph.place(self.holders[0]) if self.holders else None

    @property
    def holder(self) -> str:
        """In words."""
        return f"goroutine {self.graph.goids(self.holders)}" if self.holders else f"? ({self.things[0].why})"


def folded(graph: Graph) -> list[Row]:
    """Those of which it is known who has them first, then by how many wait."""
    found: dict[tuple[object, ...], list[Thing]] = {}
    for number, one in enumerate(graph.graph.things):
        alike = (one.kind, graph.place(int(one.waiters[0])), one.why) if one.why else (number,)
        found.setdefault(alike, []).append(one)
    rows = [Row(graph, things) for things in found.values()]
    return sorted(rows, key=lambda row: (bool(row.things[0].why), -len(row.waiters)))


def _thing(key: str, kind: Kind, title: str, one: Callable[[Row], Any]) -> Column[Row, Sequence[Row]]:
    return Column(key, kind, title, one)


THING = Schema(
    (
        _thing("", Kind.COUNT, "wait", lambda row: len(row.waiters)),
        _thing("", Kind.TEXT, "for", lambda row: row.on),
        _thing("", Kind.TEXT, "for example", lambda row: row.graph.goids(row.waiters)),
        _thing("", Kind.TEXT, "in", lambda row: row.graph.place(row.waiters[0])),
        _thing("", Kind.TEXT, "likely has it", lambda row: row.holder),
        _thing("", Kind.TEXT, "which is in", lambda row: row.where),
    )
)
"""What is waited for."""


def sentence(graph: WaitGraph) -> str:
    """The answer."""
    if not graph.things:
        return "No goroutine waits for a channel, a lock, a condition or a wait group."
    waiting = len(np.unique(np.concatenate([one.waiters for one in graph.things])))
    named = sum(not one.why for one in graph.things)
    things = f"{plural(len(graph.things), 'thing')} (channels, locks, conditions, wait groups)"
    wait = verb(waiting, "waits", "wait")
    found = f"{plural(waiting, 'goroutine')} {wait} for {things}; of {named:,} somebody is likely to have it"
    if not graph.cycles:
        return f"{found}. No cycle."
    many = len(graph.cycles)
    return f"{found}. {plural(many, 'cycle')}: {'a likely deadlock' if many == 1 else 'likely deadlocks'}."


def cycle_object(graph: Graph, cycle: Sequence[int]) -> dict[str, Any]:
    """A cycle as JSON: each goroutine beside what it waits for."""
    things = [one for _, one, _ in graph.graph.around(cycle)]
    return {
        "goids": [graph.goid(row) for row in cycle],
        "on": [Address(one.address) for one in things],
        "kinds": [KINDS[one.kind] for one in things],
        "suspected": True,
    }


def cycle_lines(graph: Graph, cycle: Sequence[int]) -> Iterator[str]:
    """A cycle in words."""
    for row, thing, other in graph.graph.around(cycle):
        has = "which it likely has itself" if other == row else f"which goroutine {graph.goid(other)} likely has"
        yield f"goroutine {graph.goid(row)} waits for {KINDS[thing.kind]} {thing.address:#x}, {has}: {graph.place(row)}"


__all__ = ["EDGE", "THING", "Graph", "Row", "cycle_lines", "cycle_object", "edges", "folded", "sentence"]
