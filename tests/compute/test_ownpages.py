"""Memory of our own: there when it was touched, and huge pages only where nothing has to be moved for them."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from gdbext.compute import ownpages
from gdbext.compute.ownpages import HUGE, PAGE, buffer_of, free_in_huge_pages, host_of, touch

ZONES = """\
Node 0, zone      DMA      1      0      0      0      0      0      0      0      1      1      3
Node 0, zone   Normal   6880   9912   8770   1276   5014   3920   1125   1217    625    385    100
"""


def told_of(host: int) -> dict[str, list[str]]:
    """What smaps says of the mapping that an address lies in."""
    found: dict[str, list[str]] = {}
    for line in Path("/proc/self/smaps").read_text().splitlines():
        name, *words = line.split()
        if not name.endswith(":"):
            start, end = (int(word, 16) for word in name.split("-"))
            if end <= host:
                found.clear()
            elif start > host:
                break
        found[name.rstrip(":")] = words
    return found


def pages_there(host: int, count: int) -> int:
    """Of so many from there. (smaps counts neighbours too: two mappings become one.)"""
    with open("/proc/self/pagemap", "rb") as file:
        file.seek(host // PAGE * 8)
        return sum(word >> 63 for word in struct.unpack(f"<{count}Q", file.read(8 * count)))


def test_what_was_touched_is_there_and_as_it_was() -> None:
    buffer = buffer_of(64 * PAGE)
    buffer[10 * PAGE] = 7
    before = pages_there(host_of(buffer), 64)
    assert touch(host_of(buffer) + 8 * PAGE + 5, 4 * PAGE)
    assert pages_there(host_of(buffer), 64) - before == 4  # five pages, one of which was there
    assert buffer[10 * PAGE] == 7 and buffer[11 * PAGE] == 0


def test_what_is_not_ours_cannot_be_touched() -> None:
    assert not touch(PAGE, PAGE)


def test_free_blocks_of_huge_pages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (path := tmp_path / "buddyinfo").write_text(ZONES)
    monkeypatch.setattr(ownpages, "BLOCKS", str(path))
    assert free_in_huge_pages() == (1 + 2 * 3 + 385 + 2 * 100) * HUGE
    monkeypatch.setattr(ownpages, "BLOCKS", str(tmp_path / "none"))
    assert free_in_huge_pages() == 0


@pytest.mark.parametrize("free", [0, 100 * HUGE])
def test_huge_pages_are_asked_for_where_there_are_enough(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    monkeypatch.setattr(ownpages, "free_in_huge_pages", lambda: free)
    buffer = buffer_of(16 * HUGE)
    assert ("hg" in told_of(host_of(buffer))["VmFlags"]) == bool(free)


@pytest.mark.parametrize("size", [1 << 62, 1 << 64])
def test_more_than_can_be_had(size: int) -> None:
    with pytest.raises(MemoryError, match=rf"^{size:,} bytes for a copy$"):
        buffer_of(size)
