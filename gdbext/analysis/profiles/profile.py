"""A profile's file (github.com/google/pprof/proto/profile.proto), gzipped or not: indexed once, decoded when asked.

A file may be anybody's: it is bounded before it is believed, and what contradicts itself is refused.
"""

from __future__ import annotations

import gzip
import io
import os
import stat
import zlib
from array import array
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from attrs import field, frozen

from gdbext.analysis.profiles import wire
from gdbext.analysis.profiles.wire import Part, Row
from gdbext.errors import UsageError
from gdbext.store import Damaged

MOST_BYTES = 1 << 27
"""Of a file, and of what it unpacks to: a hundred thousand stacks of 128 frames are 40 MB."""
MOST_FIELDS = 1 << 22
"""Samples, locations, functions and strings together."""
MOST_LINES = 1 << 7
"""Of a location: calls that were inlined into each other."""
MEMO = 1 << 14
"""Locations that are remembered: most stacks go through the same ones."""
LONGEST_TEXT = 1 << 12
GZIP = b"\x1f\x8b"
TEXT_FORM = (b"heap profile:", b"goroutine profile:", b"# runtime", b"--- ")
HINT = "one that pprof.WriteHeapProfile, /debug/pprof/heap or go-heapprofile wrote"

KINDS, SAMPLES, MAPPINGS, LOCATIONS, FUNCTIONS, STRINGS = 1, 2, 3, 4, 5, 6
TIME, PERIOD_KIND, PERIOD = 9, 11, 12
"""Tags of message Profile."""


@frozen
class Line:
    """Whose code it is, as the profile says it."""

    function: str
    file: str
    line: int


@frozen
class Mapping:
    """A file in memory, [start, limit), from ``offset`` of it on."""

    start: int
    limit: int
    offset: int
    file: str
    build_id: str


@frozen
class Location:
    """What lies at an address: inlined calls, innermost first. ``address``: in the call, 0 for none. ``mapping``: its
    number, 0 for none."""

    address: int
    mapping: int
    lines: tuple[Line, ...] = field(repr=False)


