"""How much of the heap only pools of package sync keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from gdbext.golang.std import pool

if TYPE_CHECKING:
    from gdbext.analysis.heap.dominators import Dominators
    from gdbext.compute.arrays import U64
    from gdbext.golang.reading.program import Program


@frozen
class Pooled:
    """``pools`` that hold something; ``bytes``: what would become garbage without what Ps have put aside; ``victims``:
    without what was left before the last collection, which the next one frees."""

    pools: int
    bytes: int
    victims: int


def pooled(program: Program, dominators: Dominators) -> Pooled:
    """Of a program. Raises as ``pool.pools``."""
    found = pool.pools(program)
    return Pooled(len(found.address), _kept(dominators, found.local), _kept(dominators, found.victim))


def _kept(dominators: Dominators, arrays: U64) -> int:
    """What the arrays dominate together."""
    ids = dominators.flowed.laid.heap.ids(arrays[arrays != 0])
    places = {dominators.place(int(id_)) for id_ in ids if id_ >= 0} - {0}
    return sum(int(dominators.bytes[place]) for place in places)
