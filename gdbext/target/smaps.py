"""What of a process's memory is in RAM, page by page: /proc/PID/smaps and pagemap (proc(5), mm/pagemap.rst)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping as MappingOf
from typing import TYPE_CHECKING

import numpy as np

from gdbext.compute.control import CONTROL
from gdbext.target.procfs import mapping_of
from gdbext.target.residency import PAGE, Area, Residency, bounded

if TYPE_CHECKING:
    from gdbext.compute.arrays import U64, Bools

PRESENT, FILE, EXCLUSIVE = (np.uint64(1 << bit) for bit in (63, 61, 56))
"""Bits of an entry of pagemap: in RAM; of a file or shared; mapped once only."""
PIECE = 1 << 18
"""Entries of pagemap read at a time."""
SIZES = ("Rss", "Swap", "AnonHugePages", "ShmemPmdMapped", "FilePmdMapped")
HOW = "by /proc/PID/smaps and pagemap"
WITHOUT_PAGES = "by /proc/PID/smaps alone: within a mapping resident pages are taken to be spread evenly"


def residency(pid: int) -> Residency:
    """Of a process as it is now. Raises OSError where the kernel does not tell."""
    areas = list(read_areas(pid))
    try:
        with open(f"/proc/{pid}/pagemap", "rb", buffering=0) as pagemap:
            pages = [_pages(pagemap.fileno(), area) if fits else None for area, fits in bounded(areas)]
    except OSError:
        return Residency.of(areas, [None] * len(areas), True, WITHOUT_PAGES)
    return Residency.of(areas, pages, True, HOW)


def read_areas(pid: int) -> Iterator[Area]:
    """The mappings with what smaps says of each. Raises OSError."""
    with open(f"/proc/{pid}/smaps", encoding="utf-8", errors="surrogateescape") as file:
        yield from apart(parse(file))


def apart(areas: Iterable[Area]) -> list[Area]:
    """Each address once. The file is read in pieces: a mapping that grew between two of them, or joined its neighbour,
    stands there again (m_start in fs/proc/task_mmu.c), and then as it is."""
    found: list[Area] = []
    for area in areas:
        while found and found[-1].end > area.start:
            found.pop()
        found.append(area)
    return found


def parse(lines: Iterable[str]) -> Iterator[Area]:
    """The areas of a smaps file's lines."""
    head, sizes = "", dict[str, int]()
    for line in lines:
        name, colon, value = line.partition(":")
        if colon and " " not in name:
            if name in SIZES:
                sizes[name] = int(value.split()[0]) << 10
            continue
        if head:
            yield _area(head, sizes)
        head, sizes = line, {}
    if head:
        yield _area(head, sizes)


def _area(head: str, sizes: MappingOf[str, int]) -> Area:
    found = mapping_of(head)
    rss, swapped, *huge = (sizes.get(name, 0) for name in SIZES)
    return Area(found.start, found.end, found.file, found.flags, rss, swapped, sum(huge))


def _pages(pagemap: int, area: Area) -> Bools | None:
    """Which pages of an area count as resident. Raises OSError.

    The kernel's page of zeros is present and does not count in smaps. It is neither of a file nor mapped once only;
    nor is a page that a child shares since it was forked. Which of the two there are, smaps' number says.
    """
    if not area.rss:
        return None
    entries = _entries(pagemap, area)
    present = entries & PRESENT != 0
    sure: Bools = present & (entries & (FILE | EXCLUSIVE) != 0)
    wanted = area.rss // PAGE
    off = [abs(int(np.count_nonzero(pages)) - wanted) for pages in (present, sure)]
    return present if off[0] <= off[1] else sure


def _entries(pagemap: int, area: Area) -> U64:
    first, count = area.start // PAGE, (area.end - area.start) // PAGE
    parts = []
    for at in range(0, count, PIECE):
        CONTROL.check()
        wanted = min(PIECE, count - at)
        raw = os.pread(pagemap, 8 * wanted, 8 * (first + at))
        parts.append(np.frombuffer(raw.ljust(8 * wanted, b"\0")[: 8 * wanted], "<u8"))
    return np.concatenate(parts)


__all__ = ["HOW", "WITHOUT_PAGES", "apart", "parse", "read_areas", "residency"]
