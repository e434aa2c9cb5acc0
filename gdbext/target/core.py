"""An ELF core without a debugger: the file mapped into our process, the program's files under its gaps.

Reads cores of the kernel, of ``gcore`` (GDB 13 writes reservations as gigabytes of zeros, GDB 18 leaves them out) and
of ``dlv dump`` (no NT_FILE, notes without owner). Bytes come from the core; where it left out what a file has
(read-only, file-backed ranges) from that very file.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Iterator, Mapping as MappingOf, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, field

from gdbext.binary.elf import ET_CORE, PF_R, PN_XNUM, Bytes, Elf, Stamp, map_stamped, stamp_of
from gdbext.binary.executable import Binary
from gdbext.errors import UnsupportedTarget
from gdbext.target import Identity, Mapping, Thread, identity
from gdbext.target.arch import choice
from gdbext.target.image import Image
from gdbext.target.layers import Load, Piece, beneath, clip, disjoint, holes, is_whole, loads, merge_mappings, piece
from gdbext.target.notes import AT_EXECFN, Notes

if TYPE_CHECKING:
    from gdbext.target.arch import Arch, Vectors

PACKED = {
    b"\x28\xb5\x2f\xfd": ("zstd", "zstd -d {0} -o core"),
    b"\x04\x22\x4d\x18": ("lz4", "lz4 -d {0} core"),
    b"\x1f\x8b": ("gzip", "gzip -dc {0} > core"),
    b"\xfd7zXZ": ("xz", "xz -dc {0} > core"),
    b"BZh": ("bzip2", "bzip2 -dc {0} > core"),
}
JOURNAL = "/var/lib/systemd/coredump/"
ORDER = "the program comes first, then the core: EXE CORE"
RESERVATION = 1 << 16
"""A read-only anonymous segment this long and all zeros is address space that Go reserved (GDB 13 writes it out)."""
SAMPLES, PAGE = 16, 4096
AT_REST_NS = 60 * 10**9
"""How long nobody must have written to a file that is known again by its stamp."""
LOOK_SECONDS = 0.02
"""Between two looks whether the files are still as long as they were."""


@define(eq=False)
class CoreMemory:
    """What a core has of its process's memory, mapped into ours: nothing is copied."""

    path: str
    _files: list[Bytes]
    _stamps: MappingOf[str, Stamp]
    _image: Image
    _mappings: list[Mapping]
    stable: bool = field(default=True, init=False)
    lasting: bool = field(default=True, init=False)
    _seen_whole: float = field(default=0.0, init=False)

    def read(self, address: int, size: int) -> bytes:
        """Exactly ``size`` bytes. Raises MemoryFault."""
        return self.whole().read(address, size)

    def image(self, ranges: Sequence[tuple[int, int]]) -> Image:
        """All that the core has, whatever the ranges."""
        return self.whole()

    def whole(self) -> Image:
        """All that the core has. Raises UnsupportedTarget when a file shrank: touching what is gone would kill us."""
        now = time.monotonic()
        if now - self._seen_whole > LOOK_SECONDS:
            if not all(is_whole(data) for data in self._files):
                said = f"{self.path} or its program was overwritten since it was opened"
                raise UnsupportedTarget(said, "open it again")
            self._seen_whole = now
        return self._image

    @property
    def version(self) -> str:
        """Of the files' stamps, as they still are: a file has another one after it was written to, unless that was
        just now (its clock is coarse, and what is written through a map is noted late)."""
        try:
            now = {name: stamp_of(os.stat(name)) for name in self._stamps}
        except OSError:
            return ""
        written = max(max(mtime, ctime) for _, mtime, ctime, _, _ in now.values())
        if now != self._stamps or time.time_ns() - written < AT_REST_NS:
            return ""
        return hashlib.sha256(repr(sorted(now.items())).encode()).hexdigest()

    def mappings(self) -> Sequence[Mapping]:
        """The address space as the core describes it."""
        return self._mappings

    def close(self) -> None:
        """Let go of the maps; reads fail from now on."""
        self._image, self._files = Image([]), []


