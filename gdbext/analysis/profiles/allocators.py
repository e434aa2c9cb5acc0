"""Whether a return address is behind a call into the allocator (runtime/malloc.go): by the code itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from attrs import define, field, frozen

from gdbext.analysis.heap.allocsite import ALLOCATOR
from gdbext.errors import MemoryFault
from gdbext.golang.runtime import callersframes

if TYPE_CHECKING:
    from gdbext.compute.arrays import U8
    from gdbext.golang.reading.program import Program
    from gdbext.golang.runtime.symtab import Symtab

MALLOC = "runtime.mallocgc"
"""And what Go 1.26 has of it for each size (runtime.mallocgcSmallNoScanSC5 …)."""
DEEPEST, MOST = 8, 4096
"""Calls from a site to the allocator, and functions of the runtime that are looked into on the way."""
LONGEST = 1 << 16
"""Bytes of a function that are looked through."""


@frozen
class Check:
    """``call``: where the call instruction lies, None where none was found. ``chain``: the functions from that called
    to the allocator, each calling the next, or inlined where it does. ``why``: it is not verified; "" where it is."""

    call: int | None = None
    chain: Sequence[str] = ()
    why: str = ""

    @property
    def verified(self) -> bool:
        """Whether it is such a call."""
        return not self.why


@define(eq=False)
class Allocators:
    """Which functions allocate, found out as they are asked for."""

    program: Program
    symtab: Symtab
    _callees: dict[int, list[int]] = field(factory=dict)
    _chains: dict[int, tuple[int, ...]] = field(factory=dict)

    def check(self, after: int) -> Check:
        """Of what is called right before a return address. Raises GdbextError."""
        index = self.symtab.function(after - 1)
        if index < 0:
            return Check(why="no Go function is there")
        name = self.symtab.name(index)
        if name.startswith(MALLOC):  # a stack of the runtime's alone keeps its frame; that calls by a table (Go 1.27)
            return Check(chain=(name,))
        try:
            found = self._direct(after, self.symtab.entry(index))
            return found if found.call is not None else self._inlined(index, after - 1) or found
        except MemoryFault:
            return Check(why="its code cannot be read")

    def _direct(self, after: int, entry: int) -> Check:
        start = max(after - self.program.arch.longest_call, entry)
        found = self.program.arch.call_before(self.program.read(start, after - start), after)
        if found is None:
            return Check(why="no direct call is there")
        call, target = found
        called = self.symtab.function(target)
        if called < 0 or self.symtab.entry(called) != target:
            return Check(why="no call of a Go function is there")
        if chain := self.chain(called):
            return Check(call, tuple(map(self.symtab.name, chain)))
        return Check(call, why=f"calls {self.symtab.name(called)}, which is not seen to allocate")

    def _inlined(self, index: int, address: int) -> Check | None:
        """A call in code of the runtime's that was inlined at the address. Profiles leave the runtime's frames out, and
        have the place that they were inlined at (Go 1.26)."""
        entry, code = self.symtab.entry(index), self._code(index)
        for call in self.program.arch.calls(code, entry, self.symtab.entries).tolist():
            inside = self._inside(call, address)
            if not inside:
                continue
            end = min(call + self.program.arch.longest_call, entry + len(code))
            found = self._direct(end, entry)
            if found.verified:
                return Check(found.call, (*inside, *found.chain))
        return None

    def _inside(self, call: int, address: int) -> list[str]:
        """The functions of the runtime between a call and the place at the address that they were inlined at, innermost
        last; none where it is not so."""
        names: list[str] = []
        for pc in callersframes.expanded(self.symtab, [call + 1], ()):
            frame = callersframes.frame(self.symtab, pc)
            if frame is None or frame.pc == address:
                return names[::-1] if frame is not None else []
            if not frame.function.startswith(ALLOCATOR):
                return []
            names.append(frame.function)
        return []

    def chain(self, index: int) -> tuple[int, ...]:
        """The fewest direct calls that lead from a function to the allocator, over functions of the runtime: it, those
        in between, the allocator's; () where none was found. Raises InconsistentRuntime."""
        if index not in self._chains:
            self._chains[index] = self._search(index)
        return self._chains[index]

    def _search(self, index: int) -> tuple[int, ...]:
        before, level = {index: -1}, [index]
        for _ in range(DEEPEST):
            for one in level:
                if self.symtab.name(one).startswith(MALLOC):
                    return _path(before, one)
            level = [called for one in level for called in self._called(one) if _first_time(before, called, one)]
            if not level or len(before) > MOST:
                break
        return ()

    def _called(self, index: int) -> list[int]:
        """The functions of the runtime that one calls directly, by their indices."""
        if index not in self._callees:
            self._callees[index] = [one for one in self._decoded(index) if self.symtab.name(one).startswith(ALLOCATOR)]
        return self._callees[index]

    def _decoded(self, index: int) -> list[int]:
        entry = self.symtab.entry(index)
        try:
            code = self._code(index)
        except MemoryFault:
            return []
        targets = self.program.arch.called(code, entry, self.symtab.entries)
        found = self.symtab.functions(targets)
        return [one for one in found.tolist() if one >= 0 and one != index]

    def _code(self, index: int) -> U8:
        return np.frombuffer(self.symtab.code(index, LONGEST), np.uint8)


def _first_time(before: dict[int, int], called: int, by: int) -> bool:
    if called in before:
        return False
    before[called] = by
    return True


def _path(before: dict[int, int], at: int) -> tuple[int, ...]:
    path = [at]
    while (at := before[at]) >= 0:
        path.append(at)
    return tuple(reversed(path))


__all__ = ["Allocators", "Check"]
