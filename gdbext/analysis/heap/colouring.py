"""What only one of several groups keeps: colours that flow from words along edges, where nothing else reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gdbext.analysis.heap.kernels import colouring as kernels
from gdbext.analysis.heap.kernels.words import Mask
from gdbext.analysis.heap.marking import Count

if TYPE_CHECKING:
    from gdbext.analysis.heap.marking import Marking
    from gdbext.compute.arrays import I32, U64

NONE, SHARED = kernels.NONE, kernels.SHARED


def coloured(marking: Marking, words: U64, given: I32) -> I32:
    """The colour of each slot: of what each of ``words`` leads to the one ``given`` beside it, SHARED where several
    meet, NONE for what is reached in ``marking`` or from no word. Those that are ``WANTED`` have theirs from words
    alone, not from an edge that can be cut."""
    laid, slots = marking.laid, len(marking.marks.of)
    colours, queue = np.zeros(slots, np.int32), np.empty(2 * slots + 1, np.uint64)
    kernels.colour(
        laid.heap.image.memory, laid.objects, marking.table.described, marking.edges, marking.marks,
        Mask.none(), words, given, colours, queue,
    )  # fmt: skip
    return colours


def counts(marking: Marking, words: U64, given: I32, groups: int) -> list[Count]:
    """How much only each colour from 1 to ``groups`` has; last what several share."""
    out = np.zeros((groups + 2, 2), np.int64)
    kernels.counts(marking.laid.objects, coloured(marking, words, given), out)
    return [Count(*row) for row in out[1:].tolist()]
