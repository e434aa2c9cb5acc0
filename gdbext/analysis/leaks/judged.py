"""What is said of single contexts: the verdict, who can cancel it, what its family keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import define, field

from gdbext.analysis.leaks import kept as keeping
from gdbext.analysis.leaks.doubts import doubts
from gdbext.analysis.leaks.holding import NOBODY, Holder, holder
from gdbext.analysis.leaks.verdicts import HELD, REGISTERED

if TYPE_CHECKING:
    from gdbext.analysis.leaks.known import Known
    from gdbext.analysis.leaks.verdicts import Verdicts
    from gdbext.compute.arrays import I64

NAMED = 1 << 12
"""Holders that are named with their roots: a search each."""
UNKNOWN = -1


@define(eq=False)
class Judged:
    """``retained``: what only a context and those registered below it keep, of the highest proved one of a family and
    of AfterFuncs; UNKNOWN of others. ``doubts``: why a verdict is suspected only."""

    known: Known = field(repr=False)
    verdicts: Verdicts = field(repr=False)
    retained: I64 = field(repr=False)
    doubts: list[str]
    _holders: dict[int, Holder] = field(factory=dict, repr=False)

    @classmethod
    def of(cls, known: Known) -> Judged:
        """Of all contexts."""
        verdicts = known.verdicts
        return cls(known, verdicts, _retained(known, verdicts), doubts(known))

    def holder(self, index: int) -> Holder:
        """Who can cancel a held context; NOBODY for others."""
        if self.verdicts.verdict[index] != HELD:
            return NOBODY
        found = self._holders.get(index)
        if found is None:
            found = holder(self.known, index, named=len(self._holders) < NAMED)
            self._holders[index] = found
        return found


def _retained(known: Known, verdicts: Verdicts) -> I64:
    kept, contexts = known.kept, known.contexts
    members = verdicts.proved | (verdicts.verdict == REGISTERED)
    tops = np.flatnonzero(members & (verdicts.top == np.arange(len(contexts))))
    number = np.full(len(contexts), -1, np.int32)
    number[tops] = np.arange(len(tops))
    group = np.where(members, number[verdicts.top], np.int32(-1)).astype(np.int32)
    counts = keeping.by_groups(kept, known.proof, group, len(tops))
    found = np.full(len(contexts), UNKNOWN, np.int64)
    found[tops] = [count.bytes for count in counts[: len(tops)]]
    return found
