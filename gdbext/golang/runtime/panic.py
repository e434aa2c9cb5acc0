"""Deferred calls and panics of goroutines (runtime/panic.go, runtime/runtime2.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen
from numpy.typing import NDArray

from gdbext.golang.reading.declarations import UINT, declare
from gdbext.golang.reading.lists import elements

if TYPE_CHECKING:
    from gdbext.compute.arrays import I64, U64
    from gdbext.golang.reading.program import Program

DEFER = declare("runtime._defer", heap=UINT, fn=UINT, link=UINT)


@frozen(eq=False)
class Defers:
    """Deferred calls, of each list in the order in which they will run. ``owner``: the list that each is in."""

    owner: I64
    address: U64
    record: NDArray[Any]
    broken: int
    """How many lists cannot be read to their end."""

    def words(self, name: str, program: Program) -> U64:
        """The addresses of a field of each."""
        return self.address + self.address.dtype.type(program.bound(DEFER).offset(name))


def read_defers(program: Program, heads: U64) -> Defers:
    """The deferred calls of goroutines whose first ones are at ``heads``; 0 for none."""
    bound = program.bound(DEFER)
    found = elements(program, heads, bound.offset("link"), bound.size)
    records, _ = program.records(DEFER, found.address)
    return Defers(found.owner, found.address, records, found.broken)
