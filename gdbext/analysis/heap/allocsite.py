"""Where an object was allocated, where the runtime's memory profile sampled it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import field, frozen

from gdbext.errors import GdbextError
from gdbext.golang.runtime import mprof, special, symtabinl
from gdbext.golang.runtime.symtab import Location

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gdbext.compute.arrays import I64, U64
    from gdbext.golang.reading.program import Program
    from gdbext.golang.runtime.mheap import Heap
    from gdbext.golang.runtime.symtab import Symtab

ALLOCATOR = ("runtime.", "internal/runtime/")
"""From Go 1.26 on stacks begin in the allocator; like pprof we do not show it (runtime/pprof/protomem.go)."""


@frozen
class Site:
    """``stack``: innermost first, inlined calls too; ``hidden``: how many frames of the allocator are before it."""

    bucket: mprof.Bucket
    stack: Sequence[Location] = field(repr=False)
    hidden: int = 0

    @property
    def shown(self) -> Sequence[Location]:
        """The stack without the allocator."""
        return self.stack[self.hidden :]


def site_of(program: Program, symtab: Symtab, specials: special.Specials, slot: int) -> Site | None:
    """Where the object in the slot at an address was allocated; None where it was not sampled.

    Raises GdbextError for a damaged profile.
    """
    rows = specials.rows("Profile")
    mine = rows[specials.slot[rows] == slot]
    if not len(mine):
        return None
    record, readable = specials.records(program, mprof.PROFILE, mine[:1])
    bucket = mprof.bucket(program, int(record["bucket"][0])) if readable[0] else None
    if bucket is None:
        raise GdbextError(f"the object in the slot at {slot:#x} was sampled, but its bucket cannot be read")
    stack = stack_of(symtab, bucket.pcs)
    return Site(bucket, stack, hidden(stack))


def sampled_slots(program: Program, heap: Heap, specials: special.Specials) -> tuple[I64, U64]:
    """(ids of the slots of sampled objects, rising; the address of the bucket of each), as far as they can be read.
    Raises MissingField."""
    rows = specials.rows("Profile")
    ids = heap.ids(specials.slot[rows])
    rows, ids = rows[ids >= 0], ids[ids >= 0]
    records, readable = specials.records(program, mprof.PROFILE, rows)
    order = np.argsort(ids[readable], kind="stable")
    return ids[readable][order], records["bucket"][readable][order].astype(np.uint64)


def hidden(stack: Sequence[Location]) -> int:
    """How many frames of the allocator a stack begins with; none where there are no others."""
    outside = (n for n, location in enumerate(stack) if not location.function.startswith(ALLOCATOR))
    return next(outside, 0)


def stack_of(symtab: Symtab, pcs: Sequence[int]) -> list[Location]:
    """The frames of a profile's stack, innermost first.

    An inlined call has a pc of its own (runtime/traceback.go, tracebackPCs), so that each pc stands for its innermost
    frame; but where the stack may be cut off, at its last pc, for all that are there.
    """
    every = [_frames(symtab, pc) for pc in pcs]
    return [*(frames[0] for frames in every), *(every[-1][1:] if every else ())]


def _frames(symtab: Symtab, pc: int) -> list[Location]:
    try:
        return symtabinl.frames(symtab, pc)
    except GdbextError:
        return [Location("?", "?", 0)]


@frozen
class Sampled:
    """How much of the heap the profile knows: ``sampled`` of ``objects`` slots, one for each ``rate`` bytes."""

    sampled: int
    objects: int
    rate: int


def sampled(program: Program, objects: int) -> Sampled:
    """What the profile knows of a heap of so many objects. Raises GdbextError."""
    return Sampled(mprof.buckets(program).there, objects, mprof.profile_rate(program))
