"""The inferior that is selected in GDB, as a Target.

GDB is asked for names and threads; bytes come past it where they can: a core's from the mapped file, a local
process's from the kernel. ``read_memory`` serves the rest (gdbserver, rr, a core on another machine).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping as MappingOf, Sequence
from functools import partial
from typing import TYPE_CHECKING, Protocol

import gdb
import numpy as np
from attrs import define, evolve, field

from gdbext.binary.executable import Binary
from gdbext.errors import MemoryFault, UnsupportedTarget, UsageError
from gdbext.target import Identity, Mapping, Memory, Thread, Value, merge_ranges, procfs
from gdbext.target.arch import Vectors, choice
from gdbext.target.core import CoreFile
from gdbext.target.image import Image
from gdbext.target.inferiorvalues import MASK, registers_as_bytes, value_of
from gdbext.target.process import Process
from gdbext.target.stopped import Registers

if TYPE_CHECKING:
    from gdbext.target.arch import Arch

FILES = re.compile(r"^(Local (?:core dump|exec) file):\n\t`(.*)', file type", re.MULTILINE)
ENTRY = re.compile(r"^\tEntry point: (0x[0-9a-f]+)", re.MULTILINE)
MAPPING = re.compile(r"^\s*(0x\w+)\s+(0x\w+)\s+0x\w+\s+(0x\w+)[ \t]*([rwxps-]{4})?[ \t]*(.*?)\s*$", re.MULTILINE)
PAGE, PIECE = 4096, 1 << 20


class Closing(Memory, Protocol):
    """Memory that has something to give back."""

    def close(self) -> None: ...


@define(eq=False)
class Inferior:
    """A Target over one of GDB's inferiors, as long as that does not move."""

    identity: Identity
    binary: Binary
    arch: Arch
    bias: int
    memory: Closing
    _threads: Callable[[], Sequence[Thread]]
    _vectors: Callable[[Iterable[Thread]], dict[int, Vectors]]
    notes: list[str] = field(factory=list)
    hold: None = field(default=None, init=False)

    @classmethod
    def current(cls) -> Inferior:
        """The selected inferior. Raises UnsupportedTarget with what to type where there is nothing to look at."""
        inferior = gdb.selected_inferior()
        host = inferior.connection.type if inferior.connection is not None else None
        files = _files(inferior)
        if host == "core" or (host is None and files.core):
            return cls._of_core(files)
        _check_pid(inferior, files)
        said = _who_runs(inferior)
        found = cls._of_process(inferior) if host == "native" else cls._of_remote(inferior, files)
        found.notes.extend(said)
        return found

    @classmethod
    def _of_core(cls, files: Files) -> Inferior:
        _check_program(files)
        core = CoreFile.open(files.exe, files.core)
        return cls(
            core.identity, core.binary, core.arch, core.bias, core.memory, core.threads, core.vectors, core.notes
        )

    @classmethod
    def _of_process(cls, inferior: gdb.Inferior) -> Inferior:
        process = Process.open(inferior.pid, stopped=True)
        threads = partial(_gdb_threads, inferior, process.arch, inferior.pid)
        vectors = partial(_gdb_vectors, inferior, process.arch, inferior.pid)
        return cls(process.identity, process.binary, process.arch, process.bias, process.memory, threads, vectors)

    @classmethod
    def _of_remote(cls, inferior: gdb.Inferior, files: Files) -> Inferior:
        if not files.exe:
            raise UnsupportedTarget("GDB does not have the program's file", "type file EXE (a copy of the remote one)")
        if files.exe.startswith("target:"):
            there = files.exe.removeprefix("target:")
            raise UnsupportedTarget(f"{there} is on the remote side", f"type remote get {there} EXE, then file EXE")
        binary = Binary.open(files.exe)
        arch = choice.of(binary.elf)
        bias = files.entry - binary.entry if files.entry else 0
        threads, vectors = partial(_gdb_threads, inferior, arch), partial(_gdb_vectors, inferior, arch, None)
        return cls(Identity("live", inferior.pid), binary, arch, bias, GdbMemory(inferior), threads, vectors)

    @property
    def debugger(self) -> Expressions:
        """GDB itself."""
        return Expressions()

    def threads(self) -> Sequence[Thread]:
        """The threads with their registers; the one selected in GDB is marked, whatever was selected before."""
        chosen = gdb.selected_thread()
        tid = chosen.ptid[1] if chosen is not None else None
        return [evolve(thread, selected=thread.tid == tid) for thread in self._threads()]

    def vectors(self, threads: Iterable[Thread]) -> dict[int, Vectors]:
        """The vector registers of some of the threads, by thread id; of a process that takes up to 2 ms for each."""
        return self._vectors(threads)

    def close(self) -> None:
        """Let go of files and maps."""
        self.memory.close()


