"""What the Go linker wrote into ``.go.buildinfo``: the release and the experiments (``debug/buildinfo``)."""

from __future__ import annotations

import re

from attrs import frozen

from gdbext.binary.elf import PF_X, PT_LOAD, Bytes, Elf
from gdbext.binary.varint import Unending, uvarint
from gdbext.errors import UnsupportedTarget

MAGIC = b"\xff Go buildinf:"
ALIGN = 16
HEADER, FLAGS = 32, 15
INLINE = 2
"""Flag bit: the strings follow the header (Go 1.18); before, it held pointers."""
MARK = 16
"""Bytes before and after the module data, by which it is found in memory."""
TEXT_LIMIT = 1 << 24
LONGEST = 5
"""Bytes of a length."""
SEARCHED = 1 << 20
"""Without section headers: how much of each writable segment is searched, the linker puts it first."""

OLDEST_MINOR = 21


@frozen
class BuildInfo:
    """``version`` without the experiments (``go1.27.3``), ``minor`` 27, the experiments sorted, and the module data."""

    version: str
    minor: int
    experiments: tuple[str, ...]
    modules: str


def read(elf: Elf) -> BuildInfo:
    """The build information of an executable. Raises UnsupportedTarget: not Go, or too old."""
    found = find(elf)
    if found is None:
        raise elf.refuse("no Go runtime found in it (no Go build information)")
    data = found[1]
    if not int(data[FLAGS]) & INLINE:
        raise elf.refuse(f"built by Go 1.17 or older; Go 1.{OLDEST_MINOR} is the oldest supported")
    version, rest = _text(data[HEADER:]) or (b"", data[:0])
    modules, _ = _text(rest) or (b"", rest)
    return parse(elf, _plain(version), _plain(modules[MARK:-MARK]))


def find(elf: Elf) -> tuple[int, Bytes] | None:
    """The link-time address of the build information, and the bytes from there on."""
    section = elf.section_bytes(".go.buildinfo")
    if section[: len(MAGIC)].tobytes() == MAGIC and section.size >= HEADER:
        return elf.sections[".go.buildinfo"].address, section
    for row in elf.segments[elf.segments["type"] == PT_LOAD]:
        if int(row["flags"]) & PF_X:
            continue
        size = min(int(row["filesz"]), elf.data.size - int(row["offset"]))
        if size < HEADER:
            continue
        segment = elf.bytes_at(int(row["offset"]), size)
        head, at = segment[:SEARCHED].tobytes(), -1
        while (at := head.find(MAGIC, at + 1)) >= 0:
            if at % ALIGN == 0 and at + HEADER <= size:
                return int(row["vaddr"]) + at, segment[at:]
    return None


def extent(data: Bytes) -> int:
    """How many bytes build information is: its header and two strings, or only the magic where these are not there."""
    if not int(data[FLAGS]) & INLINE:
        return len(MAGIC)
    rest = data[HEADER:]
    for _ in range(2):
        found = _text(rest)
        if found is None:
            return len(MAGIC)
        rest = found[1]
    return data.size - rest.size


def _plain(text: bytes) -> str:
    return text.decode("utf-8", "backslashreplace")


def _text(data: Bytes) -> tuple[bytes, Bytes] | None:
    """A string after its length as a varint, and what follows; None when the length makes no sense."""
    try:
        length, at = uvarint(data[:LONGEST].tolist(), 0, LONGEST)
    except Unending:
        return None
    if length > min(TEXT_LIMIT, data.size - at):
        return None
    return data[at : at + length].tobytes(), data[at + length :]


def parse(elf: Elf, text: str, modules: str) -> BuildInfo:
    """The release out of what ``runtime.Version()`` says. Raises UnsupportedTarget.

    Seen: ``go1.27.3``, ``go1.24rc1``, ``go1.25.5 X:greenteagc``, ``go1.26.6-X:nogreenteagc`` (1.26 and later),
    ``devel go1.28-abc Mon Jan 1``, and vendors' additions after a space.
    """
    found = re.search(r"go1\.(\d+)\S*", text)
    if found is None:
        raise UnsupportedTarget(f"{elf.path}: its Go version is not one we know: {text[:60]!r}")
    minor = int(found[1])
    if minor < OLDEST_MINOR:
        raise elf.refuse(f"built by Go 1.{minor}; Go 1.{OLDEST_MINOR} is the oldest supported")
    names = re.findall(r"[ -]X:(\S+)", text) + re.findall(r"^build\tGOEXPERIMENT=(\S+)", modules, re.MULTILINE)
    experiments = {name for group in names for name in group.split(",") if name}
    return BuildInfo(found[0].split("-X:")[0], minor, tuple(sorted(experiments)), modules)
