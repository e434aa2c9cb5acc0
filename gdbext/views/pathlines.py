"""Paths from roots to an object, as rows of JSON and as lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from gdbext.report import Address, Hostile, dot

if TYPE_CHECKING:
    from gdbext.analysis.heap.lookup import Lookup, Object
    from gdbext.analysis.heap.paths import Edge, Path
    from gdbext.analysis.heap.referrers import Referrer
    from gdbext.analysis.heap.rootnames import RootName, RootNames

GLOBAL, FRAME, OTHER = "global", "frame", "other"
KINDS = {
    "data": GLOBAL, "bss": GLOBAL, "stack": FRAME, "deferred call": "defer", "panic": "panic", "finalizer": "finalizer",
    "queued finalizer": "finalizer", "cleanup": "cleanup", "queued cleanup": "cleanup",
    "stack or register, may be no pointer": FRAME, "closure about to be called": FRAME,
}  # fmt: skip
"""Kinds of roots as JSON names them."""
LAST = 12
"""Edges shown of a long path: those next to the object."""
UNKNOWN = "?"


def root_object(name: RootName | None) -> dict[str, Any]:
    """A root as JSON; None: what an object with a finalizer refers to."""
    if name is None:
        return {"kind": "finalizer", "name": "contents of an object with a finalizer", "goid": None, "function": None}
    kind = KINDS.get(name.kind, OTHER)
    return {
        "kind": kind,
        "name": Hostile(name.text),
        "goid": name.goid,
        "function": Hostile(name.function) if name.function else None,
        "frame": None,
    }


def named(names: RootNames, path: Path) -> RootName | None:
    """The name of a path's root."""
    return names.name(path.root) if path.root >= 0 else None


def path_object(lookup: Lookup, names: RootNames, path: Path) -> dict[str, Any]:
    """A path as JSON. The first edge is the root's own word."""
    first = {"from": None, "field": None, "to": Address(path.first.base), "type": _type(lookup, path.first)}
    edges = [first, *(_edge(lookup, one) for one in path.edges)]
    return {"root": root_object(named(names, path)), "edges": edges}


def _edge(lookup: Lookup, edge: Edge) -> dict[str, Any]:
    return {
        "from": Address(edge.holder.base),
        "field": Hostile(edge.field) if edge.field else None,
        "to": Address(edge.target.base),
        "type": _type(lookup, edge.target),
    }


def _type(lookup: Lookup, one: Object) -> Hostile | None:
    name = lookup.type_name(one)
    return Hostile(name) if name else None


def path_lines(lookup: Lookup, names: RootNames, path: Path, every: bool) -> Iterator[str]:
    """A path for people: the root, then a line for each object; of a long one those next to the end."""
    yield f"root: {_root(named(names, path))}"
    yield _line(lookup, "", path.first)
    skipped, edges = _shown(path, every)
    if skipped:
        yield f"\t… {skipped:,} more (--all shows them)"
    for edge in edges:
        yield _line(lookup, edge.field or UNKNOWN, edge.target)


def _shown(path: Path, every: bool) -> tuple[int, Iterator[Edge]]:
    """(how many edges are left out, those after them)."""
    count = len(path.edges)
    skipped = 0 if every else max(count - LAST, 0)
    return skipped, (path.edges[at] for at in range(skipped, count))


def drawn(lookup: Lookup, names: RootNames, paths: Sequence[Path], every: bool) -> Iterator[dot.Vertex | dot.Arrow]:
    """Paths as boxes and arrows; of a long one those next to the end. What several go through is there once."""
    for path in paths:
        root = f"root: {_root(named(names, path))}"
        skipped, edges = _shown(path, every)
        yield dot.Vertex(root, [Hostile(root)])
        yield _box(lookup, path.first)
        yield dot.Arrow(root, path.first.base)
        if skipped:
            yield from _gap(lookup, path.first, path.edges[skipped].holder, skipped)
        for edge in edges:
            yield _box(lookup, edge.target)
            yield dot.Arrow(edge.holder.base, edge.target.base, (Hostile(edge.field or UNKNOWN),))


def _gap(lookup: Lookup, first: Object, next_: Object, skipped: int) -> Iterator[dot.Vertex | dot.Arrow]:
    """In the place of what is left out between two objects."""
    text = f"… {skipped:,} more (--all)"
    gap = text, next_.base
    yield dot.Vertex(gap, [text])
    yield dot.Arrow(first.base, gap)
    yield _box(lookup, next_)
    yield dot.Arrow(gap, next_.base)


def _box(lookup: Lookup, one: Object) -> dot.Vertex:
    return dot.Vertex(one.base, [Address(one.base), Hostile(type_of(lookup, one))])


def _root(name: RootName | None) -> str:
    if name is None:
        return "contents of an object with a finalizer"
    kind = "global" if name.kind in ("data", "bss") else name.kind
    return f"{kind} {name.text}" if name.text and name.text != name.kind and not name.object else name.text


def _line(lookup: Lookup, field: str, one: Object) -> str:
    return f"\t{field + ' → ' if field else ''}{one.base:#x} {type_of(lookup, one)}"


def type_of(lookup: Lookup, one: Object) -> str:
    """The type of an object in a line; of one without, how large it is."""
    return lookup.type_name(one) or f"(no type, {one.size} bytes)"


def referrer_object(lookup: Lookup, one: Referrer) -> dict[str, Any]:
    """A word that refers to an object, as JSON."""
    return {
        "address": Address(one.word),
        "base": Address(one.holder.base),
        "type": _type(lookup, one.holder),
        "field": Hostile(one.field) if one.field else None,
    }
