"""The rows of go-mcache and go-mcentral, each column declared once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from gdbext.golang.runtime import mcentral
from gdbext.golang.runtime.sizeclasses import SPAN_CLASSES
from gdbext.golang.runtime.spancheck import PAGE_SIZE
from gdbext.report.columns import Column, Schema
from gdbext.report.values import Kind

if TYPE_CHECKING:
    from gdbext.compute.arrays import U64
    from gdbext.golang.runtime.mcache import Caches
    from gdbext.golang.runtime.mcentral import Central, Members

TINY_BLOCK = 16


@frozen(eq=False)
class Cached:
    """A cached span: its row."""

    caches: Caches
    row: int

    @property
    def p(self) -> int:
        """The number of the P that has it."""
        return int(self.caches.p[self.caches.spans.owner[self.row]])

    def number(self, name: str) -> int:
        """A field of the mspan."""
        return int(self.caches.spans.span[name][self.row])

    @property
    def pending(self) -> int:
        """Objects made in it that the statistics do not count yet."""
        return int(self.caches.spans.pending[self.row])


@frozen(eq=False)
class Cache:
    """The cache of a P: its row, and the heap's sweepgen."""

    caches: Caches
    row: int
    sweepgen: int

    def number(self, name: str) -> int:
        """A field of the mcache."""
        return int(self.caches.cache[name][self.row])

    @property
    def spans(self) -> list[Cached]:
        """What is cached, by class."""
        rows: list[int] = (self.caches.spans.owner == self.row).nonzero()[0].tolist()
        return [Cached(self.caches, row) for row in rows]

    @property
    def free_bytes(self) -> int:
        """Room in free slots."""
        return sum((one.number("nelems") - one.number("taken")) * one.number("elemsize") for one in self.spans)

    @property
    def stale(self) -> bool:
        """It was filled before the last sweep began, and its spans have yet to be swept."""
        return self.number("flush_gen") != self.sweepgen

    @property
    def tiny_left(self) -> int | None:
        """Bytes left in the block of tiny objects; None without one."""
        return max(TINY_BLOCK - self.number("tiny_offset"), 0) if self.number("tiny") else None


def _cached(key: str, kind: Kind, title: str, one: Callable[[Cached], Any]) -> Column[Cached, Sequence[Cached]]:
    return Column(key, kind, title, one)


def _of(name: str) -> Callable[[Cached], int]:
    return lambda cached: cached.number(name)


CACHED = Schema(
    (
        _cached("", Kind.NUMBER, "p", lambda cached: cached.p),
        _cached("class", Kind.NUMBER, "class", _of("spanclass")),
        _cached("elemsize", Kind.NUMBER, "elemsize", _of("elemsize")),
        _cached("noscan", Kind.FLAG, "noscan", lambda cached: cached.number("spanclass") % 2 == 1),
        _cached("span", Kind.ADDRESS, "span", _of("base")),
        _cached("mspan", Kind.ADDRESS, "", lambda cached: int(cached.caches.spans.address[cached.row])),
        _cached("slots", Kind.COUNT, "slots", _of("nelems")),
        _cached("taken", Kind.COUNT, "taken", _of("taken")),
        _cached("free", Kind.COUNT, "free", lambda cached: cached.number("nelems") - cached.number("taken")),
        _cached("pending", Kind.COUNT, "since cached", lambda cached: cached.pending),
        _cached("freeindex", Kind.COUNT, "", _of("freeindex")),
    )
)
"""A cached span: to add a column, add it here."""


def _cache(key: str, kind: Kind, title: str, one: Callable[[Cache], Any]) -> Column[Cache, Sequence[Cache]]:
    return Column(key, kind, title, one)


