"""What sets of contexts keep alive: what would become garbage if exactly that set left its parents' maps.

Goroutines that wait for one of the set, and that nothing else wakes, would go with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from attrs import field, frozen

from gdbext.analysis.heap import colouring
from gdbext.analysis.heap.colouring import NONE, SHARED, WORLDS, Colouring
from gdbext.analysis.heap.flow import contents
from gdbext.analysis.heap.kernels import marking as kernels
from gdbext.analysis.heap.kernels.marking import CUTTABLE, GROUPED, SETS

if TYPE_CHECKING:
    from gdbext.analysis.heap.marking import Marking
    from gdbext.analysis.leaks.facts import Facts
    from gdbext.analysis.leaks.proof import Proof
    from gdbext.compute.arrays import I32, I64, U8, U64, Bools


class Waits(NamedTuple):
    """Goroutines (rows) that only a proved context can wake, and that context."""

    context: I64
    row: I64


@frozen(eq=False)
class Kept:
    """``marking``: what is alive without registrations and without goroutines that wait for them, to go on from.
    ``waits``: those goroutines."""

    facts: Facts = field(repr=False)
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
        return cls(facts, waits, marking, np.concatenate([firm.cuts, marking.cuts]))


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


def measured(kept: Kept, proof: Proof, sets: Sequence[Bools], group: I32, groups: int) -> Colouring:
    """What is alive, what some sets of contexts keep (so many at most as one walk takes), and what only the contexts of
    each group do (``group``: a number for each context, -1 for none)."""
    member = np.where(group >= 0, np.uint8(GROUPED), np.uint8(0))
    for number, chosen in enumerate(sets):
        member[chosen] |= np.uint8(1 << number)
    seeds = [
        (kept.cuts, CUTTABLE | colouring.tags(WORLDS, np.full(len(kept.cuts), SHARED))),
        (proof.timers, colouring.tags(WORLDS, np.full(len(proof.timers), NONE))),
        (kept.facts.contexts.address[group >= 0], colouring.tags(0, group[group >= 0] + 1)),
        *_of_waiting(kept, proof, member, group),
    ]
    words, tags = (np.concatenate(column) for column in zip(*seeds, strict=True))
    return colouring.colour(kept.marking, words, tags, _of_slots(kept, member), len(sets), groups)


def _of_slots(kept: Kept, member: U8) -> U8:
    """What is said of contexts, of their slots."""
    found = np.zeros(len(kept.marking.marks.of), np.uint8)
    mine = member != 0
    ids = kept.facts.flowed.laid.heap.ids(kept.facts.contexts.address[mine])
    np.bitwise_or.at(found, ids[ids >= 0], member[mine][ids >= 0])
    return found


def _of_waiting(kept: Kept, proof: Proof, member: U8, group: I32) -> list[tuple[U64, U64]]:
    """What goroutines that wait for proved contexts refer to: in no world that lacks one of those; of the group of all
    of those."""
    (context, row), facts, many = kept.waits, kept.facts, len(kept.facts.goroutines)
    lacking, low, high = np.zeros(many, np.uint8), np.full(many, SHARED), np.zeros(many, np.int64)
    np.bitwise_or.at(lacking, row, member[context] & np.uint8(SETS))
    own = np.where(group[context] >= 0, group[context] + 1, SHARED)
    np.minimum.at(low, row, own)
    np.maximum.at(high, row, own)
    tags = colouring.tags(np.uint8(WORLDS) & ~lacking, np.where(low == high, low, SHARED))
    mine = np.zeros(many, np.bool_)
    mine[row] = True
    words = proof.words.of_goroutines(mine)
    found = [(words.value, tags[words.row])]
    for tag in np.unique(tags[mine]):
        records = contents(facts.flowed.laid, facts.flowed.table, facts.goroutines.address[mine & (tags == tag)])
        found.append((records, np.full(len(records), tag)))
    return found
