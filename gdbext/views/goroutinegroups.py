"""Groups of goroutines, as rows and as a tree of stacks: what they share, how many they are, and which ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from attrs import frozen

from gdbext.report import Absent, Block, Cell, Hostile, Node, Rows, Text, Tree
from gdbext.report.columns import Column, Schema
from gdbext.report.counts import plural
from gdbext.report.values import Choice, Kind, Values, each
from gdbext.views.goroutinerows import CREATION, STATE, Piece, Place, at

if TYPE_CHECKING:
    from gdbext.analysis.goroutines.grouping import Group, Overview
    from gdbext.golang.runtime.symtab import Location

EXAMPLES = 5
"""Goroutines named in text."""


@frozen
class Grouped:
    """A group, and where it is found."""

    overview: Overview
    group: Group

    @property
    def first(self) -> Place:
        """The goroutine that stands for all."""
        return self.overview, int(self.group.rows[0])

    def goids(self, most: int | None = None) -> list[int]:
        """Which ones, the first ``most`` of them."""
        goids: list[int] = self.overview.goroutines.goid[self.group.rows[:most]].tolist()
        return goids

    def examples(self) -> str:
        """Some of them in words."""
        return ", ".join(map(str, self.goids(EXAMPLES))) + (", …" if len(self.group) > EXAMPLES else "")

    def frames(self) -> Sequence[Location]:
        """The stack of all."""
        overview, row = self.first
        return overview.places.stack(row)


Groups = Sequence[Grouped]
GroupColumn = Column[Grouped, Groups]


def _shared(column: Column[Place, Piece], title: str) -> GroupColumn:
    """What the goroutines of a group have in common."""
    return Column(column.key, column.kind, title, one=lambda grouped: column.cell(grouped.first))


def _maker(column: Column[Place, Piece], title: str) -> GroupColumn:
    """The same of who made them: a table says who that is where it was no function of the program."""

    def in_table(groups: Groups) -> Values:
        return each([column.cell(grouped.first) or "(the runtime)" for grouped in groups])

    return Column(column.key, column.kind, title, one=lambda grouped: column.cell(grouped.first), in_table=in_table)


def _frame(frame: Location) -> dict[str, object]:
    return {"function": frame.function, "file": frame.file, "line": frame.line, "inlined": frame.inlined}


def _examples(groups: Groups) -> Choice:
    return each([grouped.examples() for grouped in groups])


COUNT: GroupColumn = Column("count", Kind.COUNT, "goroutines", one=lambda grouped: len(grouped.group))
FRAMES: GroupColumn = Column("frames", Kind.LIST, one=lambda grouped: list(map(_frame, grouped.frames())))
GOIDS: GroupColumn = Column("goids", Kind.LIST, "for example", one=lambda grouped: grouped.goids(), in_table=_examples)
STATES = [_shared(column, column.title) for column in STATE.columns]
_BY, _AT = CREATION.columns
SCHEMAS = {
    "stack": Schema([COUNT, *STATES, FRAMES, GOIDS]),
    "created-by": Schema([COUNT, _maker(_BY, "created by"), _shared(_AT, "at"), GOIDS]),
    "reason": Schema([COUNT, *STATES, GOIDS]),
}
"""A group, by what its goroutines share."""


def objects(overview: Overview, groups: Iterable[Group], how: str) -> Rows:
    """The groups as JSON."""
    return Rows(SCHEMAS[how].object(Grouped(overview, group)) for group in groups)


def block(overview: Overview, groups: Iterable[Group], how: str, cut: str) -> Block:
    """The groups as a table; stacks as a tree."""
    every = [Grouped(overview, group) for group in groups]
    if how == "stack" and not every:
        return Text(plural(0, "goroutine"), "heading")
    if how == "stack":
        return Tree(map(_stack_node, every), cut=cut)
    return SCHEMAS[how].table([every], cut=cut)


def placed(overview: Overview, groups: Iterable[Group]) -> Tree:
    """The same tree where its lines unfold: each says where its goroutines are."""
    return Tree(_placed_node(Grouped(overview, group)) for group in groups)


def _placed_node(grouped: Grouped) -> Node:
    overview, row = grouped.first
    node, place = _stack_node(grouped), overview.places.place(row)
    return (
        node if place is None else Node([*node.text[:-1], "in", Hostile(place.function), node.text[-1]], node.children)
    )


def _stack_node(grouped: Grouped) -> Node:
    overview, row = grouped.first
    goroutines = overview.goroutines
    head: list[Cell] = [f"{plural(len(grouped.group), 'goroutine')} {goroutines.status_name(row)}"]
    if reason := goroutines.reason(row):
        head.append(f"({reason})")
    head.append(f"e.g. {grouped.examples()}")
    if overview.places.nodes[row] < 0:
        return Node([*head, Absent(overview.places.why_absent(row))])
    return Node(head, [Node([frame.function, at(frame)]) for frame in grouped.frames()])


__all__ = ["Grouped", "block", "objects", "placed"]
