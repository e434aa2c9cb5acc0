"""Contexts that are not lost and yet there by the thousand: facts, of which a person has to say whether they are meant.

A server under load has thousands of live contexts too, each in the hands of its own goroutine (caddy with 1,200
connections: 2,203, never two of a kind by way of one root; etcd: five at most). What is a pile has one root: all its
cancel functions, or all its contexts that were cancelled, are reached by shortest paths from one variable or one
goroutine. So has one context for which a thousand goroutines wait, and for nothing else besides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from attrs import evolve, field, frozen

from gdbext.analysis.goroutines.grouping import Overview
from gdbext.analysis.heap import colouring
from gdbext.analysis.heap.flow import contents
from gdbext.analysis.heap.kernels import marking as kernels
from gdbext.analysis.heap.marking import Count, Marking
from gdbext.analysis.heap.rootgroups import keys
from gdbext.analysis.leaks.facts import Words
from gdbext.analysis.leaks.groups import keys_of
from gdbext.analysis.leaks.holding import Holder, holder
from gdbext.analysis.leaks.keptbygoroutines import kept_by
from gdbext.analysis.leaks.leaked import marked
from gdbext.analysis.leaks.sites import GroupSite, sites_of
from gdbext.analysis.leaks.verdicts import CANCELLED, HELD
from gdbext.compute.distinct import distinct

if TYPE_CHECKING:
    from gdbext.analysis.contexts.columns import Text
    from gdbext.analysis.heap.rootnames import RootName
    from gdbext.analysis.leaks.known import Known
    from gdbext.compute.arrays import I32, I64
    from gdbext.golang.runtime.symtab import Location

LEAST = 1000
"""Contexts, or goroutines, that are a pile."""
NOWHERE = -1
"""In place of a group of roots."""


@frozen(eq=False)
class Pile:
    """Contexts of one ``kind`` that are all HELD, or all CANCELLED (``verdict``), by way of one ``root``: None where it
    has no name. ``key``: of the value right above them, None for none. ``kept``: what only they keep alive."""

    verdict: int
    kind: int
    key: Text
    root: RootName | None
    contexts: I64 = field(repr=False)
    kept: Count


@frozen(eq=False)
class Crowd:
    """Goroutines (``rows``) that wait for a held ``context`` and nothing else. ``place``: where most of them are;
    ``kept``: what only they keep alive; ``stacks``: bytes of their stacks."""

    context: int
    holder: Holder
    rows: I64 = field(repr=False)
    place: Location | None
    kept: Count
    stacks: int


@frozen(eq=False)
class Piles:
    """Those that keep most first. ``sites``: where the contexts of each pile were made."""

    piles: Sequence[Pile]
    crowds: Sequence[Crowd]
    sites: Sequence[GroupSite] = field(repr=False)


def piles(known: Known) -> Piles:
    """Of a program."""
    found = [*_of(known, HELD, *_held(known)), *_of(known, CANCELLED, *_cancelled(known))]
    kept = _kept(known, _numbered(known, found), len(found))
    made = [evolve(one, kept=size) for one, size in zip(found, kept, strict=True)]
    made.sort(key=lambda one: (-one.kept.bytes, -len(one.contexts)))
    return Piles(made, _crowds(known), sites_of(known, _numbered(known, made), len(made)) if made else ())


def _numbered(known: Known, found: Sequence[Pile]) -> I32:
    number = np.full(len(known.contexts), -1, np.int32)
    for at, one in enumerate(found):
        number[one.contexts] = at
    return number


def _held(known: Known) -> tuple[I64, I64]:
    """(contexts, the slot of a function value that can cancel each)."""
    index = known.verdicts.rows(HELD)
    slot = known.proof.closure[index]
    return index[slot >= 0], slot[slot >= 0]


def _cancelled(known: Known) -> tuple[I64, I64]:
    """(contexts, their slots)."""
    index = known.verdicts.rows(CANCELLED)
    ids = known.heap.ids(known.contexts.address[index])
    return index[ids >= 0], ids[ids >= 0]


def _of(known: Known, verdict: int, index: I64, slots: I64) -> Iterator[Pile]:
    """The piles among contexts, by the roots of the slots."""
    if len(index) < LEAST:
        return
    root = known.paths.roots(slots)
    groups = np.append(keys(known.roots, known.root_names), NOWHERE)[root]
    texts, key = keys_of(known.contexts, known.context_rows.columns, index)
    told = np.stack([groups, known.contexts.kind[index].astype(np.int64), key], axis=1)
    names, which = distinct(told)
    for at in np.flatnonzero((np.bincount(which) >= LEAST) & (names[:, 0] != NOWHERE)).tolist():
        mine = which == at
        text = texts[int(names[at, 2])] if texts and names[at, 2] >= 0 else None
        name = _named(known, root[mine], slots[mine])
        yield Pile(verdict, int(names[at, 1]), text, name, index[mine], Count(0, 0))


def _named(known: Known, root: I64, slots: I64) -> RootName:
    """By the commonest of the roots; with a timer only where the first and the last slot are that one's."""
    number = _commonest(root)
    chains = (known.paths.chain(int(slots[root == number][at]))[1] for at in (0, -1))
    first, last = (known.root_names.of_path(number, ids) for ids in chains)
    if first.timer == last.timer or last.timer is None:
        return last
    return evolve(first, timer=evolve(first.timer, alone=False)) if first.timer is not None else first


