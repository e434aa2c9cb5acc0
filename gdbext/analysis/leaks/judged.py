"""What is said of single contexts: the verdict, who can cancel it, what it retains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field

from gdbext.analysis.leaks.doubts import doubts
from gdbext.analysis.leaks.holding import NOBODY, Holder, holder
from gdbext.analysis.leaks.retained import Retained
from gdbext.analysis.leaks.verdicts import HELD

if TYPE_CHECKING:
    from gdbext.analysis.leaks.known import Known
    from gdbext.analysis.leaks.verdicts import Verdicts

NAMED = 1 << 12
"""Holders that are named with their roots: a search each."""


@define(eq=False)
class Judged:
    """``doubts``: why a verdict is suspected only."""

    known: Known = field(repr=False)
    verdicts: Verdicts = field(repr=False)
    retained: Retained = field(repr=False)
    doubts: list[str]
    _holders: dict[int, Holder] = field(factory=dict, repr=False)

    @classmethod
    def of(cls, known: Known) -> Judged:
        """Of all contexts."""
        return cls(known, known.verdicts, Retained.of(known), doubts(known))

    def holder(self, index: int) -> Holder:
        """Who can cancel a held context; NOBODY for others."""
        if self.verdicts.verdict[index] != HELD:
            return NOBODY
        found = self._holders.get(index)
        if found is None:
            found = holder(self.known, index, named=len(self._holders) < NAMED)
            self._holders[index] = found
        return found
