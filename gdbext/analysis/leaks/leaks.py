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
from gdbext.analysis.leaks.holding import Holder, holder
from gdbext.analysis.leaks.sites import NO_SITE, GroupSite, sites
from gdbext.analysis.leaks.verdicts import (
    BEING_CANCELLED,
    CANCELLED,
    HELD,
    LOST,
    MANY,
    ORPHANED,
    REGISTERED,
    UNTIL_DEADLINE,
    Verdicts,
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
class Survivor:
    """A context that proved ones end with: how many, and who can cancel it."""

    index: int
    address: int
    kind: str
    contexts: int
    holder: Holder


@frozen(eq=False)
class Leaks:
    """``totals``: by verdict. ``together``: what all proved ones keep; ``shared``: what several verdicts do, and no
    single one. ``bound``: how many lost and orphaned ones a survivor ends; ``endless``: how many nothing does.
    ``maps``: the children maps. ``goids``: of goroutines that wait for proved contexts and nothing else.
    ``unstoppable``:
    AfterFuncs that nothing can stop; ``piled``: those of them that wait for one context with many others.
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
    totals = {key: _total(known, kept, verdicts.verdict == number) for key, number in KEYS.items()}
    parts = [totals[key].kept.bytes for key in PROVED_KEYS]
    together = keeping.by(kept, proof, verdicts.proved) if verdicts.proved.any() else Count(0, 0)
    loose = (verdicts.verdict == REGISTERED) & ~verdicts.stoppable
    deadlines = verdicts.deadline[verdicts.verdict == UNTIL_DEADLINE]
    open_ = np.isin(verdicts.verdict, (LOST, ORPHANED))
    return Leaks(
        doubts=doubts(known),
        all=kept.all,
        live=sum(totals[key].contexts for key in ("held", *PROVED_KEYS)),
        totals=totals,
        unstoppable=_total(known, kept, loose),
        piled=_total(known, kept, loose & _piled(verdicts.above, loose)),
        together=together,
        shared=together.bytes - sum(parts),
        bound=int(np.count_nonzero(open_ & (verdicts.survivor >= 0))),
        endless=int(np.count_nonzero(open_ & (verdicts.survivor < 0))),
        maps=_maps(known),
        groups=groups,
        sites=_sites(known, groups),
        survivors=_survivors(known, verdicts),
        goids=np.unique(known.goroutines.goid[np.unique(kept.waits.row)]).tolist(),
        latest=int(deadlines.max(initial=NO_DEADLINE)),
        now=known.goroutines.now.ns,
    )


def _piled(above: I32, mine: Bools) -> Bools:
    """Which of some contexts are registered with one that many of them are."""
    counts = np.bincount(above[mine & (above >= 0)], minlength=len(above))
    found: Bools = (above >= 0) & (counts[above] >= MANY) if len(above) else mine
    return found


def _total(known: Known, kept: keeping.Kept, mine: Bools) -> Total:
    count = int(np.count_nonzero(mine))
    if not count:
        return Total(0, Count(0, 0))
    verdict = int(known.verdicts.verdict[np.flatnonzero(mine)[0]])
    if verdict in (HELD, CANCELLED, BEING_CANCELLED):
        return Total(count, _own(known, np.flatnonzero(mine)))
    return Total(count, keeping.by(kept, known.proof, mine))


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


def _sites(known: Known, groups: Groups) -> Sequence[GroupSite]:
    many = len(groups.groups)
    try:
        return sites(known.program, known.symtab, known.specials, known.heap, known.contexts, groups.number, many)
    except GdbextError:
        return [NO_SITE] * many


def _survivors(known: Known, verdicts: Verdicts) -> list[Survivor]:
    contexts = known.contexts
    mine = verdicts.survivor[verdicts.proved]
    index, counts = np.unique(mine[mine >= 0], return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return [
        Survivor(
            one,
            int(contexts.address[one]),
            contexts.types.kinds[int(contexts.kind[one])].name,
            many,
            holder(known, one),
        )
        for one, many in zip(index[order].tolist(), counts[order].tolist(), strict=True)
    ]
