"""Which bytes of an address space are mapped, and which of those are in RAM.

Both are asked of address ranges, very many at a time: as bytes below an address, of which two are subtracted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from attrs import field, frozen

if TYPE_CHECKING:
    from gdbext.compute.arrays import I64, U64, Bools

PAGE = 4096
MOST_PAGES = 1 << 25
"""Pages that are looked at one by one (128 GiB); of the areas behind them only their sums are known."""


@frozen
class Area:
    """One mapping [start, end). ``rss``, ``swapped``, ``huge``: bytes in RAM, in swap, in huge pages."""

    start: int
    end: int
    file: str = ""
    flags: str = ""
    rss: int = 0
    swapped: int = 0
    huge: int = 0

    @property
    def size(self) -> int:
        """Bytes mapped."""
        return self.end - self.start


def bounded(areas: Iterable[Area]) -> Iterator[tuple[Area, bool]]:
    """The areas, and whether there is room to look at their pages: no more than MOST_PAGES together."""
    left = MOST_PAGES
    for area in areas:
        needed = area.size // PAGE if area.rss else 0
        yield area, needed <= left
        left -= needed if needed <= left else 0


@frozen(eq=False)
class Residency:
    """Sorted, disjoint areas and their resident pages.

    ``measured``: the operating system said what is in RAM; else only which pages have anything in them is known.
    ``how``: who said so, in words. ``even``: areas of which it is not known which of their pages are resident.
    """

    areas: Sequence[Area]
    measured: bool
    how: str
    _start: U64 = field(repr=False)
    _end: U64 = field(repr=False)
    _mapped: I64 = field(repr=False)
    _resident: I64 = field(repr=False)
    """Bytes in the areas before each, and in all."""
    _first: I64 = field(repr=False)
    """Where an area's pages begin in ``_pages``; -1: unknown."""
    _pages: I64 = field(repr=False)
    """Resident bytes of an area before each of its pages, and in all of them."""
    even: Bools = field(repr=False)

    @classmethod
    def of(cls, areas: Sequence[Area], pages: Sequence[Bools | None], measured: bool, how: str) -> Residency:
        """``pages``: which of each area's pages count as resident; None where only their sum (rss) is known."""
        chosen = sorted(zip(areas, pages, strict=True), key=lambda pair: pair[0].start)
        firsts, parts, even, at = [], [np.zeros(0, np.int64)], [], 0
        for area, mask in chosen:
            found = _bytes_before(area, mask)
            even.append(bool(area.rss) and (mask is None or int(np.count_nonzero(mask)) * PAGE != area.rss))
            firsts.append(-1 if found is None else at)
            if found is not None:
                parts.append(found)
                at += len(found)
        rows = [area for area, _ in chosen]
        return cls(
            rows, measured, how,
            np.array([area.start for area in rows], np.uint64), np.array([area.end for area in rows], np.uint64),
            _sums([area.size for area in rows]), _sums([area.rss for area in rows]),
            np.array(firsts, np.int64), np.concatenate(parts), np.array(even, np.bool_),
        )  # fmt: skip

    @property
    def mapped(self) -> int:
        """Bytes of all areas."""
        return int(self._mapped[-1])

    @property
    def resident(self) -> int:
        """Bytes of them in RAM."""
        return int(self._resident[-1])

    def mapped_in(self, ranges: U64) -> I64:
        """Mapped bytes of each [start, end) range, an array (n, 2)."""
        return self._mapped_below(ranges[:, 1]) - self._mapped_below(ranges[:, 0])

    def resident_in(self, ranges: U64) -> I64:
        """Resident bytes of each range."""
        return self._resident_below(ranges[:, 1]) - self._resident_below(ranges[:, 0])

    def is_even(self, ranges: U64) -> bool:
        """Whether any of the ranges shares an area with something else, and which pages are resident is unknown."""
        last, first = self._area(ranges[:, 1] - np.uint64(1)), self._area(ranges[:, 0])
        first += (first < 0) | (self._end[first] <= ranges[:, 0]) if len(self.areas) else 0
        before = np.concatenate([[0], np.cumsum(self.even)])
        return bool((before[np.maximum(last + 1, first)] > before[first]).any())

    def _area(self, at: U64) -> I64:
        """The area that begins last at or before each address; -1: none."""
        found: I64 = np.searchsorted(self._start, at, "right") - 1
        return found

    def _mapped_below(self, at: U64) -> I64:
        number = self._area(at)
        safe = np.maximum(number, 0)
        inside = np.minimum(at, self._end[safe]) - self._start[safe] if len(self.areas) else at
        return np.where(number < 0, 0, self._mapped[safe] + inside.astype(np.int64))

    def _resident_below(self, at: U64) -> I64:
        if not len(self.areas):
            return np.zeros(len(at), np.int64)
        number = self._area(at)
        safe = np.maximum(number, 0)
        inside = (np.minimum(np.maximum(at, self._start[safe]), self._end[safe]) - self._start[safe]).astype(np.int64)
        return np.where(number < 0, 0, self._resident[safe] + self._inside(safe, inside))

    def _inside(self, number: I64, offset: I64) -> I64:
        """Resident bytes of an area before an offset."""
        whole = self._resident[number + 1] - self._resident[number]
        size = (self._end[number] - self._start[number]).astype(np.int64)
        evenly = (whole * (offset / np.maximum(size, 1))).astype(np.int64)
        known = self._first[number] >= 0
        page = np.where(known, self._first[number] + offset // PAGE, 0)
        if not len(self._pages):
            return evenly
        before, after = self._pages[page], self._pages[np.minimum(page + 1, len(self._pages) - 1)]
        exact = before + (np.maximum(after - before, 0) * (offset % PAGE)) // PAGE
        return np.where(offset >= size, whole, np.where(known, exact, evenly))


def _bytes_before(area: Area, mask: Bools | None) -> I64 | None:
    """Their last is the area's rss, whatever the mask counts: of a program that runs the two are of two moments."""
    count = 0 if mask is None else int(np.count_nonzero(mask))
    if mask is None or not count:
        return None
    found = np.zeros(len(mask) + 1, np.int64)
    np.cumsum(mask, out=found[1:])
    if count * PAGE != area.rss:
        return (found * (area.rss / count)).astype(np.int64)
    return found * PAGE


def _sums(sizes: Sequence[int]) -> I64:
    return np.concatenate([[0], np.cumsum(np.array(sizes, np.int64))]).astype(np.int64)


__all__ = ["MOST_PAGES", "PAGE", "Area", "Residency", "bounded"]
