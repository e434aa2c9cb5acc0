"""Memory that Delve reads, kept as long as the program stands still: little goes over the wire twice.

Delve does not tell what is mapped. A piece that cannot be read is asked for again page by page, and what then cannot be
is remembered too.
"""

from __future__ import annotations

import bisect
import ctypes
import mmap
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from attrs import define, field

from gdbext.compute.ownpages import host_of
from gdbext.errors import MemoryFault
from gdbext.target import Mapping, merge_ranges
from gdbext.target.delverpc import PIECE
from gdbext.target.image import Image, joined
from gdbext.target.layers import Piece, beneath, holes

if TYPE_CHECKING:
    from gdbext.target.delverpc import Connection

PAGE = 4096
AROUND = 4
"""Pages that are asked for where one is read: their neighbours are, mostly, read next."""
SMALL = 1 << 15
TOP = 1 << 47
MOST = 1 << 40
"""Bytes of our address space for one image."""
MOST_UNREADABLE = 1 << 14
"""Pieces of one image that cannot be read (1 GiB): what comes after them is taken for unreadable unasked."""
MAP_NORESERVE = 0x4000
NOT_COPIED = "it could not be read, or was not, while the program was stopped"
Range = tuple[int, int]


@define(eq=False)
class DelveMemory:
    """The program's bytes through a connection."""

    connection: Connection
    _known: list[Piece] = field(factory=list, init=False)
    """What was copied, and what a file on this side has; sorted, disjoint."""
    _owners: list[object] = field(factory=list, init=False)
    _pages: dict[int, bytes | None] = field(factory=dict, init=False)
    """By page number: what single reads have brought, None for what cannot be read."""
    stable: bool = field(default=True, init=False)
    lasting: bool = field(default=False, init=False)
    version: str = field(default="", init=False)
    _frozen: bool = field(default=False, init=False)

    def freeze(self) -> None:
        """Nothing more is asked for: what has not been read by now cannot be."""
        self._frozen = True

    def lay_in(self, pieces: Iterable[Piece], owner: object) -> None:
        """What need not come over the wire: constant parts of the program's file."""
        self._keep(sorted(pieces), owner)

    def lay_zeros(self, start: int, end: int) -> None:
        """What has not been read by now of pages that the program never touched, or few of."""
        zeros = mmap.mmap(-1, end - start, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_NORESERVE)
        self._known = beneath(self._known, [(start, end, host_of(zeros))])
        self._owners.append(zeros)

    def read(self, address: int, size: int) -> bytes:
        """Exactly ``size`` bytes. Raises MemoryFault."""
        if size <= 0 or address < 0 or address + size > TOP:
            if size == 0:
                return b""
            raise MemoryFault(address, size, "not a user address")
        if (found := self._at(address, size)) is not None:
            return found
        if size > SMALL:
            self._page(-(-(address + size) // PAGE) - 1, address, size)  # a length that lies is found out here
            return self.image([(address, address + size)]).read(address, size)
        first, last = address // PAGE, (address + size - 1) // PAGE
        whole = b"".join(self._page(number, address, size) for number in range(first, last + 1))
        return whole[address - first * PAGE :][:size]

    def _at(self, address: int, size: int) -> bytes | None:
        """Where one known piece has all of it."""
        index = bisect.bisect_right(self._known, (address, TOP, TOP)) - 1
        if index < 0 or self._known[index][1] < address + size:
            return None
        start, _, host = self._known[index]
        return ctypes.string_at(host + address - start, size)

    def _page(self, number: int, address: int, size: int) -> bytes:
        """A whole page, for a read of ``size`` bytes at ``address``."""
        if number not in self._pages and not self._frozen:
            around = [one for one in range(number, number + AROUND) if one not in self._pages]
            answers = self.connection.memory([(one * PAGE, PAGE) for one in around])
            self._pages.update(zip(around, answers, strict=True))
        found = self._pages.get(number)
        if found is None:
            found = self._pages[number] = self._patched(number)
        if found is None:
            raise MemoryFault(address, size, *([NOT_COPIED] if self._frozen else []))
        return found

    def _patched(self, number: int) -> bytes | None:
        """A page that Delve does not have and a file has: a core leaves it out."""
        return self._at(number * PAGE, PAGE)

    def image(self, ranges: Sequence[Range]) -> Image:
        """What is readable of the ranges; what lies side by side there does so in our memory."""
        wanted = list(_bounded(merge_ranges(_whole_pages(ranges))))
        if any(self._is_scattered(*one) or next(self._missing(*one), None) for one in wanted):
            self._gather(wanted)
        pieces = [piece for start, end in wanted for piece in self._covering(start, end)]
        return Image(pieces, self._owners)

    def _covering(self, start: int, end: int) -> Iterator[Piece]:
        """What is known of a range, clipped to it."""
        index = max(0, bisect.bisect_right(self._known, (start, TOP, TOP)) - 1)
        while index < len(self._known) and self._known[index][0] < end:
            first, last, host = self._known[index]
            if last > start:
                begin = max(first, start)
                yield begin, min(last, end), host + begin - first
            index += 1

    def _is_scattered(self, start: int, end: int) -> bool:
        """Whether neighbours in the range are none in our memory."""
        edge = host_edge = -1
        for first, last, host in self._covering(start, end):
            if first == edge and host != host_edge:
                return True
            edge, host_edge = last, host + last - first
        return False

    def _missing(self, start: int, end: int) -> Iterator[Range]:
        """(address, size) of what is not known and may be readable, each up to PIECE."""
        for low, high in () if self._frozen else holes(self._known, start, end):
            at = low
            while at < high:
                stop = min(at + PIECE, high)
                if self._pages.get(at // PAGE, b"") is None:
                    at = min((at // PAGE + 1) * PAGE, high)
                    continue
                yield at, stop - at
                at = stop

    def _gather(self, wanted: Sequence[Range]) -> None:
        """The ranges in a new buffer: what is known is copied, the rest comes over the wire."""
        buffer = mmap.mmap(
            -1,
            max(PAGE, sum(end - start for start, end in wanted)),
            flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_NORESERVE,
        )
        host = host_of(buffer)
        found: list[Piece] = []
        missing: list[tuple[int, int, int]] = []
        for start, end in wanted:
            for first, last, there in self._covering(start, end):
                ctypes.memmove(host + first - start, there, last - first)
                found.append((first, last, host + first - start))
            missing += [(at, size, host + at - start) for at, size in self._missing(start, end)]
            host += end - start
        found += self._fetched(missing)
        self._keep(sorted(found), buffer)

    def _fetched(self, missing: Sequence[tuple[int, int, int]]) -> Iterator[Piece]:
        """Pieces (address, size, where to) as far as they can be read."""
        failed = []
        for start in range(0, len(missing), MOST_UNREADABLE):
            some = missing[start : start + MOST_UNREADABLE]
            answers = self.connection.memory([(at, size) for at, size, _ in some])
            for piece, data in zip(some, answers, strict=True):
                if data is None:
                    failed.append(piece)
                    continue
                at, size, host = piece
                ctypes.memmove(host, data, size)
                yield at, at + size, host
            if len(failed) > MOST_UNREADABLE:
                break
        yield from self._by_page(failed)

    def _by_page(self, failed: Sequence[tuple[int, int, int]]) -> Iterator[Piece]:
        """The readable pages of pieces that are not readable as a whole."""
        pages = [
            (begin, min((begin // PAGE + 1) * PAGE, at + size) - begin, host + begin - at)
            for at, size, host in failed
            for begin in (at, *range((at // PAGE + 1) * PAGE, at + size, PAGE))
        ]
        answers = self.connection.memory([(at, size) for at, size, _ in pages])
        for (at, size, host), data in zip(pages, answers, strict=True):
            if data is None:
                self._pages[at // PAGE] = None
            else:
                ctypes.memmove(host, data, size)
                yield at, at + size, host

    def _keep(self, pieces: Sequence[Piece], owner: object) -> None:
        """New pieces, over what they cover."""
        self._known = beneath(joined(pieces), self._known)
        self._owners.append(owner)

    def whole(self) -> None:
        """Having all of it would be a copy."""

    def mappings(self) -> Sequence[Mapping]:
        """Delve does not tell."""
        return ()

    def close(self) -> None:
        """Let go of the copies and of the connection."""
        self._known, self._owners, self._pages = [], [], {}
        self.connection.close()


def _whole_pages(ranges: Iterable[Range]) -> Iterator[Range]:
    for start, end in ranges:
        yield max(start, 0) // PAGE * PAGE, min(-(-end // PAGE) * PAGE, TOP)


def _bounded(ranges: Iterable[Range]) -> Iterator[Range]:
    """As much of the ranges as there is room for."""
    room = MOST
    for start, end in ranges:
        end = min(end, start + room)
        room -= end - start
        if start < end:
            yield start, end
