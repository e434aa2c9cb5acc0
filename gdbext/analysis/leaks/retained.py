"""What would become garbage if a single context were cancelled and nobody had it any more: dominators.

Edges that only register a context by its timer do not count where others lead to it, for a context that ends stops it;
a goroutine that only the end of a proved context wakes goes with that context.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from attrs import define, field

from gdbext.analysis.contexts import forests
from gdbext.analysis.heap import cost
from gdbext.analysis.heap.dominators import Dominators
from gdbext.analysis.heap.flow import contents
from gdbext.analysis.heap.hanging import Hanging
from gdbext.analysis.heap.rootgroups import OTHER, SORT, RootGroups
from gdbext.analysis.leaks.facts import Words
from gdbext.analysis.leaks.kept import contexts_waits
from gdbext.analysis.leaks.registrations import registrations

if TYPE_CHECKING:
    from gdbext.analysis.leaks.facts import Facts
    from gdbext.analysis.leaks.known import Known
    from gdbext.compute.arrays import I32, I64, U64

ELSEWHERE, UNREACHED = -1, -2
"""In place of bytes."""
REASONS = {ELSEWHERE: "it is no object of the heap", UNREACHED: "nothing in the program reaches it: it is garbage"}


@define(eq=False)
class Retained:
    """``bytes``: what each context retains, itself with it; ELSEWHERE or UNREACHED. ``above``: the one that dominates
    each next, or lies in the same object before it; -1 for none."""

    bytes: I64 = field(repr=False)
    above: I32 = field(repr=False)

    @classmethod
    def of(cls, known: Known) -> Retained:
        """Of all contexts."""
        facts = known.proof_facts
        ids = known.heap.ids(known.contexts.address)
        known.doing = "searching what each context retains"
        known.expect(cost.dominating(known.heap))
        found = _dominators(known, facts)
        places = np.where(ids >= 0, np.maximum(found.graph.number[ids], 0), 0).astype(np.int64)
        size = np.where(places > 0, found.bytes[places], np.where(ids >= 0, UNREACHED, ELSEWHERE))
        return cls(size.astype(np.int64), _above(found, places))

    def together(self, members: I64) -> int:
        """What some contexts retain, one by one: of those that others of them retain nothing is counted again."""
        begin, end = self._ranges
        members = members[np.argsort(begin[members], kind="stable")]
        inner = np.zeros(len(members), np.bool_)
        inner[1:] = begin[members][1:] < np.maximum.accumulate(end[members])[:-1]
        sizes = self.bytes[members[~inner]]
        return int(sizes[sizes > 0].sum())

    @cached_property
    def _ranges(self) -> tuple[I64, I64]:
        """Where each context comes in a walk of all, and where what it dominates ends."""
        above = self.above
        none = np.zeros(len(above), np.int32)
        sizes = forests.shapes(above, forests.top_down(above), none)[1]
        begin = forests.positions(above, np.flatnonzero(above < 0), sizes, forests.family(above)).astype(np.int64)
        return begin, begin + sizes


def _above(found: Dominators, places: I64) -> I32:
    """Of each context, by its place."""
    above = np.full(len(places), -1, np.int32)
    different, first, which = np.unique(places, return_index=True, return_inverse=True)
    which = which.reshape(-1)
    if len(different) and different[0] == 0:
        different, first, which = different[1:], first[1:], which - 1
    next_ = found.above(different)
    next_ = np.where(next_ >= 0, first[next_], -1) if len(first) else next_
    mine = which >= 0
    own = first[which[mine]]
    above[mine] = np.where(own == np.flatnonzero(mine), next_[which[mine]], own)
    return above


def _dominators(known: Known, facts: Facts) -> Dominators:
    """Of a graph with what only waits for proved contexts below these."""
    contexts, heap, laid = facts.contexts, facts.flowed.laid.heap, facts.flowed.laid
    edges = registrations(known.program, heap, contexts)
    context, row = _waits(known, facts)
    sudogs = heap.ids(facts.blocked.sudogs)
    opaque = np.concatenate([edges.arrays, sudogs[sudogs >= 0]])
    finalized = contents(laid, facts.flowed.table, facts.roots.contents)
    groups = _groups(facts, np.concatenate([finalized, edges.timers]), row)
    pairs = heap.ids(contexts.address[context]), row
    hanging = Hanging.of(len(groups), pairs, heap.spans.slots, edges.closures, opaque, _late(known))
    return Dominators.of(facts.flowed, groups, hanging)


def _late(known: Known) -> U64:
    """All contexts that are alive, those above others first: some are known by what registers them alone."""
    order = forests.top_down(known.verdicts.above)
    found: U64 = known.contexts.address[order[known.reached_contexts.mask[order]]]
    return found


def _waits(known: Known, facts: Facts) -> tuple[I64, I64]:
    """Proved contexts and the rows of goroutines that only these wake, all of them objects of the heap."""
    context, row = contexts_waits(facts, known.proof, known.verdicts.proved)
    outside = facts.flowed.laid.heap.ids(facts.contexts.address[context]) < 0
    some = ~np.isin(row, row[outside])
    return context[some], row[some]


def _groups(facts: Facts, more: U64, hanging: I64) -> RootGroups:
    """A group of roots for each goroutine, by its row, and one of all others."""
    words, goroutines = Words.every(facts), facts.goroutines
    rows = np.arange(len(goroutines), dtype=np.int64)
    own = np.unique(hanging)
    others = np.full(len(more), OTHER << SORT)
    given = np.concatenate([own, np.where(words.row >= 0, words.row, OTHER << SORT), others]).astype(np.int64)
    values = np.concatenate([goroutines.address[own], words.value, more])
    return RootGroups.made(given, values, rows, goroutines.address)
