"""A profile that ``go tool pprof`` opens: profile.proto (github.com/google/pprof/proto), gzipped.

The messages are few and flat, so they are written here; a protobuf library would be larger than all of this program.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from attrs import field, frozen

from gdbext.store import given

VARINT, BYTES = 0, 2
"""Wire types."""
HEAD = b"\x1f\x8b\x08\x08"
"""Of a gzip file that has a name."""


@frozen
class Line:
    """A function and the line in it; of several at one spot the innermost is first."""

    function: str
    file: str
    line: int
    start_line: int = 0
    """Where the function begins; 0: not known."""


@frozen
class Spot:
    """One frame: the address of the call and, inlined ones first, whose code it is."""

    address: int
    lines: tuple[Line, ...]


@frozen
class Program:
    """Where the code came from: [start, end) of it, the file, its build id."""

    start: int
    end: int
    file: str
    build_id: str = ""


def varint(value: int) -> bytes:
    """A number in groups of seven bits; a negative one as its 64-bit complement."""
    value &= 0xFFFF_FFFF_FFFF_FFFF
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def number(tag: int, value: int) -> bytes:
    """A field with a number; nothing for 0, which readers take for granted."""
    return varint(tag << 3 | VARINT) + varint(value) if value else b""


def block(tag: int, content: bytes) -> bytes:
    """A field with a string or a message."""
    return varint(tag << 3 | BYTES) + varint(len(content)) + content


def numbers(tag: int, values: Iterable[int]) -> bytes:
    """A field with a packed list of numbers."""
    return block(tag, b"".join(map(varint, values)))


@frozen(eq=False)
class Profile:
    """A profile under construction: for each stack how much of each of ``kinds`` (what, unit). ``shown``: the kind that
    is looked at unless another is asked for; ``comments``: for whoever asks; ``period``: that of sampling, and of what
    (None: of the first kind)."""

    kinds: Sequence[tuple[str, str]]
    program: Program
    shown: str = ""
    comments: Sequence[str] = ()
    period: int = 1
    period_kind: tuple[str, str] | None = None
    _strings: dict[str, int] = field(factory=lambda: {"": 0}, init=False)
    _functions: dict[tuple[str, str, int], int] = field(factory=dict, init=False)
    _spots: dict[Spot, int] = field(factory=dict, init=False)
    _samples: list[bytes] = field(factory=list, init=False)

    def add(self, stack: Sequence[Spot], counts: Sequence[int], labels: Mapping[str, str | int]) -> None:
        """So much of each kind has this stack (innermost first) and these labels, texts or numbers."""
        ids = [self._spots.setdefault(spot, len(self._spots) + 1) for spot in stack]
        named = b"".join(block(3, self._label(key, value)) for key, value in labels.items())
        self._samples.append(numbers(1, ids) + numbers(2, counts) + named)

    def encoded(self, name: str = "") -> bytes:
        """The profile as a file holds it. ``name``: what gzip's header says that it was called, "" for nothing."""
        parts = [
            *(block(1, self._kind(kind)) for kind in self.kinds),
            *(block(2, sample) for sample in self._samples),
            block(3, self._mapping()),
            *(block(4, self._location(spot, number_)) for spot, number_ in self._spots.items()),
            *(block(5, self._function(key, number_)) for key, number_ in self._functions.items()),
            block(11, self._kind(self.period_kind or self.kinds[0])),
            number(12, self.period),
            *(number(13, self._string(text)) for text in self.comments),
            number(14, self._string(self.shown)),
        ]
        table = [block(6, text.encode("utf-8", "backslashreplace")) for text in self._strings]
        packed = io.BytesIO()
        with gzip.GzipFile(name, "wb", fileobj=packed, mtime=0) as file:
            file.write(b"".join(parts + table))
        return packed.getvalue()

    def _string(self, text: str) -> int:
        return self._strings.setdefault(text, len(self._strings))

    def _kind(self, kind: tuple[str, str]) -> bytes:
        return b"".join(number(tag, self._string(text)) for tag, text in enumerate(kind, 1))

    def _label(self, key: str, value: str | int) -> bytes:
        name = number(1, self._string(key))
        return name + (number(3, value) if isinstance(value, int) else number(2, self._string(value)))

    def _mapping(self) -> bytes:
        """The last four say that nobody has to look for functions, files, lines and inlined calls."""
        place = number(2, self.program.start) + number(3, self.program.end)
        names = number(5, self._string(self.program.file)) + number(6, self._string(self.program.build_id))
        return number(1, 1) + place + names + b"".join(number(tag, 1) for tag in (7, 8, 9, 10))

    def _location(self, spot: Spot, id_: int) -> bytes:
        lines = (number(1, self._function_id(each)) + number(2, each.line) for each in spot.lines)
        return number(1, id_) + number(2, 1) + number(3, spot.address) + b"".join(block(4, line) for line in lines)

    def _function_id(self, line: Line) -> int:
        key = line.function, line.file, line.start_line
        return self._functions.setdefault(key, len(self._functions) + 1)

    def _function(self, key: tuple[str, str, int], id_: int) -> bytes:
        name, file = (self._string(text) for text in key[:2])
        return number(1, id_) + number(2, name) + number(3, name) + number(4, file) + number(5, key[2])


def is_called(path: Path, name: str) -> bool:
    """Whether a file is one that ``Profile.encoded`` made under that name."""
    wanted = name.encode() + b"\0"
    head = given.head(path, 10 + len(wanted))
    return head[:4] == HEAD and head[10:] == wanted
