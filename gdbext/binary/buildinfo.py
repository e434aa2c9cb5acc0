"""What the Go linker wrote into ``.go.buildinfo``: the release and the experiments (``debug/buildinfo``)."""

from __future__ import annotations

import re

from attrs import frozen

from gdbext.binary.elf import PF_X, PT_LOAD, Bytes, Elf
from gdbext.errors import UnsupportedTarget

MAGIC = b"\xff Go buildinf:"
ALIGN = 16
HEADER = 32
INLINE = 2
"""Flag bit: the strings follow the header (Go 1.18); before, it held pointers."""
MARK = 16
"""Bytes before and after the module data, by which it is found in memory."""
TEXT_LIMIT = 1 << 24
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
    data = _find(elf)
    if data is None:
        raise elf.refuse("no Go runtime found in it (no Go build information)")
    if not int(data[15]) & INLINE:
        raise elf.refuse(f"built by Go 1.17 or older; Go 1.{OLDEST_MINOR} is the oldest supported")
    version, rest = _text(data[HEADER:])
    modules, _ = _text(rest)
    return parse(elf, _plain(version), _plain(modules[MARK:-MARK]))


def _find(elf: Elf) -> Bytes | None:
    section = elf.section_bytes(".go.buildinfo")
    if section[: len(MAGIC)].tobytes() == MAGIC and section.size >= HEADER:
        return section
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
                return segment[at:]
    return None


def _plain(text: bytes) -> str:
    return text.decode("utf-8", "backslashreplace")


def _text(data: Bytes) -> tuple[bytes, Bytes]:
    """A string after its length as a varint; empty when the length makes no sense."""
    length, shift, at = 0, 0, 0
    for byte in data[:5].tolist():
        length |= (byte & 0x7F) << shift
        shift += 7
        at += 1
        if byte < 0x80:
            break
    if length > min(TEXT_LIMIT, data.size - at):
        return b"", data[:0]
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
