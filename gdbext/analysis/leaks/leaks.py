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
from gdbext.analysis.leaks.groups import Alike, Groups, grouped
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
REGISTERED_KEYS = (*PROVED_KEYS, "registered")
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
    ``latest``: when the last deadline is; ``now``: the program's clock. ``woken``: how many a goroutine can cancel once
    what it waits for has ended; ``several``: how many of those end with more than one context above."""

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
    woken: int = 0
    several: int = 0

    @property
    def proved(self) -> int:
        """How many contexts are lost, orphaned or will end at a deadline only."""
        return sum(self.totals[key].contexts for key in PROVED_KEYS)


def leaks(known: Known) -> Leaks:
    """Of a program. Raises GdbextError."""
    verdicts, kept = known.verdicts, known.kept
    alike = Alike.of(known.contexts, verdicts, known.context_rows.columns)
    loose = (verdicts.verdict == REGISTERED) & ~verdicts.stoppable
    sets = {key: verdicts.verdict == KEYS[key] for key in REGISTERED_KEYS} | {
        "unstoppable": loose,
        "piled": loose & _piled(verdicts.above, loose),
        "together": verdicts.proved,
    }
    found = keeping.measured(kept, known.proof, list(sets.values()), alike.number, len(alike.names))
    keep = dict(zip(sets, found.kept, strict=True))
    groups = grouped(alike, found.groups)
    deadlines = verdicts.deadline[verdicts.verdict == UNTIL_DEADLINE]
    open_ = np.isin(verdicts.verdict, (LOST, ORPHANED))
    ends = survivors(known, verdicts.survivor[verdicts.proved])
    totals = {key: _total(verdicts.verdict == one, keep.get(key), known) for key, one in KEYS.items()}
    return Leaks(
        doubts=doubts(known),
        all=found.all,
        live=sum(totals[key].contexts for key in ("held", *PROVED_KEYS)),
        totals=totals,
        unstoppable=_total(sets["unstoppable"], keep["unstoppable"], known),
        piled=_total(sets["piled"], keep["piled"], known),
        together=keep["together"],
        shared=keep["together"].bytes - sum(keep[key].bytes for key in PROVED_KEYS),
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
        woken=int(np.count_nonzero(verdicts.woken)),
        several=int(np.count_nonzero(verdicts.several)),
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


def _total(mine: Bools, kept: Count | None, known: Known) -> Total:
    """``kept``: None for those of which their own objects are counted."""
    return Total(int(np.count_nonzero(mine)), kept if kept is not None else _own(known, np.flatnonzero(mine)))


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
