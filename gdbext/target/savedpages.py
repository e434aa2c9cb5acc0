"""Which pages of a copy of memory have anything but zeros in them: as near as a core comes to what was resident.

A page that was never touched, or that was given back, is all zeros (the kernel leaves it out of the file, as a hole);
so is one that the program cleared. Of a file's pages nobody knows whether they were read.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gdbext.compute.control import CONTROL
from gdbext.target.residency import PAGE, Area, Residency, bounded

if TYPE_CHECKING:
    from gdbext.compute.arrays import Bools
    from gdbext.target import Mapping
    from gdbext.target.image import Image

PIECE = 64 << 20
WORDS = PAGE // 8
HOW = "a core does not say what was resident: counted are pages with anything but zeros in them, those of files too"


def residency(image: Image, mappings: Sequence[Mapping]) -> Residency:
    """Of the mappings, by what the image has of them."""
    areas = [Area(one.start, one.end, one.file, one.flags, one.end - one.start) for one in mappings]
    pages = [_pages(image, area) if fits else None for area, fits in bounded(_held(image, areas))]
    counted = [
        Area(area.start, area.end, area.file, area.flags, 0 if mask is None else int(np.count_nonzero(mask)) * PAGE)
        for area, mask in zip(areas, pages, strict=True)
    ]
    return Residency.of(counted, pages, False, HOW)


def _held(image: Image, areas: Sequence[Area]) -> list[Area]:
    """With no resident bytes where the image has nothing: a reservation may be larger than all memory."""
    starts, ends = image.starts, image.ends
    found = []
    for area in areas:
        first = int(np.searchsorted(ends, np.uint64(area.start), "right"))
        held = first < len(starts) and int(starts[first]) < area.end
        found.append(area if held else Area(area.start, area.end, area.file, area.flags))
    return found


def _pages(image: Image, area: Area) -> Bools | None:
    if not area.rss:
        return None
    found = np.zeros(area.size // PAGE, np.bool_)
    for start, end, host in zip(image.starts.tolist(), image.ends.tolist(), image.hosts.tolist(), strict=True):
        low, high = -(-max(start, area.start) // PAGE) * PAGE, min(end, area.end) // PAGE * PAGE
        for at in range(low, high, PIECE):
            CONTROL.check()
            size = min(PIECE, high - at)
            first = (at - area.start) // PAGE
            found[first : first + size // PAGE] |= _filled(host + at - start, size)
    return found


def _filled(host: int, size: int) -> Bools:
    """Which pages of our own memory are not all zeros: a few words of each are looked at, then all of the others."""
    memory = memoryview((ctypes.c_ubyte * size).from_address(host)).cast("B")
    words = np.frombuffer(memory, np.uint64).reshape(-1, WORDS)
    filled = np.array(words[:, :: WORDS // 8].any(axis=1), np.bool_)
    empty = np.flatnonzero(~filled)
    for at in range(0, len(empty), 1 << 14):
        rows = empty[at : at + (1 << 14)]
        filled[rows] = words[rows].any(axis=1)
    return filled


__all__ = ["HOW", "residency"]
