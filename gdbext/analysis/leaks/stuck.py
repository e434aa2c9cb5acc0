"""Goroutines that nothing can wake, and those that wake only with contexts nobody can cancel, in groups."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from attrs import field, frozen

from gdbext.analysis.goroutines.grouping import Overview, by_stack, group
from gdbext.analysis.heap.marking import Count
from gdbext.analysis.leaks.doubts import doubts, doubts_of_leaked
from gdbext.analysis.leaks.kept import contexts_waits
from gdbext.analysis.leaks.keptbygoroutines import kept_by
from gdbext.analysis.leaks.leaked import MAIN, marked
from gdbext.analysis.leaks.survivors import Survivor, survivors
from gdbext.analysis.leaks.waitson import WaitsOn, waits_on
from gdbext.errors import GdbextError
from gdbext.golang.reading.words import column
from gdbext.golang.std.context import CANCEL_CTX

if TYPE_CHECKING:
    from gdbext.analysis.leaks.known import Known
    from gdbext.compute.arrays import I64, U64, Bools

LEAKED, ANCESTOR, WITH = range(3)
FATES = ("leaked", "waiting_for_ancestor", "waiting_with_them")


@frozen(eq=False)
class Group:
    """Goroutines of one fate with the same stack: ``rows`` by goid. ``kept``: what only they keep alive; ``stacks``:
    bytes of their stacks. ``survivor``: the context that all wait for in the end; -1 for none, or for others each."""

    fate: int
    rows: I64 = field(repr=False)
    survivor: int
    kept: Count
    stacks: int


@frozen(eq=False)
class Stuck:
    """``fate``: of each goroutine, -1 for all that may wake. ``context``, ``survivor``: of those that wait for a
    context, which, and what ends that; -1. ``done``: its channel, 0. ``kept``: by row what each keeps alone;
    ``totals``: what each fate does. ``doubts``: by fate why nothing is proved; ``absent``: why the second and third
    are not known, "" where they are."""

    fate: I64 = field(repr=False)
    context: I64 = field(repr=False)
    done: U64 = field(repr=False)
    survivor: I64 = field(repr=False)
    waits: WaitsOn = field(repr=False)
    overview: Overview = field(repr=False)
    groups: Sequence[Group]
    kept: Mapping[int, Count] = field(repr=False)
    totals: Sequence[Count]
    ancestors: Sequence[Survivor]
    doubts: Sequence[Sequence[str]]
    absent: str = ""

    def rows(self, fate: int) -> I64:
        """By goid."""
        rows = np.flatnonzero(self.fate == fate)
        return rows[np.argsort(self.overview.goroutines.goid[rows], kind="stable")]


def stuck(known: Known) -> Stuck:
    """Of a program. Raises GdbextError where not even what is leaked can be told."""
    leaked = known.leaked
    fate = np.where(leaked.mask & ~_idle_main(known, leaked.mask), LEAKED, -1)
    context, absent = _of_contexts(known, fate)
    survivor = np.full(len(fate), -1, np.int64)
    if not absent:
        survivor[context >= 0] = known.verdicts.survivor[context[context >= 0]]
    overview = Overview(known.goroutines, whole=True, only=np.flatnonzero(fate >= 0))
    groups, each, totals = _groups(known, overview, fate, survivor)
    ancestors = survivors(known, survivor[fate == ANCESTOR])
    why = _doubts(known, absent)
    facts = known.proof_facts
    waits = waits_on(facts.goroutines, facts.frames, facts.blocked)
    return Stuck(
        fate, context, _done(known, context), survivor, waits, overview, groups, each, totals, ancestors, why, absent
    )


def _groups(
    known: Known, overview: Overview, fate: I64, survivor: I64
) -> tuple[list[Group], Mapping[int, Count], Sequence[Count]]:
    """(those that are alike, what each goroutine keeps, what each fate does)."""
    every = np.flatnonzero(fate >= 0)
    alike = group(every, _key(overview, fate, survivor))
    alone, number = np.full((2, len(fate)), -1, np.int64)
    alone[every] = np.arange(len(every))
    for at, one in enumerate(alike):
        number[one.rows] = at
    each, sizes, totals = _kept(known, fate, (alone, number, fate), (len(every), len(alike), len(FATES)))
    groups = [_group(known, fate, survivor, one.rows, size) for one, size in zip(alike, sizes, strict=True)]
    groups.sort(key=lambda one: (one.fate, -one.kept.bytes, -len(one.rows)))
    return groups, dict(zip(every.tolist(), each, strict=True)), totals


def _kept(known: Known, fate: I64, numbers: Sequence[I64], counts: Sequence[int]) -> Iterator[Sequence[Count]]:
    """What groups of goroutines keep, for each way of grouping."""
    facts, words = known.proof_facts, known.leaked.words
    marking = marked(facts, words, fate >= 0, np.zeros(0, np.uint64))
    for number, count in zip(numbers, counts, strict=True):
        yield kept_by(facts, words, marking, number, count)


def _done(known: Known, context: I64) -> U64:
    at = known.program.bound(CANCEL_CTX).offset("done") + 8
    addresses = known.contexts.address[context] if len(known.contexts) else np.zeros(len(context), np.uint64)
    found: U64 = np.where(context >= 0, column(known.heap.image, addresses + np.uint64(at)), np.uint64(0))
    return found


def _doubts(known: Known, absent: str) -> list[list[str]]:
    """By fate."""
    leaked = doubts_of_leaked(known)
    others = [] if absent else list(dict.fromkeys([*leaked, *doubts(known)]))
    return [leaked, others, others]


def _idle_main(known: Known, mask: Bools) -> Bools:
    """main.main in ``select {}`` has nothing more to do; what it refers to is not to be relied on all the same."""
    goroutines = known.goroutines
    named = [number for number, text in goroutines.reasons.items() if text == "select (no cases)"]
    found: Bools = mask & (goroutines.goid == MAIN) & np.isin(goroutines.wait_reason, named)
    return found


def _of_contexts(known: Known, fate: I64) -> tuple[I64, str]:
    """(the proved context that each waits for, -1; why that is not known). ``fate``: filled in."""
    context = np.full(len(fate), -1, np.int64)
    try:
        facts, proof, verdicts = known.proof_facts, known.proof, known.verdicts
    except GdbextError as error:
        return context, error.message
    open_ = fate < 0
    found = contexts_waits(facts, proof, verdicts.proved)
    last_named = np.argsort(verdicts.survivor[found.context], kind="stable")
    context[found.row[last_named]] = found.context[last_named]
    context[~open_] = -1
    fate[open_ & proof.waiting & ~known.leaked.mask] = WITH
    fate[context >= 0] = ANCESTOR
    return context, ""


def _key(overview: Overview, fate: I64, survivor: I64) -> Callable[[int], Hashable]:
    alike = by_stack(overview)

    def key(row: int) -> Hashable:
        return int(fate[row]), int(survivor[row]), alike(row)

    return key


def _group(known: Known, fate: I64, survivor: I64, rows: I64, kept: Count) -> Group:
    g = known.goroutines.g[rows]
    rows = rows[np.argsort(known.goroutines.goid[rows], kind="stable")]
    stacks = int((g["high"] - g["low"]).sum())
    return Group(int(fate[rows[0]]), rows, int(survivor[rows[0]]), kept, stacks)


__all__ = ["ANCESTOR", "FATES", "LEAKED", "WITH", "Group", "Stuck", "stuck"]
