"""A process looked at through /proc and process_vm_readv: running and never stopped, or held by a debugger."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from attrs import define, field

from gdbext.binary.elf import Elf, map_stamped
from gdbext.binary.executable import Binary
from gdbext.errors import UnsupportedTarget
from gdbext.target import Identity, Mapping, Thread, merge_ranges, procfs
from gdbext.target.arch import Vectors, choice
from gdbext.target.image import Image
from gdbext.target.layers import holes
from gdbext.target.notes import AT_ENTRY
from gdbext.target.procmem import ProcessMemory, refusal

if TYPE_CHECKING:
    from gdbext.target.arch import Arch
    from gdbext.target.layers import Piece
    from gdbext.target.resident import Plan, Room


@define(eq=False)
class MappedMemory:
    """A process's memory as far as it is mapped. ``read`` and ``image`` always ask the process; only maps are kept."""

    pid: int
    stable: bool = False
    lasting: bool = field(default=False, init=False)
    version: str = field(default="", init=False)
    _memory: ProcessMemory = field(init=False)
    _mappings: list[Mapping] = field(init=False, factory=list)

    def __attrs_post_init__(self) -> None:
        self._memory = ProcessMemory(self.pid)

    def refresh(self) -> None:
        """Read the mappings again. Raises UnsupportedTarget when the process is gone."""
        try:
            self._mappings = procfs.mappings(self.pid)
        except (FileNotFoundError, ProcessLookupError) as error:
            raise UnsupportedTarget(f"process {self.pid} has ended") from error

    def read(self, address: int, size: int) -> bytes:
        """Exactly ``size`` bytes as they are now. Raises MemoryFault."""
        return self._memory.read(address, size)

    def image(self, ranges: Sequence[tuple[int, int]]) -> Image:
        """A private copy, made now, of what is readable of the ranges."""
        wanted = merge_ranges(ranges)
        readable = self._readable(wanted)
        if sum(end - start for start, end in readable) < sum(end - start for start, end in wanted):
            self.refresh()
            readable = self._readable(wanted)
        pieces, buffer = self._memory.copy(readable)
        return Image(pieces, [buffer])

    def whole(self) -> None:
        """Having all of it would be a copy."""

    def _readable(self, wanted: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """The parts of the ranges that are mapped for reading: huge reservations are not asked for page by page."""
        spans = merge_ranges((m.start, m.end) for m in self._mappings if m.flags.startswith("r"))
        closed = [(start, end, 0) for start, end in _gaps(spans)]
        return [part for start, end in wanted for part in holes(closed, start, end)]

    def mappings(self) -> Sequence[Mapping]:
        """The address space: as it is now where the process runs, else as of the last ``refresh``."""
        if not self.stable:
            self.refresh()
        return self._mappings

    def known(self) -> Sequence[Mapping]:
        """The address space as of the last ``refresh``."""
        return self._mappings

    def copy_to(self, room: Room, plan: Plan) -> list[Piece]:
        """What could be read of the plan."""
        return room.copy(self._memory, plan)

    def close(self) -> None:
        """Let go of the process."""
        self._memory.close()


@define(eq=False)
class Process:
    """A Target over a process of this machine that runs and is never stopped."""

    identity: Identity
    binary: Binary
    exe: str
    """The program's path as the process itself sees it (in a container: inside that)."""
    arch: Arch
    bias: int
    memory: MappedMemory
    notes: list[str] = field(factory=list)
    """What a reader of any answer should know, one sentence each; as of a core."""
    debugger: None = field(default=None, init=False)
    hold: None = field(default=None, init=False)

    @classmethod
    def open(cls, pid: int, stopped: bool = False) -> Process:
        """A process that is left as it is: running, or ``stopped`` by a debugger as long as this is used.

        Raises UnsupportedTarget with one line that says what is missing.
        """
        procfs.check_process(pid)
        try:
            return cls._opened(pid, stopped)
        except (FileNotFoundError, ProcessLookupError) as error:
            raise UnsupportedTarget(f"process {pid} has ended") from error
        except OSError as error:
            raise refusal(pid, error) from error

    @classmethod
    def _opened(cls, pid: int, stopped: bool) -> Process:
        exe = os.readlink(f"/proc/{pid}/exe")
        binary, arch = open_program(pid, exe)
        bias = procfs.auxv(pid).get(AT_ENTRY, binary.entry) - binary.entry
        identity = Identity("live" if stopped else "running", pid)
        opened = cls(identity, binary, exe, arch, bias, MappedMemory(pid, stopped))
        opened.memory.refresh()
        opened.memory.read(binary.entry + bias, 1)  # permission is refused here and not in the middle of an answer
        return opened

    def threads(self) -> Sequence[Thread]:
        """The threads, without registers."""
        pid = self.memory.pid
        try:
            ids = procfs.thread_ids(pid)
            return [Thread(tid, {}, tid == pid, inner, procfs.blocked(pid, tid)) for tid, inner in ids]
        except OSError as error:
            raise UnsupportedTarget(f"process {pid} has ended") from error

    def vectors(self, threads: Iterable[Thread]) -> dict[int, Vectors]:
        """None: the kernel tells registers only of what is stopped."""
        return dict.fromkeys((one.tid for one in threads), Vectors(b"", "needs the thread's registers"))

    def close(self) -> None:
        """Let go of the process."""
        self.memory.close()


def open_program(pid: int, exe: str) -> tuple[Binary, Arch]:
    """The process's own program, through /proc: right in any mount namespace, and after the file was replaced.

    With its processor. It goes by the name under which we could open it too (its debug file lies next to that).
    """
    link = f"/proc/{pid}/exe"
    name = exe if _is_same_file(exe, link) else f"/proc/{pid}/root{exe}"
    try:
        binary = Binary(Elf(name, *map_stamped(link)))
        return binary, choice.of(binary.elf)
    except UnsupportedTarget as error:
        raise UnsupportedTarget(f"process {pid}: {error.message}", error.hint) from error


def _is_same_file(one: str, other: str) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False


def _gaps(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """What lies between sorted, disjoint spans."""
    edges = [0, *(edge for span in spans for edge in span), 1 << 64]
    return [(edges[index], edges[index + 1]) for index in range(0, len(edges), 2) if edges[index] < edges[index + 1]]
