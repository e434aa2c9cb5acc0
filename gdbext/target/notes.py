"""The notes of a core file and the auxiliary vector: threads, process id, mapped files (Linux, ``binfmt_elf.c``)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping as MappingOf, Sequence
from typing import TYPE_CHECKING

from attrs import field, frozen

from gdbext.binary.elf import Note
from gdbext.target import Mapping, Thread

if TYPE_CHECKING:
    from gdbext.target.arch import Arch

NT_PRSTATUS, NT_PRPSINFO, NT_AUXV, NT_FILE = 1, 3, 6, 0x46494C45
AT_NULL, AT_ENTRY, AT_EXECFN = 0, 9, 31
OWNERS = (b"CORE\0", b"CORE", b"")
EXTENSIONS = (b"LINUX\0", b"LINUX")
"""Delve writes its notes without an owner; the kernel has one of its own for what not every machine has."""
PRSTATUS_PID, PRSTATUS_REGISTERS = 32, 112
PRPSINFO_PID = 24


@frozen
class Notes:
    """What a core says about its process. Anything may be missing."""

    threads: tuple[Thread, ...] = ()
    pid: int | None = None
    auxv: MappingOf[int, int] = field(factory=dict)
    files: tuple[Mapping, ...] = ()
    vectors: MappingOf[int, MappingOf[int, bytes]] = field(factory=dict)
    """Of each thread by its id: the notes of its vector registers, by type. They follow its NT_PRSTATUS."""

    @classmethod
    def of(cls, notes: Iterable[Note], arch: Arch) -> Notes:
        """From a core's notes; those too short for what they should hold are left out."""
        threads: list[Thread] = []
        found: dict[int, bytes] = {}
        vectors: dict[int, dict[int, bytes]] = {}
        mine: dict[int, bytes] = {}
        for note in notes:
            if note.name in OWNERS and note.type == NT_PRSTATUS:
                read = _thread(note.data, arch.saved, selected=not threads)
                threads += read
                mine = vectors.setdefault(read[0].tid, {}) if read else {}
            elif note.name in (*OWNERS, *EXTENSIONS) and note.type in arch.vector_notes:
                mine.setdefault(note.type, note.data)
            elif note.name in OWNERS:
                found.setdefault(note.type, note.data)
        return cls(
            tuple(threads),
            _pid(found.get(NT_PRPSINFO, b""), threads),
            auxiliary(found.get(NT_AUXV, b"")),
            tuple(mapped_files(found.get(NT_FILE, b""))),
            vectors,
        )


def _thread(data: bytes, names: Sequence[str], selected: bool) -> list[Thread]:
    if len(data) < PRSTATUS_REGISTERS + 8 * len(names):
        return []
    (tid,) = struct.unpack_from("<i", data, PRSTATUS_PID)
    values = struct.unpack_from(f"<{len(names)}Q", data, PRSTATUS_REGISTERS)
    return [Thread(tid, dict(zip(names, values, strict=True)), selected)]


def _pid(data: bytes, threads: list[Thread]) -> int | None:
    if len(data) >= PRPSINFO_PID + 4:
        return int(struct.unpack_from("<i", data, PRPSINFO_PID)[0])
    return threads[0].tid if threads else None


def auxiliary(data: bytes) -> dict[int, int]:
    """The auxiliary vector, as in /proc/PID/auxv: AT_… number → value."""
    found: dict[int, int] = {}
    for key, value in struct.iter_unpack("<QQ", data[: len(data) & ~15]):
        if key == AT_NULL:
            break
        found.setdefault(key, value)
    return found


def mapped_files(data: bytes) -> list[Mapping]:
    """The NT_FILE note: which file was mapped where."""
    if len(data) < 16:
        return []
    count, page = struct.unpack_from("<QQ", data)
    count = min(count, (len(data) - 16) // 24)
    rows = list(struct.iter_unpack("<QQQ", data[16 : 16 + 24 * count]))
    names = data[16 + 24 * count :].split(b"\0")
    return [
        Mapping(start, end, name.decode("utf-8", "surrogateescape"), offset * page)
        for (start, end, offset), name in zip(rows, names, strict=False)
        if start < end
    ]
