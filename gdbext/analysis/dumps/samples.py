"""What the memory profile knows of single objects: each that it sampled has a special that names its bucket."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from attrs import field, frozen

from gdbext.analysis.heap.allocsite import hidden, sampled_slots, stack_of
from gdbext.compute.arrays import I32, I64, U64
from gdbext.errors import GdbextError
from gdbext.golang.runtime import mprof
from gdbext.golang.runtime.symtab import Location

if TYPE_CHECKING:
    from gdbext.analysis.heap.flow import Flowed
    from gdbext.golang.reading.program import Program
    from gdbext.golang.runtime.special import Specials
    from gdbext.golang.runtime.symtab import Symtab

Stack = tuple[Location, ...]
NOWHERE = -1


@frozen(eq=False)
class Samples:
    """``id``: the slots that were sampled, rising; ``bucket``: which bucket each has.

    ``address``, ``size``, ``stack``: of the buckets; ``stack``: which of ``stacks`` (innermost first, without the
    allocator's frames), NOWHERE where it cannot be read. ``rate``: one sample for so many bytes on average.
    """

    rate: int
    id: I64 = field(repr=False)
    bucket: I32 = field(repr=False)
    address: U64 = field(repr=False)
    size: I64 = field(repr=False)
    stack: I32 = field(repr=False)
    stacks: Sequence[Stack] = field(repr=False)
    notes: tuple[str, ...] = ()

    @classmethod
    def none(cls, *notes: str) -> Samples:
        """Where nothing was sampled, or nobody can say what."""
        ids, numbers = np.zeros(0, np.int64), np.zeros(0, np.int32)
        return cls(0, ids, numbers, np.zeros(0, np.uint64), ids, numbers, (), notes)

    @classmethod
    def of(cls, symtab: Symtab, specials: Specials, flowed: Flowed) -> Samples:
        """Of all allocated objects."""
        try:
            return _samples(symtab.program, symtab, specials, flowed)
        except GdbextError as error:
            return cls.none(f"where objects were allocated is not known: {error}")


def _samples(program: Program, symtab: Symtab, specials: Specials, flowed: Flowed) -> Samples:
    ids, buckets = sampled_slots(program, flowed.laid.heap, specials)
    address, bucket = np.unique(buckets, return_inverse=True)
    known, numbers = mprof.stacks(program, address), dict[Stack, int]()
    stack = [numbers.setdefault(_shown(symtab, pcs), len(numbers)) if pcs else NOWHERE for pcs in known.pcs]
    return Samples(
        mprof.profile_rate(program), ids, bucket.reshape(-1).astype(np.int32), address, known.size.astype(np.int64),
        np.array(stack, np.int32), tuple(numbers),
    )  # fmt: skip


def _shown(symtab: Symtab, pcs: Sequence[int]) -> Stack:
    """As a file has it too: the same stack of two moments is equal."""
    stack = stack_of(symtab, pcs)
    return tuple(Location(one.function, one.file, one.line, one.inlined) for one in stack[hidden(stack) :])
