"""Which contexts anything in the program can still reach: the others are garbage that no collection has freed yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import field, frozen

from gdbext.analysis.heap.kernels.objects import MARKED

if TYPE_CHECKING:
    from gdbext.analysis.contexts.contexts import Contexts
    from gdbext.analysis.heap.flow import Flowed
    from gdbext.compute.arrays import Bools


@frozen(eq=False)
class Reached:
    """``mask``: which contexts are reachable. ``known``: that is so; else all count as such. ``notes``: what the answer
    does not rest on, or why there is none."""

    mask: Bools = field(repr=False)
    known: bool
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, contexts: Contexts, flowed: Flowed) -> Reached:
        """By what was found of the heap; a context that lies elsewhere is a variable, and always there."""
        ids = flowed.laid.heap.ids(contexts.address)
        found = ids < 0
        found[~found] = flowed.state[ids[~found]] & MARKED != 0
        return cls(found, True, flowed.notes)

    @classmethod
    def unknown(cls, contexts: Contexts, *notes: str) -> Reached:
        """All of them, for nobody knows better."""
        return cls(np.ones(len(contexts), np.bool_), False, notes)

    @property
    def garbage(self) -> int:
        """How many are not."""
        return len(self.mask) - int(np.count_nonzero(self.mask))
