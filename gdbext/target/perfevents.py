"""Who comes by an address of a running process, counted by the kernel (perf_event_open(2)): nothing is stopped for it.

The processor's debug registers notice, as for a debugger's hardware breakpoint, but no signal is sent: the kernel
writes down the registers and the callers, and the program goes on, some 25 microseconds later. It is our file
descriptors that keep it going: however we end, it ends with us. A debugger's own breakpoint, in memory or in a debug
register, is left behind by one that is killed, and its next hit kills a Go program (SIGTRAP).
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import mmap
import os
import struct
from collections.abc import Iterator, Mapping as MappingOf, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from attrs import define, field

from gdbext.errors import UnsupportedTarget
from gdbext.target import procfs

if TYPE_CHECKING:
    from gdbext.target.arch import Arch

NUMBERS = {"x86_64": 298}
"""Of the system call, which libc has no function for."""
BREAKPOINT, EXECUTED, WORD = 5, 4, 8  # PERF_TYPE_BREAKPOINT, HW_BREAKPOINT_X
TID, TIME, CALLCHAIN, REGISTERS = 1 << 1, 1 << 2, 1 << 5, 1 << 12
DISABLED, INHERIT, NO_KERNEL, NO_HYPERVISOR, NO_KERNEL_CALLERS = 1 << 0, 1 << 1, 1 << 5, 1 << 6, 1 << 21
ATTRIBUTES = struct.Struct("<IIQQQQQIIQQQQIiQIHH")
CLOSE_ON_EXEC = 8
ENABLE, DISABLE, SET_OUTPUT = 0x2400, 0x2401, 0x2405
PAGE, PAGES = 4096, 64
"""Of a ring, one for each CPU: 256 KiB, which anybody may have (perf_event_mlock_kb)."""
HEAD, TAIL, SAMPLE = 1024, 1032, 9
HEADER = struct.Struct("<IHH")
CONTEXT = 0xFFFF_FFFF_FFFF_F000
"""From here on an address among the callers is a mark and none."""
DEEPEST = 48
"""Callers that are noted."""
PARANOID = "/proc/sys/kernel/perf_event_paranoid"


class Hit(NamedTuple):
    """Somebody came by: when (a clock of the kernel's, nanoseconds), the thread, registers by name, and the return
    addresses on its stack as far as frame pointers lead, the innermost first; first of all the address itself."""

    time_ns: int
    tid: int
    registers: MappingOf[str, int]
    callers: tuple[int, ...]


@define
class Ring:
    """What the kernel writes to, of one CPU. ``fd``: whose it is; others write to it, too."""

    fd: int
    page: mmap.mmap

    def records(self) -> Iterator[tuple[int, bytes]]:
        """(type, bytes behind the header) of each record that is new, which make room for others."""
        size = PAGES * PAGE
        head, at = (int.from_bytes(self.page[where : where + 8], "little") for where in (HEAD, TAIL))
        while at < head:
            kind, _, length = HEADER.unpack(self._bytes(at % size, HEADER.size))
            if length < HEADER.size:
                break
            yield kind, self._bytes(at % size, length)[HEADER.size :]
            at += length
        self.page[TAIL : TAIL + 8] = head.to_bytes(8, "little")

    def _bytes(self, at: int, length: int) -> bytes:
        """Of the ring, around its end."""
        data = self.page[PAGE + at : PAGE + min(at + length, PAGES * PAGE)]
        return data + self.page[PAGE : PAGE + length - len(data)]


@define(eq=False)
class Hits:
    """Everybody who comes by ``address`` from now on, in each thread that there is and each that is made.

    ``registers``: those that are noted, by GDB's names. A ``with`` gives all back.
    """

    pid: int
    address: int
    arch: Arch
    registers: Sequence[str]
    seen: list[Hit] = field(factory=list, init=False)
    _fds: list[int] = field(factory=list, init=False)
    _rings: dict[int, Ring] = field(factory=dict, init=False)
    _sorted: list[str] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._sorted = sorted(self.registers, key=self.arch.perf.index)

    def __enter__(self) -> Hits:
        """Begins. Raises UnsupportedTarget where the kernel does not let us."""
        begun = False
        try:
            attributes = self._attributes()
            for tid, _ in procfs.thread_ids(self.pid):
                for cpu in range(os.cpu_count() or 1):
                    self._add(attributes, tid, cpu)
            self._all(ENABLE)
            begun = True
        finally:
            if not begun:
                self.close()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _add(self, attributes: bytes, tid: int, cpu: int) -> None:
        fd = opened(attributes, tid, cpu)
        if fd < 0:
            return
        self._fds.append(fd)
        if cpu in self._rings:
            fcntl.ioctl(fd, SET_OUTPUT, self._rings[cpu].fd)
            return
        try:
            self._rings[cpu] = Ring(fd, mmap.mmap(fd, (1 + PAGES) * PAGE))
        except OSError as error:
            raise refused(error) from error

    def _attributes(self) -> bytes:
        flags = DISABLED | INHERIT | NO_KERNEL | NO_HYPERVISOR | NO_KERNEL_CALLERS
        mask = sum(1 << self.arch.perf.index(name) for name in self.registers)
        wanted = TID | TIME | CALLCHAIN | REGISTERS
        return ATTRIBUTES.pack(
            *(BREAKPOINT, ATTRIBUTES.size, 0, 1, wanted, 0, flags, 1, EXECUTED, self.address, WORD),
            *(0, mask, 0, 0, 0, 0, DEEPEST, 0),
        )

    def _all(self, request: int) -> None:
        for fd in self._fds:
            fcntl.ioctl(fd, request, 0)

    def read(self) -> int:
        """Takes in what is new, in order of time; how many are known now."""
        records = [record for ring in self._rings.values() for record in ring.records()]
        found = [self._hit(data) for kind, data in records if kind == SAMPLE]
        self.seen += sorted(found, key=lambda hit: hit.time_ns)
        return len(self.seen)

    def _hit(self, data: bytes) -> Hit:
        _, tid, when, count = struct.unpack_from("<IIQQ", data)
        at = 24 + 8 * count
        callers = struct.unpack_from(f"<{count}Q", data, 24)
        (abi,) = struct.unpack_from("<Q", data, at)
        values = struct.unpack_from(f"<{len(self._sorted)}Q", data, at + 8) if abi else ()
        return Hit(
            when, tid, dict(zip(self._sorted, values, strict=False)), tuple(pc for pc in callers if pc < CONTEXT)
        )

    def end(self) -> int:
        """Nothing more is noted; how often somebody came by in all, those included that there was no room for."""
        self._all(DISABLE)
        self.read()
        return sum(int.from_bytes(os.read(fd, 8), "little") for fd in self._fds)

    def close(self) -> None:
        """Give all back."""
        for ring in self._rings.values():
            ring.page.close()
        for fd in self._fds:
            os.close(fd)
        self._fds, self._rings = [], {}


def opened(attributes: bytes, tid: int, cpu: int) -> int:
    """A file descriptor; negative for a thread or a CPU that is not there. Raises UnsupportedTarget."""
    number = NUMBERS.get(os.uname().machine)
    if number is None:
        raise UnsupportedTarget(f"nobody knows how to ask the kernel of {os.uname().machine}", "leave --break out")
    call = ctypes.CDLL(None, use_errno=True).syscall
    fd = int(call(number, attributes, tid, cpu, -1, CLOSE_ON_EXEC))
    if fd >= 0 or ctypes.get_errno() in (errno.ESRCH, errno.ENODEV):
        return fd
    raise refused(OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno())))


def refused(error: OSError) -> UnsupportedTarget:
    """Why the kernel does not watch, and what to try."""
    said = f"the kernel does not watch breakpoints for us (perf_event_open: {error.strerror})"
    if error.errno in (errno.EACCES, errno.EPERM):
        level = ""
        with suppress(OSError), open(PARANOID, encoding="ascii") as file:
            level = f"; {PARANOID} is {file.read().strip()}"
        return UnsupportedTarget(said, f"it wants CAP_PERFMON, and a container that allows it{level}")
    if error.errno == errno.ENOSPC:
        return UnsupportedTarget(said, "all debug registers are taken: delete hardware breakpoints and watchpoints")
    if error.errno == errno.EMFILE:
        return UnsupportedTarget(said, "it takes a file for each thread and CPU: raise ulimit -n")
    return UnsupportedTarget(said, "leave --break out")
