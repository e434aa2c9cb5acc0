"""What of a process's memory a copy has to have: what it has touched. The rest reads as zeros, and costs nothing.

The kernel tells which pages of private memory a process has (/proc/PID/pagemap): an arena of 64 MB, a C thread's stack
of 8 MB and an old heap's peak are mostly untouched. What a file has is read whole, unless it is large or shared.
"""

from __future__ import annotations

import ctypes
import mmap
import os
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
from attrs import define, field
from numpy.typing import NDArray

from gdbext.binary.elf import Elf
from gdbext.compute import parallel
from gdbext.compute.ownpages import PAGE, buffer_of, host_of, touch
from gdbext.errors import UnsupportedTarget
from gdbext.target import Mapping
from gdbext.target.identity import constant_loads
from gdbext.target.image import Image
from gdbext.target.layers import Piece, holes, piece
from gdbext.target.procmem import ProcessMemory

if TYPE_CHECKING:
    from gdbext.compute.arrays import U64, Bools
    from gdbext.compute.touching import Touching

ENTRIES = 1 << 21
"""Entries of pagemap read at a time: 16 MB."""
GAP = 16
"""Pages: holes up to this size are copied along, for one long copy is cheaper than two."""
LARGE_FILE = 32 << 20
"""A mapped file may be a database; those of libraries and plugins are smaller."""
LARGEST = 1 << 38
"""Memory mapped in one piece that is worth asking for page by page (half a second); more is a sanitizer's shadow."""
UNREADABLE = ("[vvar", "[vsyscall", "[uprobes")
DEVICES, NO_DEVICES = "/dev/", ("/dev/zero", "/dev/shm/")
"""Reading a device's memory may do something; these are shared memory."""
ZERO, THERE, SPARE = 0, 1, 2
"""A page reads as zeros, has to be copied, holds nothing that anybody needs."""
TOUCHED = 64 << 20


@define
class Plan:
    """Sorted, disjoint [start, end) ranges: what to copy, what reads as zeros. ``notes``: what is left out."""

    copied: list[tuple[int, int]] = field(factory=list)
    zeros: list[tuple[int, int]] = field(factory=list)
    notes: list[str] = field(factory=list)

    @property
    def size(self) -> int:
        """How many bytes are to be copied."""
        return sum(end - start for start, end in self.copied)

    @classmethod
    def of(cls, pid: int, mappings: Sequence[Mapping], constant: Sequence[Piece], spare: U64) -> Plan:
        """For a process as it is now. ``constant``: what its program's file has; ``spare`` (n, 2): sorted, disjoint
        ranges that hold nothing. Raises OSError when the process is gone."""
        plan = cls()
        with _Pages.of(pid) as pages:
            for one in mappings:
                if one.flags.startswith("r") and not _is_special(one.file):
                    plan._add(one, pages, constant, spare)
        return plan

    def _add(self, one: Mapping, pages: _Pages, constant: Sequence[Piece], spare: U64) -> None:
        if not _is_anonymous(one):
            if one.end - one.start <= LARGE_FILE:
                self.copied += holes(constant, one.start, one.end)
        elif one.end - one.start > LARGEST:
            self.notes.append(f"{(one.end - one.start) >> 30:,} GiB mapped at {one.start:#x} were not copied")
        else:
            state = pages.state(one)
            state[_covered(one, spare)] = SPARE
            self.copied += _close_gaps(state, one.start)
            self.zeros += _runs(state == ZERO, one.start)


def _is_special(file: str) -> bool:
    return file.startswith(UNREADABLE) or (file.startswith(DEVICES) and not file.startswith(NO_DEVICES))


def _is_anonymous(one: Mapping) -> bool:
    return one.flags.endswith("p") and (not one.file or one.file.startswith(("[heap]", "[stack", "[anon:")))


