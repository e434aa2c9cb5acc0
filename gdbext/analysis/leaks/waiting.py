"""Who waits, and the words of all stacks: what every search among goroutines begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import field, frozen

from gdbext.analysis.leaks.blocking import Blocked, blocked, stack_words
from gdbext.golang.runtime.rootwords import DEFER, OF_GOROUTINES, STACK

if TYPE_CHECKING:
    from gdbext.analysis.goroutines.frameranges import FrameRanges
    from gdbext.compute.arrays import I64, U64, Bools
    from gdbext.golang.runtime.mgcmark import Roots
    from gdbext.golang.runtime.proc import Goroutines
    from gdbext.golang.runtime.rootwords import Part


@frozen(eq=False)
class Waiting:
    """``frames``: of all stacks; ``blocked``: who waits for whom to wake it. ``row``, ``where``, ``value``: the words
    of goroutines, one entry of each array per word; ``live``, ``deferred``: which of those are live by a stack's maps,
    and which are deferred calls' function values."""

    goroutines: Goroutines
    frames: FrameRanges = field(repr=False)
    blocked: Blocked = field(repr=False)
    row: I64 = field(repr=False)
    where: U64 = field(repr=False)
    value: U64 = field(repr=False)
    live: Bools = field(repr=False)
    deferred: Bools = field(repr=False)

    @classmethod
    def of(cls, goroutines: Goroutines, frames: FrameRanges, roots: Roots, more: Part) -> Waiting:
        """Of a program. ``more``: words that the collector does not have."""
        words = stack_words((roots, more))
        kind = np.concatenate([part.kind[np.isin(part.kind, OF_GOROUTINES)] for part in (roots, more)])
        return cls(goroutines, frames, blocked(goroutines, frames, words), *words, kind == STACK, kind == DEFER)
