"""What of a process's memory is copied: of one made in Python, which says what it touched."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from gdbext.compute.arrays import U64
from gdbext.target import Mapping, procfs, resident
from gdbext.target.procmem import ProcessMemory
from gdbext.target.resident import PAGE, Plan, Room

PAGES = 4096
PROGRAM = f"""
import ctypes, mmap, sys
area = mmap.mmap(-1, {PAGES * PAGE}, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
area.madvise(mmap.MADV_NOHUGEPAGE)
for page in (0, 1, 5, 1000, {PAGES - 1}):
    area[page * {PAGE}] = page % 250 + 1
shared = mmap.mmap(-1, 8 * {PAGE})
print(*(ctypes.addressof(ctypes.c_char.from_buffer(one)) for one in (area, shared)), flush=True)
sys.stdin.read()
"""
NONE = np.zeros((0, 2), np.uint64)


class Made:
    """The process, and where its areas lie."""

    def __init__(self) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([sys.executable, "-c", PROGRAM], stdin=pipe, stdout=pipe, text=True)
        assert self.process.stdout is not None
        self.area, self.shared = map(int, self.process.stdout.readline().split())
        self.pid = self.process.pid

    def mapping(self, at: int, size: int) -> Mapping:
        """A part of the real one (neighbours may have been joined)."""
        found = next(one for one in procfs.mappings(self.pid) if one.start <= at and at + size <= one.end)
        return Mapping(at, at + size, found.file, 0, found.flags)

    def plan(self, spare: U64 = NONE) -> Plan:
        return Plan.of(self.pid, [self.mapping(self.area, PAGES * PAGE)], [], spare)

    def pages(self, ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
        return [((start - self.area) // PAGE, (end - self.area) // PAGE) for start, end in ranges]


@pytest.fixture(scope="module")
def made() -> Iterator[Made]:
    found = Made()
    yield found
    found.process.communicate()


def test_what_was_touched_is_copied_and_small_holes_with_it(made: Made) -> None:
    plan = made.plan()
    assert made.pages(plan.copied) == [(0, 6), (1000, 1001), (PAGES - 1, PAGES)]
    assert made.pages(plan.zeros) == [(6, 1000), (1001, PAGES - 1)]
    assert (plan.size, plan.notes) == (8 * PAGE, [])


def test_what_is_spare_is_neither(made: Made) -> None:
    spare = np.array([[500, 1500], [PAGES - 1, PAGES + 7]], np.uint64) * np.uint64(PAGE) + np.uint64(made.area)
    plan = made.plan(spare)
    assert made.pages(plan.copied) == [(0, 6)]
    assert made.pages(plan.zeros) == [(6, 500), (1500, PAGES - 1)]


def test_the_copy_reads_as_the_process(made: Made) -> None:
    plan, memory, room = made.plan(), ProcessMemory(made.pid), Room(1 << 20)
    image = Room.image(room, room.copy(memory, plan), plan, [], FakeElf())  # type: ignore[arg-type]
    whole = memory.read(made.area, PAGES * PAGE)
    assert image.read(made.area, PAGES * PAGE) == whole
    assert [whole[page * PAGE] for page in (0, 1, 2, 5, 1000)] == [1, 2, 0, 6, 1]
    assert image.size == PAGES * PAGE
    memory.close()


class FakeElf:
    data = None


def test_where_the_kernel_does_not_tell_all_is_copied(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resident._Pages, "of", lambda pid: resident._Pages(-1))
    assert made.pages(made.plan().copied) == [(0, PAGES)]


def test_kinds_of_mappings(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resident, "LARGEST", 8 << 20)
    at, size = made.area, 64 << 20
    mappings = [
        Mapping(at, at + PAGE, "", 0, "---p"),
        Mapping(at, at + PAGE, "[vvar]", 0, "r--p"),
        Mapping(at, at + PAGE, "/dev/nvidia0", 0, "rw-s"),
        Mapping(at, at + size, "/a/database", 0, "r--s"),
        Mapping(at, at + 2 * PAGE, "/lib/x.so", 0, "r-xp"),
        Mapping(at, at + size, "", 0, "rw-p"),
    ]
    plan = Plan.of(made.pid, mappings, [(at + PAGE, at + 2 * PAGE, 1)], NONE)
    assert made.pages(plan.copied) == [(0, 1)]
    assert plan.notes == [f"0 GiB mapped at {at:#x} were not copied"]


def test_shared_memory_is_whole(made: Made) -> None:
    plan = Plan.of(made.pid, [made.mapping(made.shared, 8 * PAGE)], [], NONE)
    assert (plan.size, plan.zeros) == (8 * PAGE, [])


def test_room_is_touched_and_what_was_not_needed_is_given_back(made: Made) -> None:
    def resident_now() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE

    before, room, plan = resident_now(), Room(200 << 20), made.plan()
    assert resident_now() - before > 190 << 20
    memory = ProcessMemory(made.pid)
    image = room.image(room.copy(memory, plan), plan, [], FakeElf())  # type: ignore[arg-type]
    assert resident_now() - before < 20 << 20
    assert image.read(made.area, 1) == b"\1"
    memory.close()
