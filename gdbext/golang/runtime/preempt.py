"""Calls that the program did not make (runtime/preempt.go; sigpanic: runtime/signal_unix.go).

A fault calls runtime.sigpanic, a request to yield calls runtime.asyncPreempt, each as if the interrupted instruction
had been a call of it: what lies where a return address belongs is that instruction itself, not the one after a call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from gdbext.errors import InconsistentRuntime
from gdbext.golang.runtime.pclntab import Steps, decode_steps

if TYPE_CHECKING:
    from gdbext.golang.runtime.symtab import Symtab
    from gdbext.target.arch import Arch

INJECTED = ("runtime.sigpanic", "runtime.asyncPreempt", "runtime.debugCallV2")


@frozen
class Injected:
    """A function called so: its code [start, end) and how far it moved SP, by pc."""

    arch: Arch
    start: int
    end: int
    depths: Steps

    def frame_size(self, pc: int) -> int:
        """The caller's SP less SP at ``pc``; 0 where ``pc`` is elsewhere or nothing is known of it."""
        depth = self.depths.at(pc - self.start) if self.start <= pc < self.end else -1
        return self.arch.frame_size(depth) if depth >= 0 else 0


def injected_functions(symtab: Symtab) -> tuple[Injected, ...]:
    """The functions that are called so; those that cannot be read are left out."""
    found, arch = [], symtab.program.arch
    for start, end in (extent for name in INJECTED for extent in extents(symtab, name)):
        index = symtab.function(start)
        try:
            depths = decode_steps(symtab.module(index).tables.pctab, symtab.func(index).pcsp, arch.quantum)
        except InconsistentRuntime:
            continue
        found.append(Injected(arch, start, end, depths))
    return tuple(found)


def extents(symtab: Symtab, name: str) -> tuple[tuple[int, int], ...]:
    """The code of the functions of that name, each as [start, end)."""
    return tuple((entry, symtab.entry(symtab.function(entry) + 1)) for entry in symtab.find(name))


__all__ = ["Injected", "extents", "injected_functions"]