def core_and_program() -> tuple[str, str] | int:
    """(program, core), as GDB has them; else the id of the process, 0 for one that is not of this machine.

    Raises UnsupportedTarget with what to type where there is nothing to look at.
    """
    inferior = gdb.selected_inferior()
    host = inferior.connection.type if inferior.connection is not None else None
    files = _files(inferior)
    if host in (None, "core") and files.core:
        _check_program(files)
        return files.exe, files.core
    _check_pid(inferior, files)
    return int(inferior.pid) if host == "native" else 0


def _check_program(files: Files) -> None:
    if not files.exe:
        raise UnsupportedTarget("GDB has a core but not its program", "type file EXE")


def _check_pid(inferior: gdb.Inferior, files: Files) -> None:
    if not inferior.pid:
        hint = "attach PID, run, or core-file FILE" if files.exe else "file EXE, then core-file CORE, or attach PID"
        raise UnsupportedTarget("no process and no core here", f"type {hint}")


def attached_process() -> Process:
    """The process that GDB attached to and holds. Raises UnsupportedTarget for anything else, with what to do."""
    inferior = gdb.selected_inferior()
    host = inferior.connection.type if inferior.connection is not None else None
    if host is None or not inferior.pid:
        raise UnsupportedTarget("--snapshot is for a process, and there is none here", "type attach PID")
    if host != "native":
        what = "a core" if host == "core" else f"a target of kind {host}"
        raise UnsupportedTarget(f"--snapshot is for a process that GDB itself holds, not for {what}", "leave it out")
    if not inferior.was_attached:
        raise UnsupportedTarget("--snapshot detaches, and GDB started this program: it would be lost", "leave it out")
    if any(_who_runs(inferior)):
        raise UnsupportedTarget("some threads are running (non-stop mode)", "stop them: type interrupt -a")
    return Process.open(inferior.pid, stopped=True)


def registers(process: Process) -> dict[int, Registers]:
    """Of every thread of a process that GDB holds, from the kernel: GDB would look for frames, and read all symbols for
    that. It answers the thread that traces, which is GDB's main one, where we are."""
    threads = (thread.ptid[1] for thread in gdb.selected_inferior().threads() if thread.is_valid())
    return {tid: Registers.of(tid, process.arch) for tid in sorted(threads)}


class Expressions:
    """What GDB says of expressions."""

    def evaluate(self, expression: str) -> Value:
        """An expression in GDB's current language and frame. Raises UsageError with what GDB says of it."""
        try:
            return value_of(gdb.parse_and_eval(expression))
        except gdb.error as error:
            raise UsageError(f"GDB cannot evaluate {expression!r}: {' '.join(str(error).split())}") from error


@define
class Files:
    """What ``info files`` says of the selected inferior; "" and 0 where it says nothing."""

    exe: str = ""
    core: str = ""
    entry: int = 0
    """The program's entry point where it was loaded."""


def _files(inferior: gdb.Inferior) -> Files:
    """Before GDB 16 and 17 its Python tells neither the program apart from its symbols' file, nor a core's file."""
    text = gdb.execute("info files", to_string=True)
    found = dict(FILES.findall(text))
    entry = ENTRY.search(text)
    exe = getattr(inferior.progspace, "executable_filename", None) or found.get("Local exec file", "")
    corefile = getattr(inferior, "corefile", None)
    core = corefile.filename if corefile is not None else found.get("Local core dump file", "")
    return Files(exe, core, int(entry[1], 16) if entry else 0)


def _who_runs(inferior: gdb.Inferior) -> list[str]:
    """What to say when some threads run. Raises UnsupportedTarget when the program is not stopped at all."""
    running = [thread.is_running() for thread in inferior.threads()]
    if running and all(running):
        raise UnsupportedTarget("the program is running", "stop it: type interrupt")
    if any(running):
        return [f"{sum(running)} of {len(running)} threads are running (non-stop mode): what is read may be torn"]
    return []


def _gdb_threads(inferior: gdb.Inferior, arch: Arch, local_pid: int | None = None) -> list[Thread]:
    """Every thread with its registers; with ``local_pid``, /proc tells its id inside a container too."""
    with selection_kept():
        return [_thread(thread, arch.general, local_pid) for thread in inferior.threads() if thread.is_valid()]


def _thread(thread: gdb.InferiorThread, names: Sequence[str], local_pid: int | None) -> Thread:
    tid = thread.ptid[1]
    inner = procfs.namespace_tid(local_pid, tid) if local_pid is not None else None
    if thread.is_running() or thread.is_exited():
        return Thread(tid, {}, False, inner)
    thread.switch()
    frame = gdb.newest_frame()
    return Thread(tid, {name: int(frame.read_register(name)) & MASK for name in names}, False, inner)


