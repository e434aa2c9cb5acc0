"""Roots that go together: all of a goroutine, of a global variable, of another kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import field, frozen

from gdbext.golang.runtime.rootwords import BSS, DATA, FINALIZER, KINDS, OF_GOROUTINES

if TYPE_CHECKING:
    from gdbext.analysis.heap.rootnames import RootNames
    from gdbext.compute.arrays import I64, U8, U64
    from gdbext.golang.runtime.mgcmark import Roots

GOROUTINE, GLOBAL, UNNAMED, OTHER = range(4)
"""Sorts of groups, as a search goes to them: a goroutine's, a variable's, a word of no known variable, one kind's."""
SORT = 56


@frozen(eq=False)
class RootGroups:
    """Groups in the order of ``words``. ``sort``: GOROUTINE …; ``key``: a row of the goroutines, the number of a
    variable, an address, a kind of roots. ``words`` [begins[g], begins[g + 1]) are those of group g. ``owned``: the g
    of a goroutine, which lives as long as that does; 0 for others."""

    sort: U8
    key: I64
    words: U64 = field(repr=False)
    begins: I64 = field(repr=False)
    owned: U64 = field(repr=False)

    @classmethod
    def of(cls, roots: Roots, contents: U64, names: RootNames) -> RootGroups:
        """``contents``: what objects with finalizers refer to."""
        goroutines = np.arange(len(names.goroutines), dtype=np.int64)
        given = np.concatenate([keys(roots, names), np.full(len(contents), _key(OTHER, FINALIZER), np.int64)])
        return cls.made(given, np.concatenate([roots.value, contents]), goroutines, names.goroutines.address)

    @classmethod
    def made(cls, given: I64, words: U64, goroutines: I64, addresses: U64) -> RootGroups:
        """Of words and the groups they are ``given``; goroutines have one although they have no roots."""
        every = np.unique(np.concatenate([given, goroutines]))
        order = np.argsort(given, kind="stable")
        begins = np.append(np.searchsorted(given[order], every), len(words)).astype(np.int64)
        owned = np.zeros(len(every), np.uint64)
        owned[np.searchsorted(every, goroutines)] = addresses
        sort, key = (every >> SORT).astype(np.uint8), every & ((1 << SORT) - 1)
        return cls(sort, key, np.ascontiguousarray(words[order]), begins, owned)

    def __len__(self) -> int:
        return len(self.sort)


def _key(sort: int, key: int) -> int:
    return sort << SORT | key


def keys(roots: Roots, names: RootNames) -> I64:
    """The group of each root."""
    found = roots.kind.astype(np.int64) | (OTHER << SORT)
    mine = np.isin(roots.kind, OF_GOROUTINES) & (roots.owner >= 0)
    found[mine] = roots.owner[mine]
    inside = np.isin(roots.kind, (DATA, BSS))
    number, where = names.variables(roots.where[inside]), roots.where[inside].astype(np.int64)
    unnamed = (where & ((1 << SORT) - 1)) | (UNNAMED << SORT)
    found[inside] = np.where(number >= 0, number | (GLOBAL << SORT), unnamed)
    return found


def kind_of(groups: RootGroups, number: int) -> str:
    """What a group is called that is of no goroutine and no variable."""
    return KINDS[int(groups.key[number])] if groups.sort[number] == OTHER else ""
