"""ELF files, mapped and never copied: headers, segments, sections, symbols, notes.

NumPy and not pyelftools: cores have tens of thousands of segments and binaries hundreds of thousands of symbols, and
both are read whole as arrays here. Every offset and size comes from a file that may lie: each is checked against the
file before it is used, and what does not fit is UnsupportedTarget.
"""

from __future__ import annotations

import importlib
import mmap
import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from gdbext.errors import UnsupportedTarget

Bytes = NDArray[np.uint8]
Stamp = tuple[int, int, int, int, int]
"""Of a file: size, the times in nanoseconds when it was written to and when it or its inode was, device, inode."""

# fmt: off
HEADER = np.dtype([
    ("magic", "S4"), ("bits", "u1"), ("data", "u1"), ("ident", "V10"), ("type", "<u2"), ("machine", "<u2"),
    ("version", "<u4"), ("entry", "<u8"), ("phoff", "<u8"), ("shoff", "<u8"), ("flags", "<u4"), ("ehsize", "<u2"),
    ("phentsize", "<u2"), ("phnum", "<u2"), ("shentsize", "<u2"), ("shnum", "<u2"), ("shstrndx", "<u2"),
])
SEGMENT = np.dtype([
    ("type", "<u4"), ("flags", "<u4"), ("offset", "<u8"), ("vaddr", "<u8"), ("paddr", "<u8"), ("filesz", "<u8"),
    ("memsz", "<u8"), ("align", "<u8"),
])
SECTION = np.dtype([
    ("name", "<u4"), ("type", "<u4"), ("flags", "<u8"), ("addr", "<u8"), ("offset", "<u8"), ("size", "<u8"),
    ("link", "<u4"), ("info", "<u4"), ("align", "<u8"), ("entsize", "<u8"),
])
SYMBOL = np.dtype([
    ("name", "<u4"), ("info", "u1"), ("other", "u1"), ("shndx", "<u2"), ("value", "<u8"), ("size", "<u8"),
])
# fmt: on

PT_LOAD, PT_NOTE = 1, 4
PF_X, PF_W, PF_R = 1, 2, 4
ET_EXEC, ET_CORE = 2, 4
PN_XNUM = 0xFFFF
SHT_NOTE, SHT_NOBITS = 7, 8
SHF_COMPRESSED = 0x800
ELFCOMPRESS_ZLIB, ELFCOMPRESS_ZSTD = 1, 2
NT_GNU_BUILD_ID, NT_GO_BUILD_ID = 3, 4

MACHINES = {3: "386", 40: "arm", 62: "amd64", 183: "arm64", 243: "riscv64", 21: "ppc64", 22: "s390x", 258: "loong64"}
"""Go's names of the machines that ELF numbers."""

MOST_NOTES = 1 << 20
"""Four for each of 250,000 threads. A header that makes notes of a whole core would keep us for minutes."""
SECTION_LIMIT = 1 << 31
"""No debug section of a Go program comes near it; a compressed one that claims more is refused."""


@frozen
class Note:
    """One note: ``data`` are the descriptor's bytes."""

    name: bytes
    type: int
    data: bytes


@frozen
class Section:
    """One section header. ``size`` is the size in the file (compressed, if it is)."""

    name: str
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int