CACHE = Schema(
    (
        _cache("p", Kind.NUMBER, "p", lambda cache: int(cache.caches.p[cache.row])),
        _cache("address", Kind.ADDRESS, "mcache", lambda cache: int(cache.caches.address[cache.row])),
        _cache("", Kind.COUNT, "spans", lambda cache: len(cache.spans)),
        _cache("free_bytes", Kind.BYTES, "room", lambda cache: cache.free_bytes),
        _cache("pending", Kind.COUNT, "since cached", lambda cache: sum(one.pending for one in cache.spans)),
        _cache("tiny", Kind.ADDRESS, "tiny block", lambda cache: cache.number("tiny") or None),
        _cache("tiny_left", Kind.BYTES, "left in it", lambda cache: cache.tiny_left),
        _cache("tiny_allocs", Kind.COUNT, "tiny objects", lambda cache: cache.number("tiny_allocs")),
        _cache("flush_gen", Kind.NUMBER, "flushGen", lambda cache: cache.number("flush_gen")),
        _cache("stale", Kind.FLAG, "stale", lambda cache: cache.stale),
        _cache("spans", Kind.LIST, "", lambda cache: [CACHED.object(one) for one in cache.spans]),
    )
)
"""The cache of a P."""


@frozen(eq=False)
class Sets:
    """The central sets of one class. ``counts``: spans, in the order of ``mcentral.SETS``."""

    number: int
    elemsize: int
    counts: Sequence[int]


def _set(key: str, kind: Kind, title: str, one: Callable[[Sets], Any]) -> Column[Sets, Sequence[Sets]]:
    return Column(key, kind, title, one)


def _count(kind: int, title: str) -> Column[Sets, Sequence[Sets]]:
    return _set(mcentral.SETS[kind], Kind.COUNT, title, lambda sets: sets.counts[kind])


SETS = Schema(
    (
        _set("class", Kind.NUMBER, "class", lambda sets: sets.number),
        _set("elemsize", Kind.NUMBER, "", lambda sets: sets.elemsize),
        _set("", Kind.NUMBER, "elemsize", lambda sets: sets.elemsize or "large"),
        _set("noscan", Kind.FLAG, "noscan", lambda sets: sets.number % 2 == 1),
        _count(mcentral.PARTIAL_SWEPT, "partial"),
        _count(mcentral.PARTIAL_UNSWEPT, "partial, unswept"),
        _count(mcentral.FULL_SWEPT, "full"),
        _count(mcentral.FULL_UNSWEPT, "full, unswept"),
    )
)
"""The central sets of a class."""


def sets(central: Central, sizes: U64) -> list[Sets]:
    """Those of every class that has spans in any."""
    counts = central.counts()
    rows = ((number, int(sizes[number >> 1]), counts[number].tolist()) for number in range(SPAN_CLASSES))
    return [Sets(*row) for row in rows if any(row[2])]


@frozen(eq=False)
class Member:
    """A span in a central set: its row."""

    members: Members
    row: int

    def number(self, name: str) -> int:
        """A field of the mspan."""
        return int(self.members.span[name][self.row])


def _member(key: str, kind: Kind, title: str, one: Callable[[Member], Any]) -> Column[Member, Sequence[Member]]:
    return Column(key, kind, title, one)


MEMBER = Schema(
    (
        _member("set", Kind.TEXT, "", lambda one: mcentral.SETS[int(one.members.kind[one.row])]),
        _member("", Kind.TEXT, "set", lambda one: mcentral.SETS[int(one.members.kind[one.row])].replace("_", ", ")),
        _member("span", Kind.ADDRESS, "span", lambda one: one.number("base")),
        _member("mspan", Kind.ADDRESS, "", lambda one: int(one.members.address[one.row])),
        _member("bytes", Kind.BYTES, "pages", lambda one: one.number("npages") * PAGE_SIZE),
        _member("slots", Kind.COUNT, "slots", lambda one: one.number("nelems")),
        _member("taken", Kind.COUNT, "taken", lambda one: one.number("taken")),
        _member("free", Kind.COUNT, "free", lambda one: one.number("nelems") - one.number("taken")),
    )
)
"""A span in a central set."""
