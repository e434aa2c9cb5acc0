"""The whole answer: how many contexts end with what, what they keep, who could end them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from attrs import field, frozen

from gdbext.analysis.contexts.contexts import NO_DEADLINE
from gdbext.analysis.heap.histogram import LIVE as LIVE_OBJECTS
from gdbext.analysis.heap.marking import Count
from gdbext.analysis.leaks import kept as keeping
from gdbext.analysis.leaks.doubts import doubts
from gdbext.analysis.leaks.groups import Groups, grouped
from gdbext.analysis.leaks.sites import GroupSite, sites_of
from gdbext.analysis.leaks.survivors import Survivor, survivors
from gdbext.analysis.leaks.verdicts import (
    BEING_CANCELLED,
    CANCELLED,
    HELD,
    LOST,
    MANY,
    ORPHANED,
    REGISTERED,
    UNTIL_DEADLINE,
)
from gdbext.errors import GdbextError

if TYPE_CHECKING:
    from gdbext.analysis.leaks.known import Known
    from gdbext.compute.arrays import I32, I64, Bools

KEYS = {
    "lost": LOST,
    "orphaned": ORPHANED,
    "until_deadline": UNTIL_DEADLINE,
    "registered": REGISTERED,
    "held": HELD,
    "cancelled": CANCELLED,
    "being_cancelled": BEING_CANCELLED,
}
PROVED_KEYS = ("lost", "orphaned", "until_deadline")
MAPS = "[context.canceler]struct {}"
"""In the names of all types that children maps are made of."""


@frozen
class Total:
    """How many contexts, and what only they keep; of held and ended ones their own objects."""

    contexts: int
    kept: Count


@frozen(eq=False)
class Leaks:
    """``totals``: by verdict. ``together``: what all proved ones keep; ``shared``: what several verdicts do, and no
    single one. ``bound``: how many lost and orphaned ones a survivor ends; ``endless``: how many nothing does.
    ``maps``: the children maps. ``goids``: of goroutines that wait for proved contexts and nothing else.
    ``unstoppable``: AfterFuncs that nothing can stop; ``piled``: those that wait for one context with many others.
    ``latest``: when the last deadline is; ``now``: the program's clock."""

    doubts: Sequence[str]
    all: Count
    live: int
    totals: Mapping[str, Total]
    unstoppable: Total
    piled: Total
    together: Count
    shared: int
    bound: int
    foremost: int
    endless: int
    maps: int
    groups: Groups = field(repr=False)
    sites: Sequence[GroupSite] = field(repr=False)
    survivors: Sequence[Survivor]
    goids: Sequence[int]
    latest: int
    now: int

    @property
    def proved(self) -> int:
        """How many contexts are lost, orphaned or will end at a deadline only."""
        return sum(self.totals[key].contexts for key in PROVED_KEYS)


def leaks(known: Known) -> Leaks:
    """Of a program. Raises GdbextError."""
    verdicts, proof, kept = known.verdicts, known.proof, known.kept
    groups = grouped(kept, proof, verdicts, known.context_rows.columns)
    sets = _Sets(known, kept)
    totals = {key: _total(sets, number, verdicts.verdict == number) for key, number in KEYS.items()}
    parts = [totals[key].kept.bytes for key in PROVED_KEYS]
    loose = (verdicts.verdict == REGISTERED) & ~verdicts.stoppable
    deadlines = verdicts.deadline[verdicts.verdict == UNTIL_DEADLINE]
    open_ = np.isin(verdicts.verdict, (LOST, ORPHANED))
    ends = survivors(known, verdicts.survivor[verdicts.proved])
    return Leaks(
        doubts=doubts(known),
        all=kept.all,
        live=sum(totals[key].contexts for key in ("held", *PROVED_KEYS)),
        totals=totals,
        unstoppable=_total(sets, REGISTERED, loose),
        piled=_total(sets, REGISTERED, loose & _piled(verdicts.above, loose)),
        together=(together := sets.kept_by(verdicts.proved)),
        shared=together.bytes - sum(parts),
        bound=int(np.count_nonzero(open_ & (verdicts.survivor >= 0))),
        foremost=_foremost(known, ends, verdicts.survivor[open_]),
        endless=int(np.count_nonzero(open_ & (verdicts.survivor < 0))),
        maps=_maps(known),
        groups=groups,
        sites=sites_of(known, groups.number, len(groups.groups)),
        survivors=ends,
        goids=np.unique(known.goroutines.goid[np.unique(kept.waits.row)]).tolist(),
        latest=int(deadlines.max(initial=NO_DEADLINE)),
        now=known.goroutines.now.ns,
    )


def _foremost(known: Known, ends: Sequence[Survivor], survivor: I32) -> int:
    """How many the first of the survivors ends."""
    addresses = known.contexts.address[survivor[survivor >= 0]]
    return int(np.count_nonzero(addresses == np.uint64(ends[0].address))) if ends else 0


def _piled(above: I32, mine: Bools) -> Bools:
    """Which of some contexts are registered with one that many of them are."""
    counts = np.bincount(above[mine & (above >= 0)], minlength=len(above))
    found: Bools = (above >= 0) & (counts[above] >= MANY) if len(above) else mine
    return found


class _Sets:
    """What sets of contexts keep; one that was asked for is not marked again: often one verdict is all there is."""

    def __init__(self, known: Known, kept: keeping.Kept) -> None:
        self.known, self.kept = known, kept
        self._found: dict[bytes, Count] = {}

    def kept_by(self, chosen: Bools) -> Count:
        """What only the chosen ones keep."""
        key = np.packbits(chosen).tobytes()
        if key not in self._found:
            self._found[key] = keeping.by(self.kept, self.known.proof, chosen) if chosen.any() else Count(0, 0)
        return self._found[key]


def _total(sets: _Sets, verdict: int, mine: Bools) -> Total:
    own = verdict in (HELD, CANCELLED, BEING_CANCELLED)
    kept = _own(sets.known, np.flatnonzero(mine)) if own else sets.kept_by(mine)
    return Total(int(np.count_nonzero(mine)), kept)


def _own(known: Known, indices: I64) -> Count:
    """The contexts themselves."""
    ids = known.heap.ids(known.contexts.address[indices])
    ids = ids[ids >= 0]
    return Count(len(ids), int(known.heap.elemsizes(ids).sum()))


def _maps(known: Known) -> int:
    try:
        entries = known.histogram.entries(LIVE_OBJECTS)
    except GdbextError:
        return 0
    return sum(one.count.bytes for one in entries if MAPS in one.name)
