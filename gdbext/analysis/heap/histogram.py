"""How many objects of each type there are, reachable and not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from attrs import field, frozen

from gdbext.analysis.heap.flow import Flowed
from gdbext.analysis.heap.kernels import objects as kernels
from gdbext.analysis.heap.kernels.objects import Objects
from gdbext.compute import parallel
from gdbext.compute.arrays import I64, U64
from gdbext.golang.runtime.sizeclasses import SIZES, SPAN_CLASSES

BY = ("type", "package")
NO_PACKAGE = "(no package)"
LIVE, DEAD = 0, 2


@frozen
class Count:
    """Objects and bytes of the slots they take."""

    objects: int
    bytes: int


@frozen
class Entry:
    """Objects that are alike. ``row``: of their type, -1 for those without one; ``exact``: that is certain.

    ``elemsize``: of those without a type, 0 for large ones; ``noscan``: they hold no pointers. ``counted``: where
    ``tally`` counts them.
    """

    name: str
    package: str
    row: int
    exact: bool
    count: Count
    elemsize: int = 0
    noscan: bool = False
    counted: tuple[int, ...] = ()


@frozen
class Instance:
    """One object."""

    address: int
    size: int
    reachable: bool


def tally(objects: Objects, types: int, text: int) -> I64:
    """Objects and bytes by type, as ``kernels.tally`` counts them."""

    def some(begin: int, end: int) -> I64:
        out = np.zeros((2 * types + SPAN_CLASSES, 4), np.int64)
        kernels.tally(objects, types, text, begin, end, out)
        return out

    first, *rest = parallel.split(len(objects.spans), some)
    return sum(rest, first)


@frozen(eq=False)
class Histogram:
    """Counts by type; see ``kernels.tally``."""

    flowed: Flowed = field(repr=False)
    counts: I64 = field(repr=False)

    @classmethod
    def of(cls, flowed: Flowed) -> Histogram:
        """Of all allocated objects."""
        return cls(flowed, tally(flowed.laid.objects, len(flowed.table), flowed.table.text))

    def total(self, which: int) -> Count:
        """Of all LIVE or DEAD ones."""
        return Count(int(self.counts[:, which].sum()), int(self.counts[:, which + 1].sum()))

    def exact_bytes(self, which: int) -> int:
        """Bytes of objects whose type is certain."""
        return int(self.counts[: 2 * len(self.flowed.table) : 2, which + 1].sum())

    def entries(self, which: int, by: str = BY[0]) -> list[Entry]:
        """What there is, the most bytes first. ``by``: one of BY."""
        found = self._by_type(which)
        if by == "type":
            return found
        groups: dict[str, list[Entry]] = {}
        for entry in found:
            groups.setdefault(entry.package or NO_PACKAGE, []).append(entry)
        return sorted((_together(name, each) for name, each in groups.items()), key=lambda each: -each.count.bytes)

    def _by_type(self, which: int) -> list[Entry]:
        rows = np.flatnonzero(self.counts[:, which])
        order = np.lexsort((rows, -self.counts[rows, which], -self.counts[rows, which + 1]))
        return [self.entry(int(row), which) for row in rows[order]]

    def entry(self, at: int, which: int) -> Entry:
        """What one row of ``counts`` says of LIVE or DEAD objects."""
        table, count = self.flowed.table, Count(int(self.counts[at, which]), int(self.counts[at, which + 1]))
        if at < 2 * len(table):
            row = at // 2
            return Entry(table.name(row), table.package(row), row, at % 2 == 0, count, counted=(at,))
        size, noscan = SIZES[(at - 2 * len(table)) // 2], bool((at - 2 * len(table)) % 2)
        return Entry("", "", -1, False, count, size, noscan, (at,))

    def instances(self, entries: Sequence[Entry], which: int) -> Iterator[Instance]:
        """The objects that some entries count, by address."""
        counted = np.array([at for entry in entries for at in entry.counted], np.int64)
        room = int(self.counts[counted, LIVE].sum() + self.counts[counted, DEAD].sum())
        address, size = np.zeros(room, np.uint64), np.zeros(room, np.int64)
        objects, table = self.flowed.laid.objects, self.flowed.table
        found = min(int(kernels.instances(objects, len(table), table.text, counted, address, size)), room)
        chosen = np.flatnonzero((size[:found] > 0) == (which == LIVE))
        for at in range(0, len(chosen), 1 << 16):
            yield from _made(address[chosen[at : at + (1 << 16)]], size[chosen[at : at + (1 << 16)]])


def _together(package: str, entries: Sequence[Entry]) -> Entry:
    """The entries of one package as one."""
    objects, size = (sum(column) for column in zip(*((e.count.objects, e.count.bytes) for e in entries), strict=True))
    exact, counted = all(entry.exact for entry in entries), tuple(at for entry in entries for at in entry.counted)
    return Entry(package, package, 0, exact, Count(objects, size), counted=counted)


def _made(address: U64, size: I64) -> Iterator[Instance]:
    for one, much in zip(address.tolist(), size.tolist(), strict=True):
        yield Instance(one, abs(much), much > 0)
