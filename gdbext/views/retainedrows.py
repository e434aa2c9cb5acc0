"""What go-retained says of objects, of sets of them, and of goroutines and variables."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from gdbext.analysis.goroutines.grouping import Overview
from gdbext.analysis.heap.rootgroups import GLOBAL, GOROUTINE, UNNAMED, kind_of
from gdbext.report import Address, Cell, Hostile, Node
from gdbext.report.cells import human_bytes
from gdbext.report.columns import Column, Schema
from gdbext.report.counts import plural
from gdbext.report.values import Kind
from gdbext.views.histogramrows import shown

if TYPE_CHECKING:
    from gdbext.analysis.heap.dominators import Dominators
    from gdbext.analysis.heap.lookup import Lookup, Object
    from gdbext.analysis.heap.retainedsets import RetainedSet
    from gdbext.analysis.heap.rootnames import RootNames

SEVERAL = "several roots"
MOST_BELOW = 8
"""Lines of a tree below one object."""
DEEPEST = 12
"""Levels of a tree."""


@define(eq=False)
class Names:
    """What the places of a graph are called."""

    found: Dominators
    lookup: Lookup
    names: RootNames
    _functions: dict[int, str] = field(factory=dict)

    def object(self, place: int) -> Object:
        """What is in a place that is no group's."""
        return self.lookup.numbered(self.found.id(place))

    def goroutine(self, group: int) -> tuple[int, str]:
        """(goid, its first function of the user's) of a goroutine's group."""
        row = int(self.found.groups.key[group])
        if row not in self._functions:
            place = self._overview.places.place(row)
            self._functions[row] = place.function if place is not None else ""
        return int(self.names.goroutines.goid[row]), self._functions[row]

    @cached_property
    def _overview(self) -> Overview:
        return Overview(self.names.goroutines)

    def group(self, number: int) -> str:
        """What a group of roots is called."""
        groups = self.found.groups
        sort, key = int(groups.sort[number]), int(groups.key[number])
        if sort == GOROUTINE:
            goid, function = self.goroutine(number)
            return f"goroutine {goid}" + (f", {function}" if function else "")
        if sort == GLOBAL:
            return self.names.variable_name(key)
        return f"variable at {key:#x}" if sort == UNNAMED else kind_of(groups, number)


@frozen
class Row:
    """An object, or a group of roots, in its place."""

    names: Names
    place: int

    @property
    def _group(self) -> int:
        return self.names.found.group(self.place)

    @property
    def object(self) -> Object | None:
        return self.names.object(self.place) if self.place and self._group < 0 else None

    @property
    def address(self) -> int | None:
        return self.object.base if self.object is not None else None

    @property
    def group(self) -> str | None:
        return self.names.group(self._group) if self._group >= 0 else None

    @property
    def goid(self) -> int | None:
        group = self._group
        mine = group >= 0 and self.names.found.groups.sort[group] == GOROUTINE
        return self.names.goroutine(group)[0] if mine else None

    @property
    def type(self) -> str | None:
        one = self.object
        return (self.names.lookup.type_name(one) or None) if one is not None else None

    @property
    def package(self) -> str | None:
        one = self.object
        return (self.names.lookup.flowed.table.package(one.row) or None) if one is not None and one.row >= 0 else None

    @property
    def text(self) -> str:
        """The type in a table."""
        one = self.object
        if one is None:
            return self.group or "everything that roots reach"
        return self.type or f"(no type, {one.size} bytes)"

    @property
    def shallow(self) -> int:
        """Bytes of its own slot; of a goroutine its g's, of a variable none."""
        found, one = self.names.found, self.object
        if one is None:
            ids = found.flowed.laid.heap.ids(found.groups.owned[self._group : self._group + 1])
            one = self.names.lookup.numbered(int(ids[0])) if ids[0] >= 0 else None
        return int(found.flowed.laid.heap.spans.elemsize[one.span]) if one is not None else 0

    @property
    def bytes(self) -> int:
        return int(self.names.found.bytes[self.place])

    @property
    def objects(self) -> int:
        return int(self.names.found.objects[self.place])

    @property
    def above(self) -> Row | None:
        """What dominates it next; None for several roots together."""
        place = int(self.names.found.dominator[self.place])
        return Row(self.names, place) if place else None

    @property
    def kept_by(self) -> Cell:
        """The same in a table."""
        above = self.above
        if above is None:
            return SEVERAL
        return Address(above.address) if above.address is not None else Hostile(above.group or "")


