"""Paths from roots to an object, as rows of JSON and as lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gdbext.analysis.heap.paths import kept_by
from gdbext.analysis.heap.rootnames import CONTENTS, RootName
from gdbext.report import Address, Hostile
from gdbext.views.grades import graded
from gdbext.views.holders import root_text

if TYPE_CHECKING:
    from gdbext.analysis.heap.lookup import Lookup, Object
    from gdbext.analysis.heap.paths import Edge, Path
    from gdbext.analysis.heap.referrers import Referrer
    from gdbext.analysis.heap.rootnames import RootNames

GLOBAL, FRAME, TIMER, OTHER = "global", "frame", "timer", "other"
KINDS = {
    "data": GLOBAL, "bss": GLOBAL, "stack": FRAME, "deferred call": "defer", "panic": "panic", "finalizer": "finalizer",
    "queued finalizer": "finalizer", "cleanup": "cleanup", "queued cleanup": "cleanup",
    CONTENTS: "finalizer",
    "stack or register, may be no pointer": FRAME, "closure about to be called": FRAME,
}  # fmt: skip
"""Kinds of roots as JSON names them."""
LAST = 12
"""Edges shown of a long path: those next to the object."""
UNKNOWN = "?"


def root_object(name: RootName) -> dict[str, Any]:
    """A root as JSON."""
    kind = TIMER if name.timer is not None else KINDS.get(name.kind, OTHER)
    return {
        "kind": kind,
        "name": Hostile(root_text(name)),
        "goid": name.goid,
        "function": Hostile(name.function) if name.function else None,
        "frame": None,
    }


def named(lookup: Lookup, names: RootNames, path: Path) -> RootName:
    """The name of a path's root."""
    if path.root >= 0:
        return names.of_path(path.root, path.ids)
    holder = lookup.at(kept_by(lookup.flowed, names.roots.contents, path.first))
    return RootName(CONTENTS, type_of(lookup, holder), object=holder.base) if holder else RootName(CONTENTS)


def path_object(lookup: Lookup, names: RootNames, path: Path) -> dict[str, Any]:
    """A path as JSON. The first edge is the root's own word."""
    first = {"from": None, "field": None, "to": Address(path.first.base), **_type(lookup, path.first)}
    edges = [first, *(_edge(lookup, one) for one in path.edges)]
    return {"root": root_object(named(lookup, names, path)), "edges": edges}


def _edge(lookup: Lookup, edge: Edge) -> dict[str, Any]:
    return {
        "from": Address(edge.holder.base),
        "field": Hostile(edge.field) if edge.field else None,
        "to": Address(edge.target.base),
        **_type(lookup, edge.target),
    }


def _type(lookup: Lookup, one: Object) -> dict[str, Any]:
    name = lookup.type_name(one)
    return {"type": Hostile(name) if name else None, "exact": one.exact}


def path_lines(lookup: Lookup, names: RootNames, path: Path, every: bool) -> Iterator[str]:
    """A path for people: the root, then a line for each object; of a long one those next to the end."""
    yield root_line(lookup, names, path)
    yield _line(lookup, "", path.first)
    skipped = skipped_edges(path, every)
    if skipped:
        yield f"\t… {skipped:,} more (--all shows them)"
    for edge in edges_from(path, skipped):
        yield _line(lookup, edge.field or UNKNOWN, edge.target)


def skipped_edges(path: Path, every: bool) -> int:
    """How many edges next to the root are left out."""
    return 0 if every else max(len(path.edges) - LAST, 0)


def edges_from(path: Path, skipped: int) -> Iterator[Edge]:
    """Those that are not left out; each is made when it is asked for."""
    return (path.edges[at] for at in range(skipped, len(path.edges)))


def root_line(lookup: Lookup, names: RootNames, path: Path) -> str:
    """Where a path begins, in a line."""
    return f"root: {_root(named(lookup, names, path))}"


def _root(name: RootName) -> str:
    if name.timer is not None:
        return f"{root_text(name)} ({name.text})"
    kind = "global" if name.kind in ("data", "bss") else name.kind
    return f"{kind} {name.text}" if name.text and name.text != name.kind and not name.object else name.text


def _line(lookup: Lookup, field: str, one: Object) -> str:
    return f"\t{field + ' → ' if field else ''}{one.base:#x} {type_of(lookup, one)}"


def type_of(lookup: Lookup, one: Object) -> str:
    """The type of an object in a line, and whether it is certain; of one without, how large it is."""
    name = lookup.type_name(one)
    return graded(name, one.exact) if name else f"(no type, {one.size} bytes)"


def referrer_object(lookup: Lookup, one: Referrer) -> dict[str, Any]:
    """A word that refers to an object, as JSON."""
    return {
        "address": Address(one.word),
        "base": Address(one.holder.base),
        **_type(lookup, one.holder),
        "field": Hostile(one.field) if one.field else None,
    }