def _gdb_vectors(
    inferior: gdb.Inferior, arch: Arch, local_pid: int | None, threads: Iterable[Thread]
) -> dict[int, Vectors]:
    """What GDB shows of the threads' vector registers; of a remote process nobody knows what an old GDB loses."""
    auxv = procfs.auxv(local_pid) if local_pid is not None else {}
    there = {thread.ptid[1]: thread for thread in inferior.threads() if thread.is_valid()}
    with selection_kept():
        return {one.tid: _vectors(there.get(one.tid), arch, auxv) for one in threads}


def _vectors(thread: gdb.InferiorThread | None, arch: Arch, auxv: MappingOf[int, int]) -> Vectors:
    if thread is None or thread.is_exited():
        return Vectors(b"", "the thread has ended")
    if thread.is_running():
        return Vectors(b"", "the thread runs")
    thread.switch()
    frame = gdb.newest_frame()
    shown = {register.name for register in frame.architecture().registers()}
    try:
        data = b"".join(registers_as_bytes([frame.read_register(name) for name in arch.vectors if name in shown]))
    except gdb.error as error:
        return Vectors(b"", f"GDB cannot read its vector registers: {' '.join(str(error).split())}")
    lost = "" if hasattr(gdb.events, "executable_changed") else arch.vectors_lost(shown, auxv)  # since GDB 14
    return Vectors(data, lost if data else "GDB shows no vector registers of it")


class selection_kept:
    """Thread and frame are afterwards what they were, after Ctrl-C too; nothing is printed."""

    def __enter__(self) -> None:
        self.thread = gdb.selected_thread()
        self.frame = _selected_frame()

    def __exit__(self, *exception: object) -> None:
        if self.thread is not None and self.thread.is_valid():
            self.thread.switch()
        if self.frame is not None and self.frame.is_valid():
            self.frame.select()


def _selected_frame() -> gdb.Frame | None:
    try:
        return gdb.selected_frame()
    except gdb.error:  # the thread runs, or there is none
        return None


@define(eq=False)
class GdbMemory:
    """Memory through GDB alone: gdbserver, rr. Nothing is cached but what GDB caches."""

    inferior: gdb.Inferior
    stable: bool = field(default=True, init=False)
    lasting: bool = field(default=False, init=False)
    version: str = field(default="", init=False)

    def read(self, address: int, size: int) -> bytes:
        """Exactly ``size`` bytes. Raises MemoryFault."""
        try:
            return bytes(self.inferior.read_memory(address, size)) if size else b""
        except (gdb.MemoryError, OverflowError):
            raise MemoryFault(address, size) from None

    def image(self, ranges: Sequence[tuple[int, int]]) -> Image:
        """A copy of what is readable; where there are unreadable pages they are found by halving."""
        rows, buffers = [], []
        for start, end in self._mapped(ranges):
            buffer = np.zeros(end - start, np.uint8)
            buffers.append(buffer)
            for at, data in self._pieces(start, end):
                buffer[at - start : at - start + len(data)] = np.frombuffer(data, np.uint8)
                rows.append((at, at + len(data), buffer.ctypes.data + at - start))
        return Image(rows, buffers)

    def _mapped(self, ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        wanted, known = merge_ranges(ranges), [m for m in self.mappings() if not m.flags or m.flags[0] == "r"]
        if not known:
            return wanted
        parts = ((max(start, m.start), min(end, m.end)) for m in known for start, end in wanted)
        return merge_ranges(part for part in parts if part[0] < part[1])

    def _pieces(self, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        todo = [(at, min(at + PIECE, end)) for at in range(start, end, PIECE)][::-1]
        while todo:
            start, end = todo.pop()
            try:
                yield start, self.read(start, end - start)
            except MemoryFault:
                middle = (start + end) // 2 // PAGE * PAGE
                if start < middle < end:
                    todo += [(middle, end), (start, middle)]

    def mappings(self) -> list[Mapping]:
        """What ``info proc mappings`` says; nothing where GDB cannot ask."""
        try:
            text = gdb.execute("info proc mappings", to_string=True)
        except gdb.error:
            return []
        rows = MAPPING.findall(text)
        return sorted(
            (Mapping(int(a, 16), int(b, 16), name, int(at, 16), flags) for a, b, at, flags, name in rows),
            key=lambda mapping: mapping.start,
        )

    def whole(self) -> None:
        """Having all of it would be a copy."""

    def close(self) -> None:
        """Nothing is held."""