def _column(key: str, kind: Kind, title: str, one: Callable[[Row], Any]) -> Column[Row, Sequence[Row]]:
    return Column(key, kind, title, one)


SIZES = (
    _column("retained_bytes", Kind.BYTES, "retained", lambda row: row.bytes),
    _column("retained_objects", Kind.COUNT, "objects", lambda row: row.objects),
    _column("shallow_bytes", Kind.BYTES, "itself", lambda row: row.shallow),
)
OBJECT = Schema(
    (
        _column("address", Kind.ADDRESS, "address", lambda row: row.address),
        *SIZES,
        _column("type", Kind.HOSTILE, "", lambda row: row.type),
        _column("", Kind.HOSTILE, "type", lambda row: row.text),
        _column("pkg_path", Kind.HOSTILE, "", lambda row: row.package),
        _column("dominator", Kind.ADDRESS, "", lambda row: row.above.address if row.above else None),
        _column("root", Kind.HOSTILE, "", lambda row: row.above.group if row.above else None),
        _column("", Kind.LIST, "kept by", lambda row: row.kept_by),
    )
)
"""One object."""
GROUP = Schema(
    (
        *SIZES,
        _column("group", Kind.HOSTILE, "root", lambda row: row.group),
        _column("goid", Kind.NUMBER, "", lambda row: row.goid),
    )
)
"""A goroutine, or a global variable."""
ITEM = Schema((*OBJECT.columns, *GROUP.only("group", "goid").columns))
"""Either."""


def _set(key: str, kind: Kind, title: str, one: Callable[[RetainedSet], Any]) -> Column[Any, Sequence[Any]]:
    return Column(key, kind, title, one)


SETS = (
    _set("retained_bytes", Kind.BYTES, "retained", lambda one: one.retained.bytes),
    _set("retained_objects", Kind.COUNT, "objects", lambda one: one.retained.objects),
    _set("shallow_bytes", Kind.BYTES, "themselves", lambda one: one.entry.count.bytes),
    _set("shallow_objects", Kind.COUNT, "of them", lambda one: one.entry.count.objects),
)
TYPE = Schema(
    (
        *SETS,
        _set("group", Kind.HOSTILE, "type", lambda one: shown(one.entry)),
        _set("type", Kind.HOSTILE, "", lambda one: one.entry.name or None),
        _set("pkg_path", Kind.HOSTILE, "", lambda one: one.entry.package or None),
        _set("exact", Kind.FLAG, "", lambda one: one.entry.exact),
    )
)
"""All objects of a type."""
PACKAGE = Schema((*SETS, _set("group", Kind.HOSTILE, "package", lambda one: one.entry.name)))
"""All objects of a package's types."""


Below = Mapping[int, tuple[list[int], int, int]]
"""By place: those that it dominates next and that are shown, how many others there are, and their bytes."""


def below(found: Dominators, top: int, room: int, most: int, deepest: int, least: float = 0) -> Below:
    """What a place dominates, ``deepest`` levels of it, in about ``room`` places: where the most bytes are is looked
    into first. ``most``: places below one; ``least``: bytes of each."""
    kept, waiting = dict[int, tuple[list[int], int, int]](), [(0, top, 0)]
    while waiting and room > 0:
        _, place, level = heapq.heappop(waiting)
        places, count, size = found.below(place, most)
        places = places[found.bytes[places] >= least]
        kept[place] = places.tolist(), count - len(places), size - int(found.bytes[places].sum())
        room -= len(places)
        for one in kept[place][0] if level + 1 < deepest else ():
            if found.objects[one] > 1:
                heapq.heappush(waiting, (-int(found.bytes[one]), one, level + 1))
    return kept


def tree(row: Row, room: int) -> Node:
    """An object and what it dominates, in about ``room`` lines."""
    return _node(row, below(row.names.found, row.place, room, MOST_BELOW, DEEPEST))


def _node(row: Row, kept: Below) -> Node:
    places, more, size = kept.get(row.place, ([], 0, 0))
    nodes = [_node(Row(row.names, place), kept) for place in places]
    left_out = [Node([f"… {more:,} more: {human_bytes(size)}"])] if more else []
    return Node(_line(row), [*nodes, *left_out])


def _line(row: Row) -> list[Cell]:
    size = f"{human_bytes(row.bytes)} in {plural(row.objects, 'object')}"
    address = [Address(row.address)] if row.address is not None else []
    return [size, *address, Hostile(row.text)]


__all__ = ["GROUP", "ITEM", "OBJECT", "PACKAGE", "TYPE", "Below", "Names", "Row", "below", "tree"]