@define
class _Pages:
    """Which pages a process has, where the kernel tells."""

    _file: int

    @classmethod
    def of(cls, pid: int) -> _Pages:
        try:
            return cls(os.open(f"/proc/{pid}/pagemap", os.O_RDONLY | os.O_CLOEXEC))
        except OSError:  # a kernel built without it
            return cls(-1)

    def __enter__(self) -> _Pages:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._file >= 0:
            os.close(self._file)

    def state(self, one: Mapping) -> NDArray[np.uint8]:
        """ZERO or THERE for each page of a mapping."""
        parts = [self._read(at, min(at + ENTRIES * PAGE, one.end)) for at in range(one.start, one.end, ENTRIES * PAGE)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _read(self, start: int, end: int) -> NDArray[np.uint8]:
        count = (end - start) // PAGE
        there = np.ones(count, np.uint8)
        data = b""
        with suppress(OSError):
            data = os.pread(self._file, 8 * count, 8 * (start // PAGE)) if self._file >= 0 else b""
        entries = np.frombuffer(data[: len(data) & ~7], "<u8")
        there[: len(entries)] = entries >> np.uint64(62) != 0  # present, or swapped out
        return there


def _covered(one: Mapping, ranges: U64) -> Bools:
    """Which pages of a mapping lie wholly in one of the ranges."""
    low, high = np.uint64(one.start), np.uint64(one.end)
    here = ranges[(ranges[:, 0] < high) & (ranges[:, 1] > low)]
    first = (np.maximum(here[:, 0], low) - low + np.uint64(PAGE - 1)) // np.uint64(PAGE)
    last = (np.minimum(here[:, 1], high) - low) // np.uint64(PAGE)
    whole = last > first
    steps = np.zeros((one.end - one.start) // PAGE + 1, np.int8)
    np.add.at(steps, first[whole].astype(np.int64), 1)
    np.add.at(steps, last[whole].astype(np.int64), -1)
    covered: Bools = np.cumsum(steps[:-1], dtype=np.int8) > 0
    return covered


def _edges(wanted: Bools) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where runs of true begin and end."""
    changes = np.flatnonzero(np.diff(wanted.view(np.int8), prepend=0, append=0))
    return changes[::2], changes[1::2]


def _runs(wanted: Bools, base: int) -> list[tuple[int, int]]:
    first, last = _edges(wanted)
    return [(base + PAGE * a, base + PAGE * b) for a, b in zip(first.tolist(), last.tolist(), strict=True)]


def _close_gaps(state: NDArray[np.uint8], base: int) -> list[tuple[int, int]]:
    """The ranges to be copied; what lies in small holes between them is copied too, and marked so in ``state``."""
    first, last = _edges(state == THERE)
    small = np.flatnonzero(first[1:] - last[:-1] <= GAP)
    for begin, end in zip(last[small].tolist(), first[small + 1].tolist(), strict=True):
        state[begin:end] = THERE
    return _runs(state == THERE, base)


def constant_pieces(elf: Elf, bias: int) -> list[Piece]:
    """What nobody can write of a program: its file has it already."""
    return sorted(piece(elf.data, load.start + bias, load.offset, load.size) for load in constant_loads(elf))


class Room:
    """Memory for a copy, ``touched`` before anything is copied: that takes longer than copying."""

    def __init__(self, size: int, touched: bool = True) -> None:
        """Raises UnsupportedTarget where the system has no memory for it."""
        self.size, self.touched = size, touched
        try:
            self.buffer = buffer_of(size)
            if touched:
                parallel.split(-(-size // TOUCHED), self._touch, pieces=-(-size // TOUCHED))
        except OSError as error:
            raise UnsupportedTarget(f"{size >> 20:,} MiB for a copy cannot be had: {error.strerror}") from error

    @classmethod
    def begun(cls, touching: Touching, size: int) -> Room:
        """Of what is being touched already, which is as large as ``size`` or larger."""
        touching.finish(size)
        room = cls.__new__(cls)
        room.size, room.touched, room.buffer = touching.size, True, touching.buffer
        return room

    def _touch(self, first: int, last: int) -> None:
        start, end = first * TOUCHED, min(last * TOUCHED, self.size)
        at = host_of(self.buffer) + start
        if not touch(at, end - start):
            ctypes.memset(at, 0, end - start)

    def copy(self, memory: ProcessMemory, plan: Plan) -> list[Piece]:
        """What could be read of the plan, which must fit."""
        return memory.copy(plan.copied, self.buffer, self.touched)[0]

    def image(self, copied: Sequence[Piece], plan: Plan, constant: Sequence[Piece], elf: Elf) -> Image:
        """The copy, with zeros and the program's constants where they are."""
        used = max((host + end - start for start, end, host in copied), default=0) - host_of(self.buffer)
        kept = -(-max(used, 0) // mmap.PAGESIZE) * mmap.PAGESIZE
        if kept < len(self.buffer):
            self.buffer.madvise(mmap.MADV_DONTNEED, kept)  # what was not needed
        longest = max((end - start for start, end in plan.zeros), default=PAGE)
        zeros = mmap.mmap(-1, longest, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=mmap.PROT_READ)
        host = int(np.frombuffer(zeros, np.uint8).ctypes.data)
        empty = [(start, end, host) for start, end in plan.zeros]
        return Image([*copied, *empty, *constant], [self.buffer, zeros, elf.data])


__all__ = ["Plan", "Room", "constant_pieces"]