class Profile:
    """The content of a file. Everything raises Damaged where that contradicts itself."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._parts: dict[int, array[int]] = {}
        self._numbers: dict[int, int] = {}
        self._known: dict[int, Location] = {}
        self._index()
        self.kinds = tuple(self._kind(part) for part in self._all(KINDS))
        """(what, unit) of each value of a sample."""
        if not self.kinds:
            raise Damaged("it names no kind of sample")

    def _index(self) -> None:
        for count, (tag, value) in enumerate(wire.fields(self.data, (0, len(self.data)))):
            if count == MOST_FIELDS:
                raise Damaged(f"it has more than {MOST_FIELDS:,} parts")
            if isinstance(value, int):
                self._numbers[tag] = value
            else:
                self._parts.setdefault(tag, array("Q")).extend(value)

    def _all(self, tag: int) -> Iterator[Part]:
        found = self._parts.get(tag, ())
        return zip(found[::2], found[1::2], strict=True)

    def _kind(self, part: Part) -> tuple[str, str]:
        row = wire.row(self.data, part)
        return self.text(wire.one(row, 1)), self.text(wire.one(row, 2))

    def text(self, number: int) -> str:
        """A string by its number, cut where it is very long."""
        parts = self._parts.get(STRINGS, ())
        if 2 * number >= len(parts):
            raise Damaged(f"it names string {number:,}, which is not there")
        start, end = parts[2 * number], parts[2 * number + 1]
        return self.data[start : min(end, start + LONGEST_TEXT)].decode("utf-8", "surrogateescape")

    @property
    def time_ns(self) -> int:
        """When it was written, nanoseconds since 1970; 0 where that is not said."""
        return max(wire.signed(self._numbers.get(TIME, 0)), 0)

    @property
    def period(self) -> int:
        """One sample for so much of ``period_kind``."""
        return max(wire.signed(self._numbers.get(PERIOD, 0)), 0)

    @cached_property
    def period_kind(self) -> tuple[str, str]:
        """(what, unit) that is sampled."""
        found = list(self._all(PERIOD_KIND))
        return self._kind(found[-1]) if found else ("", "")

    @cached_property
    def mappings(self) -> dict[int, Mapping]:
        """Files by their numbers."""
        found = {}
        for part in self._all(MAPPINGS):
            row = wire.row(self.data, part)
            start, limit, offset, file, build_id = (wire.one(row, tag) for tag in (2, 3, 4, 5, 6))
            found[wire.one(row, 1)] = Mapping(start, limit, offset, self.text(file), self.text(build_id))
        return found

    @cached_property
    def _locations(self) -> dict[int, Part]:
        return self._by_id(LOCATIONS)

    @cached_property
    def _functions(self) -> dict[int, Part]:
        return self._by_id(FUNCTIONS)

    def _by_id(self, tag: int) -> dict[int, Part]:
        """Their number is the first field as Go writes them; anywhere else will do as well."""
        found = {}
        for part in self._all(tag):
            id_ = next((value for key, value in wire.fields(self.data, part) if key == 1), 0)
            if isinstance(id_, int):
                found[id_] = part
        return found

    def samples(self) -> Iterator[Row]:
        """The samples one after the other, as ``leaf``, ``stack`` and ``values`` take them."""
        for part in self._all(SAMPLES):
            yield wire.row(self.data, part)

    def leaf(self, sample: Row) -> int:
        """The number of a sample's innermost location; 0 for none."""
        return wire.first(self.data, sample, 1)

    def stack(self, sample: Row) -> list[int]:
        """The numbers of its locations, innermost first."""
        return wire.numbers(self.data, sample, 1)

    def values(self, sample: Row) -> list[int]:
        """How much of each kind it has."""
        found = [wire.signed(value) for value in wire.numbers(self.data, sample, 2)]
        if len(found) != len(self.kinds):
            raise Damaged(f"a sample has {len(found):,} values of {len(self.kinds)} kinds")
        return found

    def location(self, id_: int) -> Location:
        """A location by its number."""
        found = self._known.get(id_)
        if found is None:
            if len(self._known) >= MEMO:
                self._known.clear()
            found = self._known[id_] = self._location(id_)
        return found

    def _location(self, id_: int) -> Location:
        part = self._locations.get(id_)
        if part is None:
            raise Damaged(f"it names location {id_:,}, which is not there")
        row = wire.row(self.data, part)
        lines = row.get(4, ())
        if len(lines) > MOST_LINES:
            raise Damaged(f"location {id_:,} has more than {MOST_LINES:,} lines")
        found = tuple(self._line(line) for line in lines if not isinstance(line, int))
        return Location(wire.one(row, 3), wire.one(row, 2), found)

    def _line(self, part: Part) -> Line:
        row = wire.row(self.data, part)
        id_ = wire.one(row, 1)
        function = self._functions.get(id_)
        if function is None:
            raise Damaged(f"it names function {id_:,}, which is not there")
        called = wire.row(self.data, function)
        name = wire.one(called, 2) or wire.one(called, 3)
        return Line(self.text(name), self.text(wire.one(called, 4)), wire.signed(wire.one(row, 2)))


def read(path: Path) -> Profile:
    """A profile. Raises UsageError for what is none, or is damaged."""
    try:
        return Profile(_content(path))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or 'damaged'}") from None
    except Damaged as error:
        raise refused(path, error) from None


def refused(path: Path, error: Damaged) -> UsageError:
    """What is said of a damaged file."""
    return UsageError(f"{path} is no profile that can be read: {error}", HINT)


def _content(path: Path) -> bytes:
    with open(path, "rb", opener=_at_once) as file:
        facts = os.fstat(file.fileno())
        if not stat.S_ISREG(facts.st_mode):
            raise Damaged("it is no file")
        if facts.st_size > MOST_BYTES:
            raise Damaged("it is too large")
        raw = file.read(MOST_BYTES)
    if raw.startswith(TEXT_FORM):
        raise Damaged("it is in the form for people (debug=1)")
    return _unpacked(raw) if raw.startswith(GZIP) else raw


def _at_once(path: str, flags: int) -> int:
    """Nobody waits for what writes to a pipe."""
    return os.open(path, flags | os.O_NONBLOCK)


def _unpacked(raw: bytes) -> bytes:
    """However little a file is, it may be made to unpack to terabytes."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(raw)) as file:
            found = file.read(MOST_BYTES + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise Damaged("it is packed, and cut off or changed") from None
    if len(found) > MOST_BYTES:
        raise Damaged(f"it unpacks to more than {MOST_BYTES >> 20} MiB")
    return found


__all__ = ["Line", "Location", "Mapping", "Profile", "read", "refused"]
