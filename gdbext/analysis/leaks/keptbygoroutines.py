"""What goroutines keep alive: what would become garbage if exactly those ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gdbext.analysis.heap import colouring

if TYPE_CHECKING:
    from gdbext.analysis.heap.marking import Count, Marking
    from gdbext.analysis.leaks.facts import Facts, Words
    from gdbext.compute.arrays import I32, I64, U64

OF_G = ("defer", "panic", "labels", "ancestors")
"""What of a g leads to memory that is its own."""


def kept_by(facts: Facts, words: Words, marking: Marking, group: I64, groups: int) -> Sequence[Count]:
    """Of each group: ``group``, a number for each goroutine, -1 for none. ``marking``: what all but those reach."""
    return colouring.counts(marking, *_seeds(facts, words, (group + 1).astype(np.int32)), groups)


def _seeds(facts: Facts, words: Words, colour: I32) -> tuple[U64, I32]:
    """(what the goroutines' stacks, their g's and what they wait for lead to, the colours of those)."""
    stacks = words.take(np.append(colour, np.int32(0))[words.row] != 0)
    rows, g, blocked = np.flatnonzero(colour), facts.goroutines.g, facts.blocked
    waited = np.flatnonzero(colour[blocked.row])
    found = [stacks.value, blocked.address[waited], *(g[name][rows].astype(np.uint64) for name in OF_G)]
    given = [colour[stacks.row], colour[blocked.row[waited]], *[colour[rows]] * len(OF_G)]
    return np.concatenate(found), np.concatenate(given)