@define(eq=False)
class CoreFile:
    """A Target over a core file."""

    identity: Identity
    binary: Binary
    arch: Arch
    bias: int
    notes: list[str]
    """What is missing or could not be checked, one sentence each."""
    memory: CoreMemory
    _saved: Notes
    debugger: None = field(default=None, init=False)
    hold: None = field(default=None, init=False)

    @classmethod
    def open(cls, exe: str, core: str) -> CoreFile:
        """The core of the program ``exe``. Raises UnsupportedTarget with one line for what is neither."""
        elf = open_core_elf(core)
        arch = choice.of(elf)
        notes = Notes.of(elf.notes(), arch)
        own = disjoint(_own_pieces(elf, notes.files))
        saved = Image(own, [elf])
        program = _open_program(exe, arch, suggested_programs(notes, saved))
        cut = list(_cut_off(elf))
        said = [*cut, *_without_threads(notes)]
        bias = _identify(program, notes, saved, said)
        stamped = dict(_verified_files(notes.files, own))
        files = {name: data for name, (data, _) in stamped.items()}
        image = _whole_image(elf, own, program, bias, notes.files, files)
        image.why = "; ".join([image.why, *cut])
        mappings = merge_mappings(_mappings(loads(elf)), notes.files)
        stamps = {one.path: one.stamp for one in (elf, program) if one.stamp is not None}
        stamps |= {name: stamp for name, (_, stamp) in stamped.items()}
        memory = CoreMemory(core, [elf.data, program.data, *files.values()], stamps, image, mappings)
        return cls(Identity("core", notes.pid), Binary(program), arch, bias, said, memory, notes)

    def threads(self) -> Sequence[Thread]:
        """The threads; the selected one is the first, which received the signal."""
        return self._saved.threads

    def vectors(self, threads: Iterable[Thread]) -> dict[int, Vectors]:
        """The vector registers of some of the threads, by thread id."""
        saved, auxv = self._saved.vectors, self._saved.auxv
        return {one.tid: self.arch.vectors_of(saved.get(one.tid, {}), auxv) for one in threads}

    def close(self) -> None:
        """Let go of the maps; reads fail from now on."""
        self.memory.close()


def open_core_elf(path: str) -> Elf:
    """A core's ELF file. Raises UnsupportedTarget for compressed files, programs, machines that nobody here knows."""
    data, stamp = map_stamped(path)
    if data.size == 0:
        raise UnsupportedTarget(f"{path} is empty", "was the disk full, or a limit of 0 set (ulimit -c)?")
    for magic, (packer, command) in PACKED.items():
        if data[: len(magic)].tobytes() == magic:
            raise UnsupportedTarget(f"{path} is compressed ({packer})", f"unpack it first: {_unpack(path, command)}")
    elf = Elf(path, data, stamp)
    if elf.type != ET_CORE:
        raise UnsupportedTarget(f"{path} is no core file but a program or library", ORDER)
    if not choice.is_supported(elf):
        raise UnsupportedTarget(
            f"{path} is a core of a program for {elf.machine}; only {choice.supported()} is supported"
        )
    if len(elf.segments) == 0:
        raise UnsupportedTarget(f"{path} is cut off: its program headers lie beyond its end, so nothing can be found")
    return elf


def _unpack(path: str, command: str) -> str:
    words = path.rsplit("/", 1)[-1].split(".")
    if path.startswith(JOURNAL) and len(words) > 5 and words[-3].isdigit():
        return f"coredumpctl dump {words[-3]} --output=core"
    return command.format(path)


def _own_pieces(elf: Elf, files: Sequence[Mapping]) -> Iterator[Piece]:
    backed = {mapping.start for mapping in files}
    for load in loads(elf):
        if load.size and not is_reservation(elf.data, load, load.start in backed):
            yield piece(elf.data, load.start, load.offset, load.size)


