"""A process stopped for a moment (ptrace(2)): every thread of it, and nothing but stopped.

No option is set and no register written, so the kernel alone can undo it: when the thread that traces ends, however it
ends, the process goes on, and one that was stopped before stays so. That thread is one of its own, which no signal
reaches, so Ctrl-C finds nothing half done. Signals for the process stay pending meanwhile; one that was just being
delivered is handed on.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Mapping as MappingOf
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from attrs import define, field, frozen

from gdbext.compute import deaf, parallel
from gdbext.compute.control import CONTROL
from gdbext.errors import UnsupportedTarget
from gdbext.target import procfs

if TYPE_CHECKING:
    from gdbext.target.arch import Arch, Vectors

T = TypeVar("T")
DETACH, GETREGSET, SEIZE, INTERRUPT = 17, 0x4204, 0x4206, 0x4207
EVENT_STOP = 128
WALL = 0x40000000
NT_PRSTATUS = 1
REGSET = 1 << 16
"""More than the registers of any processor take."""
PATIENCE_SECONDS = 5.0
"""A thread that sleeps in the kernel so that nothing wakes it (a dead disk) would have all others wait for it."""
LOOK_SECONDS = 0.0002
JOB_CONTROL = (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)


@frozen
class Registers:
    """Of one thread: the general ones by name, the vector registers by their type as a core's notes have them."""

    general: MappingOf[str, int]
    vectors: MappingOf[int, bytes] = field(repr=False)

    @classmethod
    def of(cls, tid: int, arch: Arch) -> Registers:
        """Of a thread that the calling thread has stopped; empty where the kernel does not tell."""
        data = regset(tid, NT_PRSTATUS)
        words = [int.from_bytes(data[at : at + 8], "little") for at in range(0, len(data), 8)]
        general = dict(zip(arch.saved, words, strict=True)) if len(words) == len(arch.saved) else {}
        return cls(general, {kind: data for kind in arch.vector_notes if (data := regset(tid, kind))})

    def vectors_of(self, arch: Arch) -> Vectors:
        """As a target gives them."""
        return arch.vectors_of(self.vectors, {})


class _Area(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("size", ctypes.c_size_t))


def regset(tid: int, kind: int) -> bytes:
    """A set of registers of a thread that the calling thread has stopped; b"" where there is none."""
    room = ctypes.create_string_buffer(REGSET)
    area = _Area(ctypes.addressof(room), REGSET)
    return room.raw[: area.size] if _ptrace(GETREGSET, tid, kind, ctypes.addressof(area)) == 0 else b""


def _ptrace(request: int, tid: int, address: int = 0, data: int = 0) -> int:
    """0, or an error's number."""
    call = ctypes.CDLL(None, use_errno=True).ptrace
    call.restype, call.argtypes = ctypes.c_long, (ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
    return 0 if call(request, tid, address, data) == 0 else ctypes.get_errno()


@define
class Stop:
    """The threads of a process while they are stopped; of the thread that stopped them alone."""

    pid: int
    began_ns: int = field(factory=time.monotonic_ns)
    held: dict[int, int] = field(factory=dict)
    """The stopped threads, and the signal that each was about to get (0: none)."""
    _seen: set[int] = field(factory=set)
    _moving: set[int] = field(factory=set)

    def all_threads(self) -> None:
        """Stop them, those too that are made meanwhile. Raises UnsupportedTarget; ``let_go`` undoes what was done."""
        while new := [tid for tid in task_ids(self.pid) if tid not in self._seen]:
            for tid in new:
                self._stop(tid)
            self._wait()
        if not self.held:
            raise UnsupportedTarget(f"process {self.pid} has ended")

    def _stop(self, tid: int) -> None:
        self._seen.add(tid)
        error = _ptrace(SEIZE, tid)
        if error == 0:
            self._moving.add(tid)
            _ptrace(INTERRUPT, tid)
        elif error != errno.ESRCH and procfs.is_user_thread(self.pid, tid):
            raise refusal(self.pid, tid, error)

    def _wait(self) -> None:
        limit = time.monotonic() + PATIENCE_SECONDS
        while self._moving:
            for tid in tuple(self._moving):
                self._look(tid)
            if self._moving:
                CONTROL.check()
                if time.monotonic() > limit:
                    said = f"thread {min(self._moving)} of process {self.pid} does not stop"
                    raise UnsupportedTarget(said, "it sleeps in the kernel, where nothing wakes it; try again later")
                time.sleep(LOOK_SECONDS)

    def _look(self, tid: int) -> None:
        try:
            found, status = os.waitpid(tid, os.WNOHANG | WALL)
        except ChildProcessError:  # ended, and somebody else was told
            self._moving.discard(tid)
            return
        if found:
            self._moving.discard(tid)
            if os.WIFSTOPPED(status):
                self.held[tid] = 0 if status >> 16 == EVENT_STOP else os.WSTOPSIG(status)

    def registers(self, arch: Arch) -> dict[int, Registers]:
        """Of every thread, by its id."""
        return {tid: Registers.of(tid, arch) for tid in sorted(self.held)}

    def let_go(self) -> int:
        """Let all go on; how many nanoseconds the first one stood still. What cannot be let go is about to end: that,
        and what never stopped, the kernel lets go when this thread ends."""
        for tid, number in self.held.items():
            if _ptrace(DETACH, tid, 0, number):
                with suppress(ChildProcessError):
                    os.waitpid(tid, os.WNOHANG | WALL)  # killed meanwhile: not to be left behind as a zombie
        return time.monotonic_ns() - self.began_ns


def task_ids(pid: int) -> list[int]:
    """The threads there are now. Raises UnsupportedTarget when the process is gone."""
    try:
        return sorted(map(int, os.listdir(f"/proc/{pid}/task")))
    except OSError as error:
        raise UnsupportedTarget(f"process {pid} has ended") from error


def refusal(pid: int, tid: int, error: int) -> UnsupportedTarget:
    """The one line for a process that the kernel does not let us stop."""
    tracer = procfs.tracer(pid, tid)
    if tracer:
        return UnsupportedTarget(f"cannot stop process {pid}", procfs.traced_by(tracer))
    why = procfs.why_not_attach(pid) or f"{os.strerror(error)} (a container's or security module's rule)"
    return UnsupportedTarget(f"cannot stop process {pid}", why)


def while_stopped(pid: int, work: Callable[[Stop], T]) -> tuple[T, int]:
    """What ``work`` gives while every thread of the process stands still, and for how many nanoseconds they did.

    Raises UnsupportedTarget with one line; whatever happens, the process goes on as before.
    """
    tracer: list[int] = []
    try:
        # Ctrl-Z waits until the process goes on: who is suspended himself lets nobody go.
        return deaf.holding_back(JOB_CONTROL, partial(parallel.aside, partial(_traced, pid, work, tracer)))
    finally:
        _await_end(tracer)


def _traced(pid: int, work: Callable[[Stop], T], tracer: list[int]) -> tuple[T, int]:
    tracer.append(threading.get_native_id())
    stop = Stop(pid)
    try:
        stop.all_threads()
        found = work(stop)
    finally:
        stopped_ns = stop.let_go()
    return found, stopped_ns


def _await_end(tracer: Iterable[int]) -> None:
    """The kernel lets go of what is left when the thread is really gone, a little after it has done its work."""
    for tid in tracer:
        while os.path.exists(f"/proc/self/task/{tid}"):
            time.sleep(LOOK_SECONDS)
