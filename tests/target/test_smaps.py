"""/proc/PID/smaps and pagemap: as text, and of this very process."""

from __future__ import annotations

import mmap
import os
from typing import Any

import numpy as np
import pytest

from gdbext.target import smaps
from gdbext.target.residency import PAGE, Area, Residency

TEXT = """\
00400000-00402000 r-xp 00000000 fe:00 18500                              /bin/a b
Size:                  8 kB
Rss:                   4 kB
AnonHugePages:         0 kB
Swap:                  2 kB
VmFlags: rd mr mw me
7f0000000000-7f0000400000 rw-p 00000000 00:00 0
Rss:                2048 kB
AnonHugePages:      2048 kB
ShmemPmdMapped:        4 kB
7f0000400000-7f0000401000 ---p 00000000 00:00 0 [anon: Go: heap]
"""


def test_areas_of_the_text() -> None:
    assert list(smaps.parse(TEXT.splitlines(keepends=True))) == [
        Area(0x400000, 0x402000, "/bin/a b", "r-xp", 4096, 2048, 0),
        Area(0x7F0000000000, 0x7F0000400000, "", "rw-p", 2 << 20, 0, (2 << 20) + 4096),
        Area(0x7F0000400000, 0x7F0000401000, "[anon: Go: heap]", "---p"),
    ]
    assert list(smaps.parse([])) == []


def test_a_mapping_that_stands_there_twice_counts_once() -> None:
    """As it grew, or joined the one before it, while the file was read."""
    first, second, grown = Area(0, 8, rss=4), Area(8, 16, rss=8), Area(8, 32, rss=24)
    joined, last = Area(0, 32, rss=28), Area(40, 48, rss=8)
    assert smaps.apart([first, second, grown, last]) == [first, grown, last]
    assert smaps.apart([first, second, joined, last]) == [joined, last]
    assert smaps.apart([]) == []


def within(found: Residency, room: mmap.mmap) -> list[int]:
    """Resident bytes of each page of our own room."""
    start = np.frombuffer(room, np.uint8).ctypes.data
    pages = start + PAGE * np.arange(len(room) // PAGE, dtype=np.uint64)
    return found.resident_in(np.stack([pages, pages + np.uint64(PAGE)], axis=1)).tolist()


def room(pages: int) -> mmap.mmap:
    made = mmap.mmap(-1, pages * PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    made.madvise(mmap.MADV_NOHUGEPAGE)
    return made


def test_pages_that_were_written() -> None:
    own = room(64)
    for page in range(0, 64, 3):
        own[page * PAGE] = 1
    found = smaps.residency(os.getpid())
    assert found.measured and found.how == smaps.HOW
    assert within(found, own) == [PAGE if page % 3 == 0 else 0 for page in range(64)]


def test_the_page_of_zeros_does_not_count() -> None:
    """It is mapped when what was never written is read; smaps does not count it either."""
    own = room(8)
    assert own[PAGE] == own[3 * PAGE] == 0
    own[5 * PAGE] = 1
    assert within(smaps.residency(os.getpid()), own) == [PAGE if page == 5 else 0 for page in range(8)]


def test_pages_shared_with_a_child_count() -> None:
    own = room(8)
    own[2 * PAGE] = own[6 * PAGE] = 1
    ended, end = os.pipe()
    child = os.fork()
    if not child:
        os.close(end)
        os.read(ended, 1)
        os._exit(0)
    try:
        assert within(smaps.residency(os.getpid()), own) == [PAGE if page in (2, 6) else 0 for page in range(8)]
    finally:
        os.close(end)
        os.close(ended)
        os.waitpid(child, 0)


def test_without_pagemap_the_sums_are_right(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError(1, "not permitted")

    monkeypatch.setattr(smaps, "_pages", refuse)
    found = smaps.residency(os.getpid())
    assert found.how == smaps.WITHOUT_PAGES
    whole = np.array([[area.start, area.end] for area in found.areas], np.uint64)
    assert found.resident_in(whole).tolist() == [area.rss for area in found.areas]


def test_a_process_that_is_not_there() -> None:
    with pytest.raises(OSError):
        smaps.residency(1 << 30)