def _commonest(numbers: I64) -> int:
    different, counts = np.unique(numbers, return_counts=True)
    return int(different[counts.argmax()])


def _kept(known: Known, number: I32, piles: int) -> Sequence[Count]:
    """What only the contexts of each pile keep, themselves with it."""
    if not piles:
        return []
    facts, none = known.proof_facts, np.zeros(0, np.uint64)
    laid, table = facts.flowed.laid, facts.flowed.table
    marking = Marking.of(laid, table, none, none)
    mine = np.flatnonzero(number >= 0)
    address = facts.contexts.address[mine]
    ids = laid.heap.ids(address)
    marking.flag(ids[ids >= 0], kernels.REACHED)  # so that nothing is reached by way of them
    marking.mark(np.concatenate([Words.every(facts).value, contents(laid, table, facts.roots.contents)]))
    marking.marks.of[ids[ids >= 0]] = 0
    return colouring.counts(marking, address, (number[mine] + 1).astype(np.int32), piles)


def _crowds(known: Known) -> list[Crowd]:
    """Many goroutines that wait for one context."""
    context, row = _waiting(known)
    index, counts = np.unique(context, return_counts=True)
    index = index[counts >= LEAST]
    if not len(index):
        return []
    rows = [row[context == one] for one in index.tolist()]
    group = np.full(len(known.goroutines), -1, np.int64)
    for number, mine in enumerate(rows):
        group[mine] = number
    facts, words = known.proof_facts, Words.every(known.proof_facts)
    marking = marked(facts, words, group >= 0, np.zeros(0, np.uint64))
    kept = kept_by(facts, words, marking, group, len(rows))
    overview = Overview(known.goroutines, only=np.flatnonzero(group >= 0))
    made = [_crowd(known, overview, *one) for one in zip(index.tolist(), rows, kept, strict=True)]
    return sorted(made, key=lambda one: (-one.kept.bytes, -len(one.rows)))


def _crowd(known: Known, overview: Overview, context: int, rows: I64, kept: Count) -> Crowd:
    places, g = Counter(overview.places.place(row) for row in rows.tolist()), known.goroutines.g[rows]
    ((place, _),) = places.most_common(1)
    return Crowd(context, holder(known, context), rows, place, kept, int((g["high"] - g["low"]).sum()))


def _waiting(known: Known) -> tuple[I64, I64]:
    """(held context, goroutine's row) of those that wait for one context and nothing else."""
    blocked, waits = known.waiting.blocked, known.contexts.waits
    alone = np.bincount(blocked.row, minlength=len(known.goroutines)) == 1
    held = known.verdicts.verdict[waits[:, 0]] == HELD
    mine = waits[held & alone[waits[:, 1]]]
    return mine[:, 0], mine[:, 1]


__all__ = ["LEAST", "Crowd", "Pile", "Piles", "piles"]
