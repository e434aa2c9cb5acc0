"""Every byte that a process has mapped, in categories: what it is for, and how much of it is in RAM.

An address belongs to the first category that claims it, so the categories add up to what is mapped, and their resident
bytes to RSS, whatever was read wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from attrs import evolve, frozen

from gdbext.analysis.memory import areas, heappages
from gdbext.analysis.memory.ranges import NONE, minus, union
from gdbext.analysis.memory.slots import Slots, slots, span_ranges
from gdbext.errors import GdbextError
from gdbext.golang import metadata
from gdbext.golang.runtime import mpagealloc, mpagecache

if TYPE_CHECKING:
    from gdbext.analysis.memory.heappages import HeapPages
    from gdbext.compute.arrays import U64
    from gdbext.golang.reading.program import Program
    from gdbext.golang.runtime.mheap import Heap
    from gdbext.target.residency import Area, Residency

LIVE, DEAD, FREE = "live objects", "dead objects not swept", "free slots"
UNREAD, IDLE, RELEASED, STACKS = "unread spans", "idle spans", "released", "stacks"
SPANS, COLLECTOR, PROFILE, OTHER = (
    *("span and cache metadata", "collector metadata", "profile buckets", "other runtime"),
)
PROGRAM, C_HEAP, MAPPED, RESERVED = "program and libraries", "C heap", "other mappings", "reserved address space"
CATEGORIES = (
    *(LIVE, DEAD, FREE, UNREAD, IDLE, RELEASED, STACKS),
    *(SPANS, COLLECTOR, PROFILE, OTHER),
    *(PROGRAM, C_HEAP, MAPPED, RESERVED),
)
HEAP = (LIVE, DEAD, FREE, UNREAD, IDLE, RELEASED)
LEFT_OVER = (OTHER, MAPPED)
"""Where that is counted which belongs to a category that could not be read."""
BY_THE_KERNEL = (PROGRAM, C_HEAP, RESERVED)
"""What rests on nothing that the program changes while it is read."""


@frozen
class Category:
    """``mapped``, ``resident``: bytes. ``exact``: whether the resident ones are counted, and not worked out; and
    whether what belongs here is known to be here."""

    name: str
    mapped: int
    resident: int
    exact: bool


@frozen
class Breakdown:
    """All categories in order. ``huge``: bytes in huge pages, those of the heap among them (``heap_huge``);
    ``swapped``: bytes in swap. ``unread``: categories of which a part is counted elsewhere (``LEFT_OVER``).
    ``moved``: the program allocated while it was read."""

    categories: tuple[Category, ...]
    mapped: int
    resident: int
    measured: bool
    how: str
    huge: int
    heap_huge: int
    swapped: int
    notes: tuple[str, ...]
    unread: tuple[str, ...] = ()
    moved: bool = False

    @property
    def of_several_moments(self) -> Breakdown:
        """The same where the program allocated meanwhile: what was read of it are estimates."""
        categories = (evolve(one, exact=one.exact and one.name in BY_THE_KERNEL) for one in self.categories)
        return evolve(self, categories=tuple(categories), moved=True)

    def of(self, name: str) -> Category:
        """A category by its name."""
        return next(one for one in self.categories if one.name == name)


class _Claims:
    """What is whose, one claim after the other."""

    def __init__(self, residency: Residency) -> None:
        self.residency, self.taken = residency, NONE
        self.found = dict.fromkeys(CATEGORIES, NONE)
        self.unread: dict[str, str] = {}
        """Of which categories something could not be read, and the first reason."""

    def claim(self, name: str, *sources: Callable[[], U64]) -> None:
        """What nobody had claimed before. A source that cannot be read is told."""
        for source in sources:
            try:
                wanted = union(source())
            except GdbextError as error:
                self.unread.setdefault(name, str(error))
                continue
            fresh = minus(wanted, self.taken)
            self.found[name] = union(np.concatenate([self.found[name], fresh]))
            self.taken = union(np.concatenate([self.taken, fresh]))

    @property
    def notes(self) -> list[str]:
        """What is counted elsewhere than where it belongs, in a sentence."""
        if not self.unread:
            return []
        why = next(iter(self.unread.values()))
        where = " and ".join(name for name in LEFT_OVER if name not in self.unread)
        return [
            f"not all of {', '.join(self.unread)} is known: these figures are too small, for some of it is in {where}: "
            f"{why}"
        ]

    def category(self, name: str) -> Category:
        """The sums of a category."""
        ranges = self.found[name]
        mapped, resident = (int(ask(ranges).sum()) for ask in (self.residency.mapped_in, self.residency.resident_in))
        exact = self.residency.measured and not (len(ranges) and self.residency.is_even(ranges))
        apart = name not in (*self.unread, *(LEFT_OVER if self.unread else ()))
        return Category(name, mapped, resident, exact and apart)


def breakdown(
    program: Program, heap: Heap, residency: Residency, pages: HeapPages | GdbextError | None = None
) -> Breakdown:
    """The memory of a program. Never raises for what cannot be read: that is in the notes.

    ``pages``: as they were when ``residency`` was asked; None where the program stands still.
    """
    pages = heappages.look(program) if pages is None else pages
    claims = _Claims(residency)
    claims.claim(RESERVED, lambda: areas.reserved(residency))
    claims.claim(LIVE, lambda: span_ranges(heap))
    _claim_runtime(claims, program, pages)
    _claim_rest(claims, program, residency)
    split = _split(claims.category(LIVE), slots(heap, residency))
    categories = [split.get(name) or claims.category(name) for name in CATEGORIES]
    return Breakdown(
        tuple(categories), residency.mapped, residency.resident, residency.measured, residency.how,
        sum(area.huge for area in residency.areas), _heap_huge(claims), sum(area.swapped for area in residency.areas),
        tuple(claims.notes), tuple(claims.unread),
    )  # fmt: skip


def _claim_runtime(claims: _Claims, program: Program, pages: HeapPages | GdbextError) -> None:
    """What the runtime says of its own memory. The order has a meaning, for the first claim wins: ``manual_spans`` are
    stacks and the collector's work buffers, so those are claimed before; ``used`` are the pages of all spans, and what
    no span has claimed is of one made or freed since, or of one that contradicts itself."""

    def of(*readers: Callable[[Program], U64]) -> list[Callable[[], U64]]:
        return [partial(read, program) for read in readers]

    claims.claim(COLLECTOR, *of(metadata.work_buffers))
    claims.claim(STACKS, *of(metadata.manual_spans))
    claims.claim(RELEASED, lambda: _known(pages).released, lambda: mpagecache.cached_pages(program)[1])
    claims.claim(IDLE, lambda: _known(pages).idle, lambda: mpagecache.cached_pages(program)[0])
    claims.claim(SPANS, *of(metadata.spans, metadata.caches))
    claims.claim(COLLECTOR, *of(metadata.page_tables, metadata.arenas, metadata.object_bits, metadata.queues))
    claims.claim(PROFILE, *(partial(metadata.buckets, program, first) for first in metadata.FIRST_BUCKETS))
    claims.claim(PROFILE, *of(metadata.bucket_table))
    claims.claim(OTHER, *of(metadata.chunks))
    claims.claim(RELEASED, *of(mpagealloc.padding))
    claims.claim(UNREAD, lambda: _known(pages).used)


def _known(pages: HeapPages | GdbextError) -> HeapPages:
    if isinstance(pages, GdbextError):
        raise pages
    return pages


def _claim_rest(claims: _Claims, program: Program, residency: Residency) -> None:
    """What is told by what is mapped there, and at last all that is left."""
    claims.claim(STACKS, lambda: areas.thread_stacks(residency, program, claims.taken))
    claims.claim(PROGRAM, lambda: areas.program(residency, program))
    claims.claim(C_HEAP, lambda: areas.named(residency, "[heap]"))
    claims.claim(OTHER, lambda: areas.of_go(residency))
    claims.claim(MAPPED, lambda: areas.every(residency))


def _split(in_use: Category, found: Slots) -> dict[str, Category]:
    """The spans in use by what their slots are; together never more than their pages."""
    made, mapped, resident = {}, in_use.mapped, in_use.resident
    for name, share in ((LIVE, found.live), (DEAD, found.dead)):
        mine = min(share.mapped, mapped), min(share.resident, resident)
        mapped, resident = mapped - mine[0], resident - mine[1]
        made[name] = Category(name, *mine, in_use.exact and share.exact)
    made[FREE] = Category(FREE, mapped, resident, in_use.exact and found.free.exact)
    return made


def _heap_huge(claims: _Claims) -> int:
    mine = union(np.concatenate([claims.found[name] for name in HEAP]))
    return sum(area.huge for area in claims.residency.areas if area.huge and _touches(mine, area))


def _touches(ranges: U64, area: Area) -> bool:
    row = int(np.searchsorted(ranges[:, 1], np.uint64(area.start), "right"))
    return row < len(ranges) and int(ranges[row, 0]) < area.end
