"""What go-object says of an address, each value declared once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from gdbext.report import Absent, Address, Bytes
from gdbext.report.cells import escape
from gdbext.report.columns import Column, Schema
from gdbext.report.values import Kind
from gdbext.views import siterows
from gdbext.views.grades import graded

if TYPE_CHECKING:
    from gdbext.analysis.heap.allocsite import Site
    from gdbext.analysis.heap.lookup import Lookup, Object

NOTHING = "no object of the Go heap lies there"


@frozen
class Asked:
    """An address, and the object there. ``site``: where it was allocated, None where it was not sampled."""

    address: int
    lookup: Lookup
    found: Object | None
    site: Site | Absent | None = None

    @property
    def type(self) -> str:
        """Go's name of the type, "" where nobody knows it."""
        return self.lookup.type_name(self.found) if self.found else ""

    @property
    def package(self) -> str:
        """Its package's path."""
        found = self.found
        return self.lookup.flowed.table.package(found.row) if found and found.row >= 0 else ""

    def span(self) -> dict[str, Any] | None:
        """The span that the object lies in."""
        if self.found is None:
            return None
        spans, number = self.lookup.flowed.laid.heap.spans, self.found.span
        size = int(spans.elemsize[number])
        return {
            "address": Address(spans.base[number]),
            "class": self.lookup.span_class(self.found),
            "elemsize": Bytes(size),
            "noscan": bool(spans.noscan[number]),
            "state": "in use",
        }

    def slot(self) -> dict[str, Any] | None:
        """The slot, where it begins and its number in the span."""
        if self.found is None:
            return None
        return {"address": Address(self.lookup.slot_address(self.found)), "index": self.found.slot}

    def allocation_site(self) -> dict[str, Any] | Absent | None:
        """Where it was allocated, innermost frame first."""
        if self.site is None or isinstance(self.site, Absent):
            return self.site
        return siterows.site_object(self.site)

    def marked(self) -> bool | None:
        """Whether the last collection found it reachable."""
        found = self.found
        if found is None or not found.allocated:
            return None
        return self.lookup.marked(found)


def _column(key: str, kind: Kind, one: Callable[[Asked], Any]) -> Column[Asked, Sequence[Asked]]:
    return Column(key, kind, "", one)


def _of(name: str) -> Callable[[Asked], Any]:
    return lambda asked: getattr(asked.found, name) if asked.found else None


OBJECT = Schema(
    (
        _column("address", Kind.ADDRESS, lambda asked: asked.address),
        _column("base", Kind.ADDRESS, _of("base")),
        _column("size", Kind.BYTES, _of("size")),
        _column("type", Kind.HOSTILE, lambda asked: asked.type or None),
        _column("pkg_path", Kind.HOSTILE, lambda asked: asked.package or None),
        _column("exact", Kind.FLAG, _of("exact")),
        _column("span", Kind.MAPPING, Asked.span),
        _column("slot", Kind.MAPPING, Asked.slot),
        _column("allocated", Kind.FLAG, _of("allocated")),
        _column("marked", Kind.FLAG, Asked.marked),
        _column("reachable", Kind.FLAG, _of("reachable")),
        _column("allocation_site", Kind.MAPPING, lambda asked: asked.allocation_site()),
    )
)
"""To say more of an object, add it here."""


def lines(asked: Asked) -> Iterator[str]:
    """The same for people."""
    found = asked.found
    if found is None:
        yield f"{asked.address:#x}: {NOTHING}"
        return
    inside = asked.address - found.base
    where = f", {inside} bytes into it" if inside else ""
    kind = graded(asked.type, found.exact) if asked.type else "no type is known"
    state = "reachable" if found.reachable else "garbage not collected yet" if found.allocated else "a free slot"
    yield f"{found.base:#x}: {kind}, {found.size:,} bytes, {state}{where}"
    span = asked.span()
    assert span is not None
    pointers = "no pointers" if span["noscan"] else "pointers"
    yield f"\tslot {found.slot} of the span at {span['address']:#x}: {span['elemsize']:,} bytes each, {pointers}"
    if isinstance(asked.site, Absent):
        yield f"\tallocated by nobody knows whom: {escape(asked.site.reason)}"
    elif asked.site is not None and asked.site.shown:
        yield f"\tallocated by {siterows.place(asked.site.shown[0])}"