def is_reservation(data: Bytes, load: Load, backed: bool) -> bool:
    """PROT_NONE memory: no access at all, or what GDB 13 writes for it, which is "read-only" and all zeros."""
    if load.flags == 0:
        return True
    if load.flags != PF_R or backed or load.size < RESERVATION:
        return False
    last = load.size - PAGE
    places = {load.offset + last * index // SAMPLES // PAGE * PAGE for index in range(SAMPLES + 1)}
    return not any(data[place : place + PAGE].any() for place in places)


def _open_program(exe: str, arch: Arch, suggested: Sequence[str]) -> Elf:
    if not Path(exe).exists():
        hint = f"the core was made by {suggested[0]}" if suggested else "a core is read with the program that made it"
        raise UnsupportedTarget(f"no such file: {exe}", hint)
    elf = Elf.open(exe)
    if elf.type == ET_CORE:
        raise UnsupportedTarget(f"{exe} is itself a core file", ORDER)
    if elf.machine != arch.name:
        raise UnsupportedTarget(f"{exe} is a program for {elf.machine} and the core is of {arch.name}")
    return elf


def suggested_programs(notes: Notes, saved: Image) -> list[str]:
    """Which file the core says it is of: AT_EXECFN, then the first mapped file."""
    found = [_text(saved, notes.auxv.get(AT_EXECFN, 0)), *(mapping.file for mapping in notes.files[:1])]
    return [name for name in found if name]


def _text(image: Image, address: int) -> str:
    data = identity.peek(image, address, PAGE - address % PAGE)
    return data.split(b"\0", 1)[0].decode("utf-8", "backslashreplace") if data else ""


def _identify(program: Elf, notes: Notes, saved: Image, said: list[str]) -> int:
    """The bias; adds to ``said`` when nothing proves that the core is of this program."""
    try:
        bias = identity.find_bias(program, notes.auxv, saved)
        proved = identity.check(program, saved, bias)
    except UnsupportedTarget as error:
        others = [name for name in suggested_programs(notes, saved) if name != program.path]
        raise UnsupportedTarget(error.message, f"try {others[0]}" if others else "; ".join(said[:1])) from error
    if not proved:
        said.append(f"the core holds nothing of its program's file: that it is {program.path} could not be checked")
    return bias


def _whole_image(
    elf: Elf, own: list[Piece], program: Elf, bias: int, mapped: Sequence[Mapping], files: MappingOf[str, Bytes]
) -> Image:
    """The core's bytes, under them the program's constant segments, under those the other files that still exist."""
    written = disjoint((load.start, load.end, 0) for load in loads(elf) if load.writable)
    constant = [
        piece(program.data, load.start + bias, load.offset, load.size) for load in identity.constant_loads(program)
    ]
    under = [
        piece(files[m.file], m.start, m.offset, m.end - m.start)
        for m in mapped
        if m.file in files and not _is_written(m, written)
    ]
    return Image(beneath(beneath(own, constant), under), [elf.data, program.data, *files.values()])


def _verified_files(mapped: Sequence[Mapping], own: list[Piece]) -> Iterator[tuple[str, tuple[Bytes, Stamp]]]:
    """Files mapped by the process that still exist and begin with the very page that the core saved."""
    saved = Image(own)
    firsts: MappingOf[str, Mapping] = {m.file: m for m in reversed(mapped) if m.offset == 0}
    for name, first in firsts.items():
        page = identity.peek(saved, first.start, PAGE)
        opened = _opened(name) if page else None
        if opened is not None and opened[0][:PAGE].tobytes() == page:
            yield name, opened


def _opened(name: str) -> tuple[Bytes, Stamp] | None:
    try:
        return map_stamped(name) if Path(name).is_file() else None
    except (UnsupportedTarget, OSError, ValueError):
        return None


def _is_written(mapping: Mapping, written: Sequence[Piece]) -> bool:
    """Whether the process could write there: then the file says nothing about what the memory held."""
    return list(holes(written, mapping.start, mapping.end)) != [(mapping.start, mapping.end)]


def _mappings(segments: Iterable[Load]) -> Iterator[Mapping]:
    for load in segments:
        if load.start < load.end:
            yield Mapping(load.start, load.end, "", 0, load.access)


def _without_threads(notes: Notes) -> Iterator[str]:
    if not notes.threads:
        yield "the core has no thread registers: running goroutines have no stack"


def _cut_off(elf: Elf) -> Iterator[str]:
    declared = int.from_bytes(elf.data[56:58].tobytes(), "little")
    if len(elf.segments) < declared != PN_XNUM:
        yield f"the core is cut off: {len(elf.segments)} of its {declared} program headers are there"
    sizes = [(load.offset, load.size, clip(elf.data, load.offset, load.size)) for load in loads(elf)]
    lost = [(offset + size, size - there) for offset, size, there in sizes if there < size]
    if lost:
        whole, missing = max(end for end, _ in lost), sum(count for _, count in lost)
        parts = f"{missing:,} bytes of {len(lost)} segments are missing"
        yield f"the core is cut off: it has {elf.data.size:,} of {whole:,} bytes or more; {parts}"
