"""Which code made the contexts of a group, as far as the runtime's memory profile sampled them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from gdbext.analysis.heap.allocsite import hidden, sampled_slots, stack_of
from gdbext.errors import GdbextError
from gdbext.golang.runtime import mprof

if TYPE_CHECKING:
    from gdbext.analysis.contexts.contexts import Contexts
    from gdbext.analysis.leaks.known import Known
    from gdbext.compute.arrays import I32
    from gdbext.golang.reading.program import Program
    from gdbext.golang.runtime.mheap import Heap
    from gdbext.golang.runtime.special import Specials
    from gdbext.golang.runtime.symtab import Location, Symtab

PACKAGE = "context."


@frozen(eq=False)
class GroupSite:
    """``sampled`` of a group's contexts have sites; ``stack``: the most frequent one of the place that made most of
    them, innermost first, from the first function outside of package context on. ``others``: how many other places
    made some."""

    sampled: int
    stack: Sequence[Location]
    others: int

    @property
    def place(self) -> Location | None:
        """Who made them; None where nobody knows."""
        return self.stack[0] if self.stack else None


NO_SITE = GroupSite(0, (), 0)


def sites(
    program: Program, symtab: Symtab, specials: Specials, heap: Heap, contexts: Contexts, number: I32, groups: int
) -> list[GroupSite]:
    """Of each group. ``number``: the group of each context, -1 for none. Raises GdbextError."""
    ids, bucket = sampled_slots(program, heap, specials)
    own = heap.ids(contexts.address)
    place = np.flatnonzero((own >= 0) & (number >= 0))
    order = place[np.argsort(own[place], kind="stable")]
    at = np.minimum(np.searchsorted(own[order], ids), max(len(order) - 1, 0))
    known = own[order][at] == ids if len(order) else np.zeros(len(ids), np.bool_)
    bucket, group = bucket[known], number[order[at[known]]] if len(order) else np.zeros(0, np.int32)
    return [_site(program, symtab, bucket[group == one]) for one in range(groups)]


def sites_of(known: Known, number: I32, groups: int) -> list[GroupSite]:
    """The same of a program; NO_SITE for all where that cannot be told."""
    try:
        return sites(known.program, known.symtab, known.specials, known.heap, known.contexts, number, groups)
    except GdbextError:
        return [NO_SITE] * groups


def _site(program: Program, symtab: Symtab, buckets: np.ndarray) -> GroupSite:
    addresses, times = np.unique(buckets[buckets != 0], return_counts=True)
    if not len(addresses):
        return NO_SITE
    stacks = [outside(stack_of(symtab, pcs or ())) for pcs in mprof.stacks(program, addresses).pcs]
    return GroupSite(int(times.sum()), *commonest(stacks, times.tolist()))


def commonest(stacks: Sequence[Sequence[Location]], times: Sequence[int]) -> tuple[Sequence[Location], int]:
    """(the most frequent stack of the place that made most, how many other places made some).

    A place may be reached by many ways, each of them rare."""
    places: Counter[Sequence[Location]] = Counter()
    whole: Counter[Sequence[Location]] = Counter()
    for stack, many in zip(stacks, times, strict=True):
        places[tuple(stack[:1])] += many
        whole[tuple(stack)] += many
    (place, _), *others = places.most_common()
    return max((stack for stack in whole if stack[:1] == place), key=whole.__getitem__), len(others)


def outside(stack: Sequence[Location]) -> Sequence[Location]:
    """A stack without the allocator and package context."""
    stack = stack[hidden(stack) :]
    first = next((at for at, one in enumerate(stack) if not one.function.startswith(PACKAGE)), 0)
    return stack[first:]
