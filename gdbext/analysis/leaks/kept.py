"""What sets of contexts keep alive: what would become garbage if exactly that set left its parents' maps.

Goroutines that wait for one of the set, and that nothing else wakes, would go with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from attrs import field, frozen

from gdbext.analysis.heap import colouring
from gdbext.analysis.heap.flow import contents
from gdbext.analysis.heap.kernels import marking as kernels
from gdbext.analysis.heap.marking import Count, Marking

if TYPE_CHECKING:
    from gdbext.analysis.leaks.proof import Facts, Proof
    from gdbext.compute.arrays import I32, I64, U64, Bools


class Waits(NamedTuple):
    """Goroutines (rows) that only a proved context can wake, and that context."""

    context: I64
    row: I64


@frozen(eq=False)
class Kept:
    """``all``: what is alive. ``marking``: what is so without registrations and without goroutines that wait for them,
    to go on from. ``waits``: those goroutines."""

    facts: Facts = field(repr=False)
    all: Count
    waits: Waits = field(repr=False)
    marking: Marking = field(repr=False)
    cuts: U64 = field(repr=False)
    """Where all registrations lead that were met."""

    @classmethod
    def of(cls, facts: Facts, proof: Proof, proved: Bools) -> Kept:
        """``proved``: which contexts only a registration ends."""
        waits, firm = contexts_waits(facts, proof, proved), proof.firm
        others = firm.waiting.copy()
        others[waits.row] = False
        marking = firm.marking.again(kernels.EVERY)
        marking.unflag(kernels.OPAQUE)
        marking.mark(_of_goroutines(facts, proof, others))
        cuts, heaps = np.concatenate([firm.cuts, marking.cuts]), proof.timers
        every = marking.again(kernels.NOTHING)
        mine = np.zeros(len(others), np.bool_)
        mine[waits.row] = True
        every.mark(np.concatenate([cuts, _of_goroutines(facts, proof, mine), heaps]))
        return cls(facts, every.count(), waits, marking, cuts)


def contexts_waits(facts: Facts, proof: Proof, proved: Bools) -> Waits:
    """Who waits for a proved context and is never woken by anything else."""
    context, row = facts.contexts.waits.T
    mine = proved[context] & proof.waiting[row]
    return Waits(context[mine], row[mine])


def _of_goroutines(facts: Facts, proof: Proof, rows: Bools) -> U64:
    """What their stacks and their g's refer to."""
    words = proof.words.of_goroutines(rows)
    records = contents(facts.flowed.laid, facts.flowed.table, facts.goroutines.address[rows])
    return np.concatenate([words.value, records])


def by(kept: Kept, proof: Proof, chosen: Bools) -> Count:
    """What only the chosen contexts keep."""
    facts, heap = kept.facts, kept.facts.flowed.laid.heap
    without = kept.marking.again(kernels.MARKED_ONES)
    ids = heap.ids(facts.contexts.address[chosen])
    without.flag(ids[ids >= 0], kernels.WANTED)
    targets = heap.ids(kept.cuts)
    others = ~without.flagged(targets, kernels.WANTED)
    rows = np.zeros(len(facts.goroutines), np.bool_)
    rows[kept.waits.row] = True
    rows[kept.waits.row[chosen[kept.waits.context]]] = False
    without.mark(np.concatenate([kept.cuts[others], _of_goroutines(facts, proof, rows), proof.timers]))
    return kept.all - without.count()


def by_groups(kept: Kept, proof: Proof, group: I32, groups: int) -> list[Count]:
    """What only the contexts of each group (a number for each context, -1: of none) keep; last what several do."""
    address = kept.facts.contexts.address
    flagged = kept.marking.again(kernels.EVERY)
    mine = np.flatnonzero(group >= 0)
    ids = kept.facts.flowed.laid.heap.ids(address[mine])
    flagged.flag(ids[ids >= 0], kernels.WANTED)
    words, given = _seeds(kept, proof, group)
    others = _others(kept, flagged)
    shared = np.full(len(others), colouring.SHARED, np.int32)
    colours = np.concatenate([(group[mine] + 1).astype(np.int32), given, shared])
    return colouring.counts(flagged, np.concatenate([address[mine], words, others]), colours, groups)


def _others(kept: Kept, flagged: Marking) -> U64:
    """Registrations that lead elsewhere."""
    targets = kept.facts.flowed.laid.heap.ids(kept.cuts)
    others: U64 = kept.cuts[~flagged.flagged(targets, kernels.WANTED)]
    return others


def _seeds(kept: Kept, proof: Proof, group: I32) -> tuple[U64, I32]:
    """(what goroutines that wait for proved contexts refer to, the colours)."""
    facts = kept.facts
    colour = np.zeros(len(facts.goroutines), np.int32)
    for context, row in zip(kept.waits.context.tolist(), kept.waits.row.tolist(), strict=True):
        own = int(group[context]) + 1 if group[context] >= 0 else colouring.SHARED
        colour[row] = own if colour[row] in (0, own) else colouring.SHARED
    mine = colour != 0
    words = proof.words.of_goroutines(mine)
    rows = np.flatnonzero(mine)
    parts, given = [words.value], [colour[words.row]]
    for row_colour in np.unique(colour[rows]).tolist():
        records = contents(
            facts.flowed.laid, facts.flowed.table, facts.goroutines.address[rows[colour[rows] == row_colour]]
        )
        parts.append(records)
        given.append(np.full(len(records), row_colour, np.int32))
    return np.concatenate(parts), np.concatenate(given)
