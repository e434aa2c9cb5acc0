"""Pieces of memory laid over each other: a core's own bytes first, files of the program under its gaps.

A piece is (start, end, host): target addresses [start, end) and where our process has the byte of ``start``.
"""

from __future__ import annotations

import bisect
import mmap
from collections.abc import Iterable, Iterator, Sequence

from attrs import frozen

from gdbext.binary.elf import PF_R, PF_W, PF_X, PT_LOAD, Bytes, Elf
from gdbext.target import Mapping

Piece = tuple[int, int, int]
TOP = (1 << 64) - 1
"""The end of the last piece must itself fit into 64 bits."""


@frozen
class Load:
    """A PT_LOAD segment: [start, end) in memory, of which the file claims to have the first ``size`` bytes."""

    start: int
    end: int
    offset: int
    size: int
    flags: int

    @property
    def writable(self) -> bool:
        """Whether the program can write there."""
        return bool(self.flags & PF_W)

    @property
    def access(self) -> str:
        """As in /proc/PID/maps: ``r-x``."""
        return "".join(c if self.flags & bit else "-" for c, bit in (("r", PF_R), ("w", PF_W), ("x", PF_X)))


def loads(elf: Elf) -> list[Load]:
    """The PT_LOAD segments of a program or core, in file order."""
    rows = elf.segments[elf.segments["type"] == PT_LOAD]
    columns = (rows[name].tolist() for name in ("vaddr", "memsz", "offset", "filesz", "flags"))
    return [
        Load(start, start + memory, offset, min(size, memory), flags)
        for start, memory, offset, size, flags in zip(*columns, strict=True)
    ]


def clip(data: Bytes, offset: int, size: int) -> int:
    """How many of ``size`` bytes at ``offset`` the file really has."""
    return max(0, min(size, data.size - offset))


def is_whole(data: Bytes) -> bool:
    """Whether a mapped file still has all that was mapped: touching what somebody cut off would kill our process."""
    mapped = getattr(data.base, "obj", None)
    return not isinstance(mapped, mmap.mmap) or mapped.size() >= data.size


def piece(data: Bytes, start: int, offset: int, size: int) -> Piece:
    """What the mapped file has of ``size`` bytes that lie at ``start`` in memory and at ``offset`` in the file."""
    return start, start + clip(data, offset, size), data.ctypes.data + offset


def disjoint(pieces: Iterable[Piece]) -> list[Piece]:
    """Sorted pieces with no overlap: of two that cover an address, the one that starts first has it."""
    out: list[Piece] = []
    for start, end, host in sorted(pieces):
        begin = max(start, out[-1][1]) if out else start
        if 0 <= begin < min(end, TOP):
            out.append((begin, min(end, TOP), host + begin - start))
    return out


def holes(pieces: Sequence[Piece], start: int, end: int) -> Iterator[tuple[int, int]]:
    """The parts of [start, end) that no piece covers; ``pieces`` sorted and disjoint."""
    index = max(0, bisect.bisect_right(pieces, (start, TOP, TOP)) - 1)
    while index < len(pieces) and pieces[index][0] < end:
        covered, stop, _ = pieces[index]
        if covered > start:
            yield start, covered
        start, index = max(start, stop), index + 1
    if start < end:
        yield start, end


def beneath(pieces: Sequence[Piece], under: Iterable[Piece]) -> list[Piece]:
    """``pieces`` with ``under`` showing through their gaps."""
    extra = [
        (begin, stop, host + begin - start) for start, end, host in under for begin, stop in holes(pieces, start, end)
    ]
    return disjoint([*pieces, *extra])


def merge_mappings(first: Iterable[Mapping], second: Iterable[Mapping]) -> list[Mapping]:
    """Mappings of both, sorted; file names of ``second`` are given to the ranges of ``first`` that they hold."""
    named = sorted(second, key=lambda mapping: mapping.start)
    starts = [mapping.start for mapping in named]
    out = []
    for mapping in first:
        index = bisect.bisect_right(starts, mapping.start) - 1
        file = named[index] if index >= 0 and mapping.start < named[index].end else None
        offset = file.offset + mapping.start - file.start if file else 0
        out.append(Mapping(mapping.start, mapping.end, file.file if file else "", offset, mapping.flags))
    covered = disjoint((mapping.start, mapping.end, 0) for mapping in out)
    for file in named:
        for start, end in holes(covered, file.start, file.end):
            out.append(Mapping(start, end, file.file, file.offset + start - file.start, file.flags))
    return sorted(out, key=lambda mapping: mapping.start)
