"""Target memory that our own process has mapped or copied: the bulk path of every host."""

from __future__ import annotations

import bisect
import ctypes
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gdbext.compute.arrays import U64, Bools
from gdbext.errors import UNREADABLE, MemoryFault
from gdbext.target import kernels

if TYPE_CHECKING:
    from gdbext.target.kernels import Memory

TABLED = 1 << 47
"""Addresses from here on are looked up by search, if there are any: so the table of regions has at most 8 MiB."""
LITTLE = 1 << 24
"""Bytes up to which looking up a segment is quick enough."""
FEW = 64
"""Segments up to which one copy for each is quicker than a compiled loop's first call."""


Segment = tuple[int, int, int]
"""(start, end, host): see ``Image``."""


def joined(segments: Iterable[Segment]) -> list[Segment]:
    """Sorted segments; neighbours that continue each other as one."""
    out: list[Segment] = []
    for start, end, host in segments:
        if out and out[-1][1] == start and out[-1][2] + start - out[-1][0] == host:
            out[-1] = (out[-1][0], end, out[-1][2])
        else:
            out.append((start, end, host))
    return out


class Image:
    """Sorted, disjoint segments of target memory and where each lies in our own address space.

    ``owners`` are the buffers (maps, arrays) that must live as long as the image does. ``why``: why what is in no
    segment cannot be read.
    """

    def __init__(self, segments: Iterable[Segment], owners: Iterable[object] = ()) -> None:
        """``segments``: (start, end, host address of start). Neighbours that continue each other are joined."""
        rows = joined(one for one in sorted(segments) if one[1] > one[0])
        table = np.array(rows, dtype=np.uint64).reshape(-1, 3)
        self.starts: U64 = np.ascontiguousarray(table[:, 0])
        self.ends: U64 = np.ascontiguousarray(table[:, 1])
        self.hosts: U64 = np.ascontiguousarray(table[:, 2])
        self._starts = [row[0] for row in rows]
        self._rows = rows
        self.owners = tuple(owners)
        self.why = UNREADABLE

    @classmethod
    def of_arrays(cls, parts: Iterable[tuple[int, NDArray[np.uint8]]]) -> Image:
        """An image of private copies: (target address, bytes)."""
        kept = list(parts)
        rows = [(address, address + data.size, data.ctypes.data) for address, data in kept]
        return cls(rows, [data for _, data in kept])

    @cached_property
    def memory(self) -> Memory:
        """For compiled loops. A page table pays where there is much to look up: a core, a heap."""
        if self.size <= LITTLE:
            return self._segments()
        regions = _regions(self._rows)
        pages = np.zeros(int(regions.max(initial=0)) * kernels.REGION_PAGES, np.uint64)
        kernels.fill_pages(self.starts, self.ends, self.hosts, regions, pages)
        return self._segments()._replace(regions=regions, pages=pages)

    def _segments(self) -> Memory:
        return kernels.Memory(self.starts, self.ends, self.hosts, np.zeros(0, np.int32), np.zeros(0, np.uint64))

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return sum(end - start for start, end, _ in self._rows)

    def host(self, address: int, size: int) -> int:
        """Where ``size`` bytes at ``address`` lie in our process. Raises MemoryFault when not in one segment."""
        index = bisect.bisect_right(self._starts, address) - 1
        if index >= 0:
            start, end, host = self._rows[index]
            if address + size <= end:
                return host + address - start
        raise MemoryFault(address, size, self.why)

    def read(self, address: int, size: int) -> bytes:
        """Exactly ``size`` bytes, across adjoining segments. Raises MemoryFault."""
        try:
            return ctypes.string_at(self.host(address, size), size)
        except MemoryFault:
            return self._read_pieces(address, size)

    def _read_pieces(self, address: int, size: int) -> bytes:
        pieces, at, end = [], address, address + size
        while at < end:
            index = bisect.bisect_right(self._starts, at) - 1
            if index < 0 or at >= self._rows[index][1]:
                raise MemoryFault(address, size, self.why)
            stop = min(end, self._rows[index][1])
            pieces.append(ctypes.string_at(self.host(at, stop - at), stop - at))
            at = stop
        return b"".join(pieces)

    def records(self, addresses: U64, dtype: np.dtype[Any]) -> tuple[NDArray[Any], Bools]:
        """One structure per address, and a mask of those that could be read whole (the others are zeros)."""
        addresses = np.ascontiguousarray(addresses, dtype=np.uint64)
        out = np.zeros((len(addresses), dtype.itemsize), np.uint8)
        ok = self._take(addresses, out)
        return out.view(dtype).reshape(-1), self._gather(addresses, out) if ok is None else ok

    def _gather(self, addresses: U64, out: NDArray[np.uint8]) -> Bools:
        """Any addresses, by a compiled loop."""
        ok = np.zeros(len(addresses), np.bool_)
        kernels.gather(self._segments(), addresses, out.shape[1], out, ok)
        return ok

    def _take(self, addresses: U64, out: NDArray[np.uint8]) -> Bools | None:
        """The common case without compiled code, which takes longer to load than this: few segments, none left halfway.

        None where that is not so; ``out`` is whole or untouched then.
        """
        if len(self.starts) == 0:
            return np.zeros(len(addresses), np.bool_)
        numbers = np.searchsorted(self.starts, addresses, "right") - 1
        inside = (numbers >= 0) & (addresses < self.ends[numbers])
        used = np.flatnonzero(np.bincount(numbers[inside]))
        if len(used) > FEW or bool((self.ends[numbers] - addresses < np.uint64(out.shape[1]))[inside].any()):
            return None
        for number in used.tolist():
            rows = np.flatnonzero(inside & (numbers == number))
            out[rows] = self._items(number, addresses[rows], out.shape[1])
        return inside

    def _items(self, number: int, addresses: U64, size: int) -> NDArray[np.uint8]:
        """``size`` bytes at each address of one segment, a row each."""
        start, end, host = self._rows[number]
        memory = memoryview((ctypes.c_ubyte * (end - start)).from_address(host)).cast("B")
        # One item per byte, each of the whole size: an index is an offset, and one copy takes all of it.
        items = np.ndarray(end - start - size + 1, f"V{size}", memory, strides=(1,))
        taken = items[(addresses - np.uint64(start)).astype(np.int64)]
        return taken.view(np.uint8).reshape(len(addresses), size)

    def words(self, addresses: U64) -> tuple[U64, Bools]:
        """The 8-byte words at the addresses, and a mask of the readable ones."""
        return self.records(addresses, np.dtype("<u8"))


def _regions(segments: Sequence[Sequence[int]]) -> NDArray[np.int32]:
    """``Memory.regions``: those with a segment in them are numbered from 1."""
    bits = int(kernels.REGION_BITS)
    ends = [min(end, TABLED) for _, end, _ in segments if end]
    regions = np.zeros(((max(ends, default=0) - 1) >> bits) + 1, np.int32)
    for start, end, _ in segments:
        regions[start >> bits : ((min(end, TABLED) - 1) >> bits) + 1] = 1
    there = np.flatnonzero(regions)
    regions[there] = np.arange(1, len(there) + 1)
    return regions
