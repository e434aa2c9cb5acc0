"""Is this file the program that this memory is of? Build ids, build information, and bytes that never change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from gdbext.binary import buildinfo
from gdbext.binary.elf import ET_EXEC, NT_GNU_BUILD_ID, NT_GO_BUILD_ID, PT_NOTE, Elf
from gdbext.errors import MemoryFault, UnsupportedTarget
from gdbext.target.image import Image
from gdbext.target.layers import Load, clip, loads
from gdbext.target.notes import AT_ENTRY

PAGE = 4096
IDS = {(b"GNU\0", NT_GNU_BUILD_ID): "GNU build id", (b"Go\0\0", NT_GO_BUILD_ID): "Go build id"}
MODULE_LENGTHS = (2, 5, 8, 11, 14, 17)
"""Words of moduledata: the lengths of funcnametab, cutab, filetab, pctab, pclntable, ftab."""
SAMPLES = 8
BREAKPOINTS = 16
"""Bytes of a page that a debugger may have changed (Delve's dumps have its breakpoints in them)."""


class Readable(Protocol):
    """Memory's own bytes, none laid in from the file in question."""

    def read(self, address: int, size: int) -> bytes:
        """Exactly ``size`` bytes. Raises MemoryFault."""


def find_bias(elf: Elf, auxv: Mapping[int, int], image: Image) -> int:
    """What was added to link-time addresses. Raises UnsupportedTarget when the memory is of another program."""
    if AT_ENTRY not in auxv:
        return 0 if elf.type == ET_EXEC else _searched_bias(elf, image)
    bias = auxv[AT_ENTRY] - elf.entry
    if bias < 0 or bias % PAGE or (bias and elf.type == ET_EXEC):
        entry = f"its entry point is {auxv[AT_ENTRY]:#x}, that of {elf.path} {elf.entry:#x}"
        raise UnsupportedTarget(f"the core is of another binary: {entry}")
    return bias


def _searched_bias(elf: Elf, image: Image) -> int:
    """Without an auxiliary vector: where the memory has the file's first bytes."""
    first = next((load for load in loads(elf) if load.offset == 0 and load.size), None)
    if first is not None:
        head = elf.data[: 64 + elf.segments.nbytes].tobytes()
        for start in image.starts.tolist():
            if peek(image, start, len(head)) == head:
                return int(start) - first.start
    raise UnsupportedTarget(f"cannot tell where {elf.path} was loaded: the core has lost its auxiliary vector")


def constant_loads(elf: Elf) -> list[Load]:
    """The loaded segments that a program cannot write to: memory has there what the file has."""
    return [load for load in loads(elf) if not load.writable]


def check(elf: Elf, memory: Readable, bias: int, whose: str = "the core") -> str:
    """What proved that ``memory`` is of this program, "" when nothing could. Raises UnsupportedTarget."""
    proved = ""
    for name, address, data in build_ids(elf):
        proved = _compare(elf, memory, name, address + bias, data, whose) or proved
    info = buildinfo.find(elf)
    if info:
        written = info[1][: buildinfo.extent(info[1])].tobytes()
        _compare(elf, memory, "build information", info[0] + bias, written, whose)
    for address, data in _table_lengths(elf):
        proved = _compare(elf, memory, "function table", address + bias, data, whose) or proved
    return proved or _sampled(elf, memory, bias, whose)


def build_ids(elf: Elf) -> Iterator[tuple[str, int, bytes]]:
    """(name, link-time address, contents) of the build-id notes.

    A Go build id without a slash is not the linker's own but a word given to it (empty, "redacted"): it names nothing.
    """
    wanted = {note.data: IDS[note.name, note.type] for note in elf.notes() if (note.name, note.type) in IDS}
    wanted = {data: name for data, name in wanted.items() if name != IDS[b"Go\0\0", NT_GO_BUILD_ID] or b"/" in data}
    for row in elf.segments[elf.segments["type"] == PT_NOTE]:
        offset = int(row["offset"])
        area = elf.data[offset : offset + clip(elf.data, offset, int(row["filesz"]))].tobytes()
        for data, name in wanted.items():
            if data.strip(b"\0") and data in area:
                yield name, int(row["vaddr"]) + area.index(data), data


def _table_lengths(elf: Elf) -> Iterator[tuple[int, bytes]]:
    """Link-time address and contents of the lengths in runtime.firstmoduledata: any change of the code changes one.

    They stand in writable memory, which every core has (``runtime/symtab.go``, the same from Go 1.18 to 1.27).
    """
    section = elf.sections.get(".go.module")
    start = section.address if section is not None else elf.symbols().find("runtime.firstmoduledata")
    if start is None:
        return
    for address in (start + 8 * word for word in MODULE_LENGTHS):
        found = elf.at(address, 8)
        if found is not None:
            yield address, found.tobytes()


def _compare(elf: Elf, memory: Readable, name: str, address: int, data: bytes, whose: str) -> str:
    found = peek(memory, address, len(data))
    if found is None:
        return ""
    if found != data:
        ids = f" ({_shown(found)} in memory, {_shown(data)} in the file)" if name in IDS.values() else ""
        raise UnsupportedTarget(f"{whose} is of another binary: its {name} differs from that of {elf.path}{ids}")
    return name


def _sampled(elf: Elf, memory: Readable, bias: int, whose: str) -> str:
    """Compare pages of code and constants; "code" when all that the memory has are the file's."""
    proved = ""
    for address, data in _pages(elf):
        found = peek(memory, address + bias, len(data))
        if found is None:
            continue
        if sum(one != other for one, other in zip(found, data, strict=True)) > BREAKPOINTS:
            raise UnsupportedTarget(f"{whose} is of another binary: its code differs from that of {elf.path}")
        proved = "code" if sum(map(bool, data)) > PAGE // 4 else proved
    return proved


def _pages(elf: Elf) -> Iterator[tuple[int, bytes]]:
    for load in constant_loads(elf):
        step = max(PAGE, load.size // SAMPLES // PAGE * PAGE)
        for at in range(0, clip(elf.data, load.offset, load.size), step):
            begin = at + (load.offset == 0 and at == 0) * 1024  # strip changes the ELF header
            yield load.start + begin, elf.data[load.offset + begin : load.offset + min(at + PAGE, load.size)].tobytes()


def peek(memory: Readable, address: int, size: int) -> bytes | None:
    """``size`` bytes, or None when they cannot be read."""
    try:
        return memory.read(address, size)
    except MemoryFault:
        return None


def _shown(data: bytes) -> str:
    text = data.rstrip(b"\0")
    if text and all(32 <= byte < 127 for byte in text):
        return text.decode("ascii")[:40]
    return data[:20].hex()
