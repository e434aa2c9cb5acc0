"""What go-cycles says of components: what they are of, a shortest ring, the edges that enter and close it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import define, field

from gdbext.analysis.heap import referrers
from gdbext.analysis.heap.histogram import LIVE, Histogram
from gdbext.analysis.heap.paths import edge
from gdbext.analysis.heap.retainedsets import members
from gdbext.analysis.heap.rootgroups import GOROUTINE, OTHER, kind_of
from gdbext.report import Address, Hostile
from gdbext.report.cells import escape, human_bytes
from gdbext.report.columns import Column, Schema
from gdbext.report.counts import plural
from gdbext.report.values import Kind
from gdbext.views.histogramrows import shown
from gdbext.views.pathlines import FRAME, GLOBAL, KINDS, OTHER as OTHER_ROOT, UNKNOWN
from gdbext.views.retainedrows import SEVERAL, Names, Row

if TYPE_CHECKING:
    from gdbext.analysis.heap.cycles import Cycle, Cycles
    from gdbext.analysis.heap.histogram import Entry
    from gdbext.compute.arrays import I32, Bools

CONTEXT_TYPES = ("context.", "internal/runtime/maps.", "runtime.")
CONTEXT_MAPS = "context.canceler"
TYPES, EDGES, MOST_EDGES = 4, 12, 1 << 12
"""Types and edges shown of one component, and edges that are named in JSON."""


@define(eq=False)
class Known:
    """What rows are made from."""

    cycles: Cycles
    histogram: Histogram
    names: Names
    contexts: frozenset[str]
    """Names of types that are contexts."""
    _entries: dict[int, Entry] = field(factory=dict)

    @cached_property
    def counted(self) -> I32:
        """In which row of the histogram what is in each place counts."""
        rows = [(row,) for row in range(len(self.histogram.counts))]
        return members(self.cycles.found, self.histogram, rows)

    @cached_property
    def groups(self) -> np.ndarray:
        """The places of the groups of roots, in their order."""
        return self.cycles.found.graph.groups(len(self.cycles.found.groups))

    @cached_property
    def of_contexts(self) -> Bools:
        """Which components are contexts, what holds their children and their timers, and nothing else."""
        context, allowed = (np.zeros(len(self.histogram.counts), np.bool_) for _ in range(2))
        rows = self.counted[self.cycles.places]
        for row in np.unique(rows).tolist():
            name = self.entry(row).name
            context[row] = name in self.contexts
            allowed[row] = context[row] or name.startswith(CONTEXT_TYPES) or CONTEXT_MAPS in name
        begins = np.sort(self.cycles.begins)
        if not len(begins):
            return context[:0]
        found = np.logical_and.reduceat(allowed[rows], begins) & np.logical_or.reduceat(context[rows], begins)
        mine: Bools = found[np.searchsorted(begins, self.cycles.begins)]
        return mine

    def entry(self, row: int) -> Entry:
        """Of the histogram."""
        if row not in self._entries:
            self._entries[row] = self.histogram.entry(row, LIVE)
        return self._entries[row]


@define(eq=False)
class CycleRow:
    """One component, by its number. ``ring``: the places of a shortest ring, from the first of the component on."""

    known: Known
    at: int

    @cached_property
    def cycle(self) -> Cycle:
        return self.known.cycles[self.at]

    @cached_property
    def ring(self) -> Sequence[int]:
        return self.known.cycles.shortest(self.cycle.first)

    @property
    def address(self) -> int:
        return self.known.names.object(self.cycle.first).base

    @property
    def types(self) -> list[tuple[str, int]]:
        """What the objects are and how many of each, the most first."""
        rows, many = np.unique(self.known.counted[self.cycle.places], return_counts=True)
        named = [(shown(self.known.entry(row)), count) for row, count in zip(rows.tolist(), many.tolist(), strict=True)]
        return sorted(named, key=lambda one: (-one[1], one[0]))

    @property
    def group(self) -> int:
        """The group of roots by which the search came to it."""
        return int(np.searchsorted(self.known.groups, self.cycle.first, "right")) - 1

    def root(self) -> dict[str, Any]:
        """The same as JSON."""
        groups, names = self.known.cycles.found.groups, self.known.names
        sort, mine = int(groups.sort[self.group]), int(groups.sort[self.group]) == GOROUTINE
        goid, function = names.goroutine(self.group) if mine else (None, "")
        other = KINDS.get(kind_of(groups, self.group), OTHER_ROOT)
        kind = FRAME if mine else other if sort == OTHER else GLOBAL
        name = Hostile(names.group(self.group))
        return {"kind": kind, "name": name, "goid": goid, "function": Hostile(function) if function else None}

    @property
    def kept_by(self) -> Row | None:
        """What alone keeps all of it; None for several roots."""
        return Row(self.known.names, self.cycle.dominator) if self.cycle.dominator else None

    @cached_property
    def entrances(self) -> int:
        """How many objects, goroutines and variables outside lead into it."""
        return self.known.cycles.entrances(self.at)

    def entering(self) -> dict[str, Any]:
        """The edge by which the search came to it; of a root ``field`` is what that is called."""
        tree, names = self.known.cycles.found.graph.tree, self.known.names
        holder = int(tree.parent[self.cycle.first])
        if names.found.group(holder) < 0:
            return self.edge(holder, self.cycle.first)
        return self._made(None, self._root_word(), self.cycle.first)

    def _root_word(self) -> str:
        """The root that points to it."""
        names, one = self.known.names, self.known.names.object(self.cycle.first)
        group = names.group(self.group)
        for number in referrers.root_numbers(names.names.roots, one):
            name = names.names.name(number)
            if name.variable == group or (name.goid is not None and group.startswith(f"goroutine {name.goid}")):
                return name.text
        return group

    def edge(self, holder: int, target: int) -> dict[str, Any]:
        """From one place to another, as go-gcroot has it."""
        one, other = self.known.names.object(holder), self.known.names.object(target)
        return self._made(one.base, edge(self.known.names.lookup, one, other).field, target)

    def _made(self, holder: int | None, field: str, target: int) -> dict[str, Any]:
        one = self.known.names.object(target)
        name = self.known.names.lookup.type_name(one)
        return {
            "from": Address(holder) if holder is not None else None,
            "field": Hostile(field) if field else None,
            "to": Address(one.base),
            "type": Hostile(name) if name else None,
        }

    def edges(self, most: int) -> list[dict[str, Any]]:
        """Those of the ring, but for the one that closes it."""
        return [self.edge(self.ring[at], self.ring[at + 1]) for at in range(min(len(self.ring) - 1, most))]

    def closing(self) -> dict[str, Any]:
        """The last one, back to the first object."""
        return self.edge(self.ring[-1], self.ring[0])

    def example(self) -> dict[str, Any]:
        """The ring as JSON. ``length``: how many edges it has, of which not all may be among ``edges``."""
        edges = self.edges(MOST_EDGES)
        return {"length": len(self.ring), "entering": self.entering(), "edges": edges, "closing": self.closing()}


def _column(key: str, kind: Kind, one: Callable[[CycleRow], Any]) -> Column[CycleRow, Sequence[CycleRow]]:
    return Column(key, kind, "", one)


def _types(row: CycleRow) -> list[dict[str, Any]]:
    return [{"type": Hostile(name), "count": count} for name, count in row.types]


CYCLE = Schema(
    (
        _column("address", Kind.ADDRESS, lambda row: row.address),
        _column("objects", Kind.COUNT, lambda row: len(row.cycle.places)),
        _column("bytes", Kind.BYTES, lambda row: row.cycle.bytes),
        _column("retained_bytes", Kind.BYTES, lambda row: row.cycle.retained_bytes),
        _column("retained_objects", Kind.COUNT, lambda row: row.cycle.retained_objects),
        _column("types", Kind.LIST, _types),
        _column("contexts", Kind.FLAG, lambda row: bool(row.known.of_contexts[row.at])),
        _column("root", Kind.MAPPING, CycleRow.root),
        _column("dominator", Kind.ADDRESS, lambda row: row.kept_by.address if row.kept_by else None),
        _column("only_root", Kind.HOSTILE, lambda row: row.kept_by.group if row.kept_by else None),
        _column("entrances", Kind.COUNT, lambda row: row.entrances),
        _column("example", Kind.MAPPING, CycleRow.example),
    )
)
"""A component: to say more of it, add it here."""


def lines(row: CycleRow) -> Iterator[str]:
    """The same for people."""
    types = [f"{escape(name)} ×{count:,}" if count > 1 else escape(name) for name, count in row.types]
    more = f" and {plural(len(types) - TYPES, 'more type')}" if len(types) > TYPES else ""
    cycle = row.cycle
    retained = f"retains {human_bytes(cycle.retained_bytes)} in {plural(cycle.retained_objects, 'object')}"
    yield f"{plural(len(cycle.places), 'object')}, {human_bytes(cycle.bytes)}, {retained}"
    yield f"\t{', '.join(types[:TYPES])}{more}"
    yield f"\tkept by {_kept(row)}; entered from {_from(row)}{_elsewhere(row)}"
    first = row.known.names
    yield f"\t{row.address:#x} {escape(Row(first, cycle.first).text)}"
    for one in row.edges(EDGES):
        yield f"\t{_step(one)}"
    if len(row.ring) - 1 > EDGES:
        yield f"\t… {len(row.ring) - 1 - EDGES:,} more"
    yield f"\t{_step(row.closing())}, which closes the ring"


def _kept(row: CycleRow) -> str:
    above = row.kept_by
    if above is None:
        return SEVERAL
    return f"{above.address:#x} alone" if above.address is not None else f"{escape(above.group or '')} alone"


def _from(row: CycleRow) -> str:
    edge = row.entering()
    field = escape(edge["field"].text) if edge["field"] else UNKNOWN
    if edge["from"] is None:
        return field
    return f"{edge['from']:#x} by {field}, reached from {escape(row.known.names.group(row.group))}"


def _elsewhere(row: CycleRow) -> str:
    """What would have to be cut besides."""
    return f", and from {plural(row.entrances - 1, 'other place')}" if row.entrances > 1 else ""


def _step(edge: dict[str, Any]) -> str:
    field = escape(edge["field"].text) if edge["field"] else UNKNOWN
    return f"{field} → {edge['to']:#x} {escape(edge['type'].text) if edge['type'] else '(no type)'}"


__all__ = ["CYCLE", "CycleRow", "Known", "lines"]
