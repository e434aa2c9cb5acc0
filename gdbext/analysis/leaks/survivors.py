"""Contexts that are not proved lost, and that proved ones end with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from gdbext.analysis.leaks.holding import Holder, holder

if TYPE_CHECKING:
    from gdbext.analysis.leaks.known import Known
    from gdbext.compute.arrays import I32, I64


@frozen
class Survivor:
    """Its address and kind, how many end or wake with it, who can cancel it."""

    address: int
    kind: str
    count: int
    holder: Holder


def survivors(known: Known, indices: I32 | I64) -> list[Survivor]:
    """Those that the indices name, once for each that ends with one (negative: nothing does); the most first."""
    contexts, kinds = known.contexts, known.contexts.types.kinds
    index, counts = np.unique(indices[indices >= 0], return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return [
        Survivor(int(contexts.address[one]), kinds[int(contexts.kind[one])].name, many, holder(known, one))
        for one, many in zip(index[order].tolist(), counts[order].tolist(), strict=True)
    ]
