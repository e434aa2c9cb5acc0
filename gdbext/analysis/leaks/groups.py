"""Contexts that share a fate, in groups: whom they are registered with, of which kind, with which key above them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from attrs import field, frozen

from gdbext.analysis.leaks.verdicts import LOST, MANY, ORPHANED, REGISTERED, UNTIL_DEADLINE
from gdbext.compute.distinct import distinct, members
from gdbext.golang.std import context
from gdbext.golang.std.contextread import Absence

if TYPE_CHECKING:
    from gdbext.analysis.contexts.columns import Columns, Text
    from gdbext.analysis.contexts.contexts import Contexts
    from gdbext.analysis.heap.marking import Count
    from gdbext.analysis.leaks.verdicts import Verdicts
    from gdbext.compute.arrays import I32, I64, Bools

GROUPED = (LOST, ORPHANED, UNTIL_DEADLINE, REGISTERED)
VARIOUS = -2
MOST_KEYS = 64
"""Keys that are told apart; a key that is new each time tells nothing."""


@frozen(eq=False)
class Group:
    """``tops``: indices of contexts that are alike; ``contexts``: how many there are with those registered below.

    ``parent``: what they are registered with, -1 for nothing, VARIOUS for others each. ``key``: of the value right
    above them, None for none. ``stoppable``: of AfterFuncs, whether something can stop them. ``kept``: what only they
    keep.
    """

    verdict: int
    kind: int
    parent: int
    key: Text
    stoppable: bool
    tops: I64 = field(repr=False)
    contexts: int
    kept: Count

    @property
    def example(self) -> int:
        """One of them."""
        return int(self.tops[0])


@frozen(eq=False)
class Groups:
    """``groups``: those that keep most first. ``number``: the place of each context's group there, -1 for none."""

    groups: Sequence[Group]
    number: I32 = field(repr=False)


@frozen(eq=False)
class Alike:
    """``number``: of each context its group's, -1 for none. ``tops``: the highest of each family, ``own`` their groups'
    numbers. ``names``: what tells the groups apart. ``keys``: the texts of keys."""

    number: I32 = field(repr=False)
    tops: I64 = field(repr=False)
    own: I64 = field(repr=False)
    names: I64
    keys: Sequence[Text]

    @classmethod
    def of(cls, contexts: Contexts, verdicts: Verdicts, columns: Columns) -> Alike:
        """All contexts that are proved, and AfterFuncs that are registered."""
        tops, rows, keys = _tops(contexts, verdicts, columns)
        names, number = distinct(rows)
        own = np.full(len(contexts), -1, np.int32)
        own[tops] = number
        members = verdicts.proved | (verdicts.verdict == REGISTERED)
        of = np.where(members & (verdicts.top >= 0), own[verdicts.top], np.int32(-1)).astype(np.int32)
        of[tops] = number
        return cls(of, tops, number, names, keys)


def grouped(alike: Alike, counts: Sequence[Count]) -> Groups:
    """``counts``: what only each of the groups keeps."""
    names, sizes = alike.names.tolist(), np.bincount(alike.number[alike.number >= 0], minlength=len(alike.names))
    each = zip(names, members(alike.own, len(names)), sizes.tolist(), counts, strict=True)
    made = [_group(name, alike.keys, alike.tops[own], size, count) for name, own, size, count in each]
    order = sorted(range(len(made)), key=lambda at: (-made[at].kept.bytes, -made[at].contexts, at))
    place = np.full(len(made) + 1, -1, np.int32)
    place[order] = np.arange(len(made))
    return Groups([made[at] for at in order], place[alike.number])


def _group(name: Sequence[int], keys: Sequence[Text], tops: I64, contexts: int, kept: Count) -> Group:
    verdict, kind, parent, key, stoppable = name
    return Group(verdict, kind, parent, keys[key] if key >= 0 else None, bool(stoppable), tops, contexts, kept)


def _tops(contexts: Contexts, verdicts: Verdicts, columns: Columns) -> tuple[I64, I64, Sequence[Text]]:
    """(the highest of each family, what tells them apart in rows, the texts of keys)."""
    mine = np.isin(verdicts.verdict, GROUPED) & ((verdicts.top == np.arange(len(contexts))) | ~verdicts.proved)
    tops = np.flatnonzero(mine)
    keys, key = keys_of(contexts, columns, tops)
    stoppable = verdicts.stoppable[tops]
    parent = verdicts.above[tops].astype(np.int64)
    many = np.bincount(parent[parent >= 0], minlength=1)
    parent[(parent >= 0) & (many[parent] < MANY)] = VARIOUS
    told = verdicts.verdict[tops], contexts.kind[tops], parent, key, stoppable
    return tops, np.stack(told, axis=1).astype(np.int64), keys or []


def keys_of(contexts: Contexts, columns: Columns, tops: I64) -> tuple[Sequence[Text] | None, I64]:
    """(texts, which of them the value right above each context has for its key; -1 where it has no value).

    None where there are more than MOST_KEYS."""
    parent = contexts.parent[tops]
    values = [kind.name == context.VALUE for kind in contexts.types.kinds]
    mine: Bools = (parent >= 0) & np.array(values, np.bool_)[contexts.kind[parent]]
    found = np.full(len(tops), -1, np.int64)
    if not mine.any():
        return [], found
    texts, which = columns.interfaces(parent[mine].astype(np.int64), "key")
    said = sorted({_said(text) for text in texts})
    if len(said) > MOST_KEYS:
        return None, found
    place = np.array([said.index(_said(text)) for text in texts], np.int64)
    found[mine] = place[which]
    return said, found


def _said(text: Text) -> str:
    return text.reason if isinstance(text, Absence) else text or ""
