"""What only one of several groups keeps, and what sets of objects keep: colours that flow from words along edges.

One walk answers for all of them. A colour is a group's where nothing else reaches; and each object learns in which
worlds it is reached, those that lack one set each: what a set keeps is what is not reached in the world without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from gdbext.analysis.heap.kernels import marking as kernels
from gdbext.analysis.heap.kernels.marking import ALL, BASE, COLOUR, NONE, REACHED, SHARED, WORLDS
from gdbext.analysis.heap.marking import Count
from gdbext.errors import GdbextError

if TYPE_CHECKING:
    from gdbext.analysis.heap.kernels.marking import Colours
    from gdbext.analysis.heap.marking import Marking
    from gdbext.compute.arrays import I32, I64, U8, U64

MOST_SETS = 7
"""Of one walk."""


@frozen
class Colouring:
    """``all``: what is reached in the world that lacks nothing. ``kept``: what each set keeps. ``groups``: what only
    each of the groups from 1 on has; ``shared``: what several have, and no single one."""

    all: Count
    kept: Sequence[Count]
    groups: Sequence[Count]
    shared: Count


def tags(worlds: U8 | int, colour: I32 | I64 | int) -> U64:
    """The state that words give: of which worlds they are, and which colour."""
    found: U64 = np.asarray(colour).astype(np.uint64) << np.uint64(COLOUR) | np.asarray(worlds).astype(np.uint64)
    return found


def coloured(marking: Marking, words: U64, given: U64, member: U8) -> Colours:
    """With the state of each slot, from what each of ``words`` leads to, with its tag. What is reached in ``marking``
    is so in every world, by no group. ``member``: of each slot, bits of the sets it is in, and GROUPED."""
    state = np.multiply(marking.marks.of >= REACHED, np.int32(BASE << COLOUR | WORLDS), dtype=np.int32)
    found = marking.coloured(state, member)
    found.mark(words, given)
    return found.colours


def colour(marking: Marking, words: U64, given: U64, member: U8, sets: int, groups: int) -> Colouring:
    """Of so many sets and groups. Raises GdbextError where there are more groups than colours."""
    if groups >= SHARED:
        raise GdbextError(f"{groups:,} groups are more than are told apart ({SHARED - 1:,})")
    by_worlds, by_group = np.zeros((WORLDS + 1, 2), np.int64), np.zeros((groups + 2, 2), np.int64)
    kernels.count_colours(marking.laid.objects, coloured(marking, words, given, member), by_worlds, by_group)
    number = np.arange(WORLDS + 1)
    everything, *without = (
        Count(*by_worlds[number & bit != 0].sum(axis=0).tolist()) for bit in (ALL, *(1 << one for one in range(sets)))
    )
    own = [Count(*row) for row in by_group[1:].tolist()]
    return Colouring(everything, [everything - one for one in without], own[:-1], own[-1])


def counts(marking: Marking, words: U64, given: I32, groups: int) -> Sequence[Count]:
    """How much only each colour from 1 to ``groups`` has, where each of the words has the one ``given`` beside it."""
    member = np.zeros(len(marking.marks.of), np.uint8)
    return colour(marking, words, tags(0, given), member, 0, groups).groups


__all__ = ["ALL", "MOST_SETS", "NONE", "SHARED", "WORLDS", "Colouring", "colour", "coloured", "counts", "tags"]
