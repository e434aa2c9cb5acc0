"""Which contexts a line of the folded forest stands for: those of one family are drawn, others have the same shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gdbext.compute.arrays import I64
from gdbext.compute.ragged import within

if TYPE_CHECKING:
    from gdbext.analysis.contexts.tree import Fold, Forest


def alike(forest: Forest, fold: Fold, family: I64) -> tuple[I64, I64]:
    """(all contexts of a line, those of them below which the lines below it are).

    ``family``: the children of all contexts of the line above, or the roots.
    """
    tops = family[forest.shape[family] == forest.shape[fold.members[0]]]
    if not fold.chained:
        return tops, tops
    rows, last = [tops], tops
    for _ in range(len(fold) - 1):
        last = forest.following[last].astype(np.int64)
        rows.append(last)
    return np.concatenate(rows), last


def children(forest: Forest, parents: I64) -> I64:
    """Those of several contexts."""
    start, every = forest.families
    first, counts = start[parents].astype(np.int64), (start[parents + 1] - start[parents]).astype(np.int64)
    places: I64 = np.repeat(first, counts) + within(counts)
    return every[places].astype(np.int64)
