"""Paths from roots to an object as a picture: boxes and arrows. What several paths go through is there once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gdbext.report import Address, Hostile, dot
from gdbext.report.counts import plural
from gdbext.views.pathlines import LAST, UNKNOWN, edges_from, root_line, skipped_edges, type_of

if TYPE_CHECKING:
    from gdbext.analysis.heap.lookup import Lookup, Object
    from gdbext.analysis.heap.paths import Path
    from gdbext.analysis.heap.rootnames import RootNames

FIXED = 4
"""Boxes of a path besides those of its edges: the root, the first object, the gap, and who comes after it."""


class Drawing:
    """``room`` boxes at most, one path after another; of a long one those next to the end. Counts what it left out."""

    def __init__(self, lookup: Lookup, names: RootNames, every: bool, room: int) -> None:
        self._lookup, self._names, self._every, self._room = lookup, names, every, room
        self._paths, self._objects = 0, 0

    def lacks(self) -> str:
        """What there was no room for, "" for nothing; known once the parts were drawn."""
        paths = plural(self._paths, "path") if self._paths else ""
        objects = plural(self._objects, "object") if self._objects else ""
        return " and ".join(filter(None, (objects, paths)))

    def parts(self, paths: Sequence[Path]) -> Iterator[dot.Vertex | dot.Arrow]:
        """Boxes, and arrows after those that they join."""
        for number, path in enumerate(paths):
            if number and self._room < FIXED + min(len(path.edges), LAST):
                self._paths = len(paths) - number
                text = f"… {plural(self._paths, 'more path')}"
                yield dot.Vertex(text, [text])
                return
            yield from self._path(path)

    def _path(self, path: Path) -> Iterator[dot.Vertex | dot.Arrow]:
        root, skipped = root_line(self._lookup, self._names, path), self._skipped(path)
        yield dot.Vertex(root, [Hostile(root)])
        yield self._box(path.first)
        yield dot.Arrow(root, path.first.base)
        if skipped:
            yield from self._gap(path.first, path.edges[skipped].holder, skipped)
        for edge in edges_from(path, skipped):
            yield self._box(edge.target)
            yield dot.Arrow(edge.holder.base, edge.target.base, (Hostile(edge.field or UNKNOWN),))

    def _skipped(self, path: Path) -> int:
        """How many edges are not drawn: the object itself always is."""
        usual, many = skipped_edges(path, self._every), len(path.edges)
        skipped = max(usual, many - max(self._room - FIXED, 1), 0)
        self._objects += skipped - usual
        self._room -= FIXED + many - skipped
        return skipped

    def _gap(self, first: Object, next_: Object, skipped: int) -> Iterator[dot.Vertex | dot.Arrow]:
        """In the place of what is left out between two objects."""
        text = f"… {skipped:,} more ({'--limit' if self._every else '--all'})"
        gap = text, next_.base
        yield dot.Vertex(gap, [text])
        yield dot.Arrow(first.base, gap)
        yield self._box(next_)
        yield dot.Arrow(gap, next_.base)

    def _box(self, one: Object) -> dot.Vertex:
        return dot.Vertex(one.base, [Address(one.base), Hostile(type_of(self._lookup, one))])


__all__ = ["Drawing"]
