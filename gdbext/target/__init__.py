"""Where bytes, names and threads come from.

A Target is a stopped or running Go program as the rest of the package sees it: what it can, not what kind it is. It
knows nothing of Go structures beyond the layouts and addresses that its Binary gives. Hosts: ``core`` (no debugger),
``process`` (a running pid, never stopped), ``inferior`` (inside GDB), ``delve`` (a headless Delve, over its RPC),
``snapshot`` (what another one had).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping as MappingOf, Sequence
from typing import TYPE_CHECKING, Literal, Protocol

from attrs import field, frozen

import gdbext.compute.lonenumpy  # noqa: F401  before another module of ours imports NumPy

if TYPE_CHECKING:
    from gdbext.binary.executable import Binary
    from gdbext.target.arch import Arch, Vectors
    from gdbext.target.image import Image

Kind = Literal["live", "core", "running"]


@frozen
class Mapping:
    """One range of the target's address space, [start, end)."""

    start: int
    end: int
    file: str = ""
    offset: int = 0
    flags: str = ""


@frozen
class Blocked:
    """A thread that sleeps in a system call (its number), and the registers that it comes back with."""

    syscall: int
    pc: int
    sp: int


@frozen
class Thread:
    """An OS thread. ``registers`` are the general ones by GDB's lower-case names, and where thread-local storage is."""

    tid: int
    registers: MappingOf[str, int] = field(factory=dict)
    selected: bool = False
    namespace_tid: int | None = None
    """The thread's id inside its own PID namespace, as runtime.m.procid has it (NSpid); None: same as ``tid``."""
    blocked: Blocked | None = None
    """Where the kernel says that it sleeps, of a thread whose registers cannot be had."""


@frozen
class Value:
    """What a debugger's expression evaluated to: its type's name, its address (None for an rvalue) and its bytes."""

    type: str
    address: int | None
    data: bytes


@frozen
class Identity:
    """Which program this is. ``kind``: "core", "live" (stopped by a debugger) or "running"; for printing only."""

    kind: Kind
    pid: int | None
    clock_ns: int | None = None
    """Of a copy: the process's CLOCK_MONOTONIC at that moment."""
    stopped_ns: int | None = None
    """Of a copy: for how long the process stood still; None where nobody knows."""
    elsewhere: bool = False
    """Whether it may be on another machine."""

    @property
    def clock_runs(self) -> bool:
        """Whether the process is there, so that the machine's clock is its own."""
        return self.kind != "core" and not self.elsewhere


class Memory(Protocol):
    """The program's bytes."""

    @property
    def stable(self) -> bool:
        """Whether the program stands still: what was read goes on being true."""

    @property
    def lasting(self) -> bool:
        """Whether another session can meet the very same memory: it is a file's."""

    @property
    def version(self) -> str:
        """A digest that another session meets again only where nobody has written to those files; "" for none."""

    def read(self, address: int, size: int) -> bytes:
        """Exactly ``size`` bytes. Raises MemoryFault."""

    def image(self, ranges: Sequence[tuple[int, int]]) -> Image:
        """The readable parts of the [start, end) ranges, for bulk reads: a copy, unless all is there at no cost."""

    def whole(self) -> Image | None:
        """All memory, where having it costs nothing: a core is mapped as it is. Else None."""

    def mappings(self) -> Sequence[Mapping]:
        """The address space, sorted by start; empty where it is not known."""


class Debugger(Protocol):
    """What can be asked about expressions."""

    def evaluate(self, expression: str) -> Value:
        """An expression in its language and frame. Raises UsageError with what it says of it."""


class Hold(Protocol):
    """What keeps a program still while it is read."""

    @property
    def halted(self) -> bool:
        """Whether the program was stopped for this, and has not been let go."""

    def lay_zeros(self, start: int, end: int) -> None:
        """What has not been read of [start, end) is zeros: the program never touched it."""

    def let_go(self) -> None:
        """The end of reading: a program that was stopped for it goes on, and what was read of it stays.

        Raises UnsupportedTarget where it did not stand still all the time: what was read is of no one moment then.
        """


class Target(Protocol):
    """A Go program by what can be had of it. The only thing a host has to provide."""

    @property
    def identity(self) -> Identity: ...

    @property
    def binary(self) -> Binary: ...

    @property
    def arch(self) -> Arch:
        """The processor that the program is for."""

    @property
    def bias(self) -> int:
        """What to add to a link-time address (position-independent executables); 0 otherwise."""

    @property
    def notes(self) -> list[str]:
        """What is to be said of the target itself: a truncated core, an identity that cannot be checked."""

    @property
    def memory(self) -> Memory: ...

    @property
    def debugger(self) -> Debugger | None: ...

    @property
    def hold(self) -> Hold | None:
        """What is to be let go, and asked, before an answer is believed; None where reading needs no such thing."""

    def threads(self) -> Sequence[Thread]:
        """The OS threads, the selected one marked; without registers where the program would have to be stopped."""

    def vectors(self, threads: Iterable[Thread]) -> dict[int, Vectors]:
        """The vector registers of some of the threads, by thread id. Not cheap everywhere: ask once for all."""

    def close(self) -> None:
        """Give back files and maps."""


def merge_ranges(ranges: Iterable[tuple[int, int]], gap: int = 0) -> list[tuple[int, int]]:
    """Sorted, disjoint [start, end) ranges that cover ``ranges``; holes of up to ``gap`` bytes are closed."""
    merged: list[list[int]] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1] + gap:
            merged[-1][1] = max(merged[-1][1], end)
        elif end > start:
            merged.append([start, end])
    return [(start, end) for start, end in merged]


__all__ = [
    "Blocked",
    "Debugger",
    "Hold",
    "Identity",
    "Kind",
    "Mapping",
    "Memory",
    "Target",
    "Thread",
    "Value",
    "merge_ranges",
]
