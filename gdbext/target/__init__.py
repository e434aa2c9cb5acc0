"""Where bytes, names and threads come from.

A Target is a stopped or running Go program as the rest of the package sees it. It knows nothing of Go structures
beyond the layouts and addresses that its Binary gives. Hosts: ``corefile`` (no debugger), ``process`` (a running pid,
never stopped), ``inferior`` (inside GDB).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping as MappingOf, Sequence
from typing import TYPE_CHECKING, Literal, Protocol

from attrs import field, frozen

import gdbext.compute.lonenumpy  # noqa: F401  before another module of ours imports NumPy

if TYPE_CHECKING:
    from gdbext.binary.executable import Binary
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
    """An OS thread. ``registers`` are the general ones by their lower-case amd64 names, plus ``fs_base`` when known."""

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


class Target(Protocol):
    """A Go program: bytes, names, threads. The only thing a host has to provide."""

    @property
    def kind(self) -> Kind: ...

    @property
    def pid(self) -> int | None: ...

    @property
    def binary(self) -> Binary: ...

    @property
    def bias(self) -> int:
        """What to add to a link-time address (position-independent executables); 0 otherwise."""

    @property
    def notes(self) -> list[str]:
        """What is to be said of the target itself: a truncated core, an identity that cannot be checked."""

    def read(self, address: int, size: int) -> bytes:
        """Exactly ``size`` bytes. Raises MemoryFault."""

    def image(self, ranges: Sequence[tuple[int, int]]) -> Image:
        """The readable parts of the [start, end) ranges, for bulk reads. A core gives all it has, copying nothing."""

    def mappings(self) -> Sequence[Mapping]:
        """The address space, sorted by start."""

    def threads(self) -> Sequence[Thread]:
        """The OS threads; empty where registers cannot be had without stopping the program."""

    def evaluate(self, expression: str) -> Value:
        """A debugger's expression. Raises UsageError where no debugger is there to ask."""

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


__all__ = ["Blocked", "Kind", "Mapping", "Target", "Thread", "Value", "merge_ranges"]