class Elf:
    """A 64-bit little-endian ELF file. ``machine`` is Go's name of it, or "machine N"."""

    def __init__(self, path: str, data: Bytes, stamp: Stamp | None = None) -> None:
        """``data``: the whole file; ``stamp``: of which one. Raises UnsupportedTarget. Use ``open`` for a path."""
        self.path = path
        self.data = data
        self.stamp = stamp
        header = self._header()
        self.type = int(header["type"])
        number = int(header["machine"])
        self.machine = MACHINES.get(number, f"machine {number}")
        self.entry = int(header["entry"])
        self._header_record = header
        self.segments: NDArray[Any] = self._table(int(header["phoff"]), self._segment_count(), SEGMENT)

    @classmethod
    def open(cls, path: str) -> Elf:
        """Map a file. Raises UnsupportedTarget when it is not there, not readable or not an ELF file."""
        return cls(path, *map_stamped(path))

    def refuse(self, why: str) -> UnsupportedTarget:
        """The one line about this file."""
        return UnsupportedTarget(f"{self.path}: {why}")

    def _header(self) -> Any:
        if self.data[:4].tobytes() != b"\x7fELF":
            raise self.refuse("not an ELF file")
        if self.data.size > 5 and self.data[4] != 2:
            raise self.refuse("a 32-bit program; only 64-bit ones are supported")
        if self.data.size < HEADER.itemsize or self.data[5] != 1:
            raise self.refuse("not a complete little-endian ELF file")
        return self.data[: HEADER.itemsize].view(HEADER)[0]

    def _segment_count(self) -> int:
        count = int(self._header_record["phnum"])
        first = self._table(int(self._header_record["shoff"]), 1, SECTION) if count == PN_XNUM else None
        return int(first[0]["info"]) if first is not None and len(first) else count

    def _table(self, offset: int, count: int, dtype: np.dtype[Any]) -> NDArray[Any]:
        """``count`` records of a header table, fewer if the file ends before."""
        if offset == 0 or offset >= self.data.size:
            return np.zeros(0, dtype)
        count = min(count, (self.data.size - offset) // dtype.itemsize)
        return self.data[offset : offset + count * dtype.itemsize].view(dtype)

    @cached_property
    def sections(self) -> Mapping[str, Section]:
        """Sections by name, the first of each name; empty where the headers were stripped."""
        header = self._header_record
        table = self._table(int(header["shoff"]), 1, SECTION)
        count = int(header["shnum"]) or (int(table[0]["size"]) if len(table) else 0)
        table = self._table(int(header["shoff"]), count, SECTION)
        names = int(header["shstrndx"])
        names = int(table[0]["link"]) if names == PN_XNUM and len(table) else names
        if names >= len(table):
            return {}
        strings = self.bytes_at(int(table[names]["offset"]), int(table[names]["size"])).tobytes()
        self._section_names = [_c_string(strings, int(row["name"])) for row in table]
        found: dict[str, Section] = {}
        for name, row in zip(self._section_names, table, strict=True):
            keys = ("type", "flags", "addr", "offset", "size", "link", "info")
            found.setdefault(name, Section(name, *(int(row[key]) for key in keys)))
        return found

    def bytes_at(self, offset: int, size: int) -> Bytes:
        """``size`` bytes of the file, not copied. Raises UnsupportedTarget when the file ends before."""
        if offset < 0 or size < 0 or offset + size > self.data.size:
            raise self.refuse("truncated or damaged (a part lies beyond the end of the file)")
        return self.data[offset : offset + size]

    def has_section(self, name: str) -> bool:
        """Whether ``section_bytes`` would find anything (old-style ``.zdebug_`` sections count)."""
        return self._section(name) is not None

    def _section(self, name: str) -> Section | None:
        found = self.sections.get(name)
        if found is None and name.startswith(".debug_"):
            found = self.sections.get(".z" + name[1:])
        return found if found is not None and found.type != SHT_NOBITS else None

    def section_bytes(self, name: str) -> Bytes:
        """A section's contents as uint8, decompressed if need be, else not copied; empty when there is none.

        Raises UnsupportedTarget for a damaged one.
        """
        section = self._section(name)
        if section is None:
            return np.zeros(0, np.uint8)
        raw = self.bytes_at(section.offset, section.size)
        if section.flags & SHF_COMPRESSED:
            return self._decompress(section, raw)
        if section.name.startswith(".zdebug_") and raw[:4].tobytes() == b"ZLIB":
            return self._inflate(section, raw[12:], int.from_bytes(raw[4:12].tobytes(), "big"))
        return raw

    def _decompress(self, section: Section, raw: Bytes) -> Bytes:
        """ELF's own compression: a 24-byte Elf64_Chdr before the stream."""
        if raw.size < 24:
            raise self.refuse(f"section {section.name} is damaged")
        kind, size = int(raw[:4].view("<u4")[0]), int(raw[8:16].view("<u8")[0])
        if kind == ELFCOMPRESS_ZLIB:
            return self._inflate(section, raw[24:], size)
        if kind == ELFCOMPRESS_ZSTD:
            return self._unzstd(section, raw[24:], size)
        raise self.refuse(f"section {section.name} is compressed in an unknown way ({kind})")

    def _inflate(self, section: Section, raw: Bytes, size: int) -> Bytes:
        if size > SECTION_LIMIT:
            raise self.refuse(f"section {section.name} claims {size} bytes")
        try:
            plain = zlib.decompressobj().decompress(raw.data, size + 1)
        except zlib.error as error:
            raise self.refuse(f"section {section.name} is damaged ({error})") from None
        if len(plain) != size:
            raise self.refuse(f"section {section.name} is damaged (its length is not the one it states)")
        return np.frombuffer(plain, np.uint8)

    def _unzstd(self, section: Section, raw: Bytes, size: int) -> Bytes:
        try:
            zstd: Any = importlib.import_module("compression.zstd")
        except ImportError:
            hint = f"try: objcopy --decompress-debug-sections {self.path} FILE"
            raise UnsupportedTarget(f"{self.path}: zstd-compressed sections need Python 3.14", hint) from None
        if size > SECTION_LIMIT:
            raise self.refuse(f"section {section.name} claims {size} bytes")
        try:
            plain = zstd.ZstdDecompressor().decompress(raw, size)
        except zstd.ZstdError as error:
            raise self.refuse(f"section {section.name} is damaged ({error})") from None
        return np.frombuffer(plain, np.uint8)

    def symbols(self, table: str = ".symtab") -> Symbols:
        """The symbols of ``.symtab`` or ``.dynsym``; an empty table when there is none."""
        section = self._section(table)
        raw = self.section_bytes(table)
        raw = raw[: raw.size // SYMBOL.itemsize * SYMBOL.itemsize]
        if section is None or raw.size == 0 or section.link >= len(self._section_names):
            return Symbols(np.zeros(0, SYMBOL), b"")
        strings = self.section_bytes(self._section_names[section.link])
        return Symbols(raw.view(SYMBOL), strings.tobytes())

    def notes(self) -> Iterator[Note]:
        """Every note of the PT_NOTE segments and of the note sections (Go puts only its own note into a segment)."""
        return islice(self._notes(), MOST_NOTES)

    def _notes(self) -> Iterator[Note]:
        rows = self.segments[self.segments["type"] == PT_NOTE]
        places = {int(row["offset"]): (int(row["filesz"]), int(row["align"])) for row in rows}
        for section in self.sections.values():
            if section.type == SHT_NOTE:
                places.setdefault(section.offset, (section.size, 4))
        for offset, (size, align) in places.items():
            size = max(0, min(size, self.data.size - offset))
            yield from _notes(self.bytes_at(offset, size) if size else self.data[:0], 8 if align == 8 else 4)

    @cached_property
    def build_id(self) -> str:
        """The GNU build id in hex, "" without one."""
        return self._identity(b"GNU\0", NT_GNU_BUILD_ID).hex()

    @cached_property
    def go_build_id(self) -> str:
        """Go's own build id, "" without one."""
        return self._identity(b"Go\0\0", NT_GO_BUILD_ID).decode("utf-8", "backslashreplace")

    def _identity(self, name: bytes, kind: int) -> bytes:
        found = (note.data for note in self.notes() if note.name == name and note.type == kind)
        return next(found, b"")

    @cached_property
    def debug_link(self) -> tuple[str, int] | None:
        """``.gnu_debuglink``: the file's name and its CRC-32; None without one."""
        raw = self.section_bytes(".gnu_debuglink").tobytes()
        name, found, _ = raw.partition(b"\0")
        if not name or not found or len(raw) < 8:
            return None
        return name.decode("utf-8", "surrogateescape"), int.from_bytes(raw[-4:], "little")

    def at(self, address: int, size: int) -> Bytes | None:
        """The file's bytes behind ``size`` bytes of link-time memory; None where no PT_LOAD holds all of them."""
        loads = self.segments[self.segments["type"] == PT_LOAD]
        for row in loads:
            inside = address - int(row["vaddr"])
            if inside >= 0 and inside + size <= int(row["filesz"]):
                return self.bytes_at(int(row["offset"]) + inside, size)
        return None


@frozen(eq=False)
class Symbols:
    """A symbol table as an array (``SYMBOL``) and its strings."""

    table: NDArray[Any] = field(repr=False)
    strings: bytes = field(repr=False)

    def __len__(self) -> int:
        return len(self.table)

    def find(self, name: str) -> int | None:
        """The value of a defined symbol; None without one. No dictionary: the string table is searched."""
        row = self.row(name)
        return None if row is None else int(row["value"])

    def row(self, name: str) -> Any | None:
        """The record of a defined symbol. Linkers let names share tails, so any place in the strings may be it."""
        wanted, at = name.encode("utf-8", "surrogateescape") + b"\0", -1
        for _ in range(1000):
            at = self.strings.find(wanted, at + 1)
            if at < 0:
                return None
            rows = self.table[(self.table["name"] == at) & (self.table["shndx"] != 0)]
            if len(rows):
                return rows[0]
        return None

    def name(self, index: int) -> str:
        """The name of one symbol."""
        return _c_string(self.strings, int(self.table[index]["name"]))


def map_file(path: str) -> Bytes:
    """A whole file, mapped read-only. Raises UnsupportedTarget."""
    return map_stamped(path)[0]


def map_stamped(path: str) -> tuple[Bytes, Stamp]:
    """A whole file, mapped read-only, and the stamp of that very file. Raises UnsupportedTarget."""
    try:
        with open(path, "rb") as file:
            stamp = stamp_of(os.fstat(file.fileno()))
            if stamp[0] == 0:
                return np.zeros(0, np.uint8), stamp
            return np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), np.uint8), stamp
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UnsupportedTarget(f"cannot read {path}: {reason}") from None


def stamp_of(facts: os.stat_result) -> Stamp:
    """Changes with every write to a file."""
    return facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_dev, facts.st_ino


def _c_string(strings: bytes, at: int) -> str:
    end = strings.find(b"\0", at)
    return strings[at : end if end >= 0 else len(strings)].decode("utf-8", "backslashreplace")


def _notes(data: Bytes, align: int) -> Iterator[Note]:
    at = 0
    while at + 12 <= data.size:
        name_size, size, kind = struct.unpack_from("<3I", data.data, at)
        if name_size == size == kind == 0:  # zeros are no notes, however many
            return
        name_end = at + 12 + name_size
        start = -(-name_end // align) * align
        if start + size > data.size:
            return
        yield Note(data[at + 12 : name_end].tobytes(), kind, data[start : start + size].tobytes())
        at = -(-(start + size) // align) * align
