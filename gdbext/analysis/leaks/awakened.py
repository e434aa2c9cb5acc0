"""Proved contexts that a goroutine or an AfterFunc can cancel once another one has ended, which it waits for.

So they end with what ends the other one as well. What goroutines could do that wake when contexts above have ended is
followed from where the proof came to: of all those contexts at once, then of one after another.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from attrs import field, frozen

if TYPE_CHECKING:
    from gdbext.analysis.leaks.proof import Proof
    from gdbext.compute.arrays import I32, Bools

NOBODY = -1
MOST = 16
"""Contexts above that are told apart: those that most goroutines wait for in the end."""


@frozen(eq=False)
class Awakened:
    """Of each context: ``survivor``, what ends it, whether by registrations or by a goroutine that wakes; ``woken``:
    whether such a goroutine can; ``several``: whether others besides the survivor end it then."""

    survivor: I32 = field(repr=False)
    woken: Bools = field(repr=False)
    several: Bools = field(repr=False)

    @classmethod
    def of(cls, proof: Proof, above: I32, proved: Bools, survivor: I32) -> Awakened:
        """``survivor``: what ends each of the ``proved`` ones by what they are registered with, NOBODY for none."""
        found = cls(survivor.copy(), *(np.zeros(len(above), np.bool_) for _ in range(2)))

        def ended(ends: I32) -> Bools:
            return proof.after(proved & np.isin(survivor, ends), above) & proved

        every = _waited(proof, proved, survivor)
        if len(every) > 1 and not ended(every).any():
            return found
        for ends in _one_by_one(every):
            found.add(ended(ends), survivor, ends)
        return found

    def add(self, ended: Bools, before: I32, ends: I32) -> None:
        """Those that have ``ended`` once some others did, and goroutines with them; ``before``: their survivors."""
        new = ended & ~np.isin(before, ends)
        self.woken[new] = True
        self.several[new & (self.survivor != NOBODY)] = True
        alone = new & (self.survivor == NOBODY)
        self.survivor[alone], self.several[alone] = ends[0], len(ends) > 1


def _waited(proof: Proof, proved: Bools, survivor: I32) -> I32:
    """The survivors of what goroutines and AfterFuncs wait for, those of most of them first."""
    context = proof.waited
    mine = proved[context] & (survivor[context] != NOBODY)
    every, counts = np.unique(survivor[context[mine]], return_counts=True)
    found: I32 = every[np.argsort(-counts, kind="stable")]
    return found


def _one_by_one(every: I32) -> Iterator[I32]:
    """The first ones each, and all others as one."""
    yield from (every[at : at + 1] for at in range(min(len(every), MOST)))
    if len(every) > MOST:
        yield every[MOST:]


__all__ = ["Awakened"]
