"""The context forest, folded: equal families become one line, long chains of values too."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import overload

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from gdbext.analysis.contexts import forests, kernels
from gdbext.analysis.contexts.contexts import NO_DEADLINE, NO_KIND, Contexts
from gdbext.compute.arrays import I32, I64, Bools

MORE = 24
"""Bits of a label below those of ``Forest.more``, which has 7."""
CHAIN = 4
"""Only children in a row, alike and with nothing else to say, fold from this many on."""


@frozen(eq=False)
class Fold:
    """Contexts that look alike, below one parent. ``members`` indices; ``chained``: below each other, not side by side.

    ``inner``: how many contexts hang below each member. ``example``: the member whose children are shown.
    """

    members: NDArray[np.int64] = field(repr=False)
    inner: int
    example: int
    chained: bool = False

    def __len__(self) -> int:
        return len(self.members)


@frozen(eq=False)
class Drawn:
    """Contexts in the order they are drawn, how deep each is, and whether no sibling follows."""

    order: I32 = field(repr=False)
    depth: I32 = field(repr=False)
    last: NDArray[np.bool_] = field(repr=False)

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, some: slice | NDArray[np.bool_]) -> Drawn:
        return Drawn(self.order[some], self.depth[some], self.last[some])


@frozen(eq=False)
class Forest:
    """Contexts with their families. ``kept``: which ones are shown; the others are skipped with all below them.

    What folding needs is computed when it is first asked for: JSON has every context by itself.
    """

    contexts: Contexts
    kept: NDArray[np.bool_] = field(repr=False)
    more: I64 | None = field(default=None, repr=False)
    """Numbers that contexts have to have in common, besides all else, to look alike."""

    @classmethod
    def of(
        cls, contexts: Contexts, state: int | None = None, wanted: Bools | None = None, more: I64 | None = None
    ) -> Forest:
        """The families; with ``state`` only contexts in that state and what leads to them. Of the ``wanted`` ones."""
        kept = np.ones(len(contexts), np.bool_) if wanted is None else wanted.copy()
        if state is not None:
            kept &= contexts.state == state
        if kept.all():
            return cls(contexts, kept, more)
        kernels.keep_ancestors(contexts.parent, forests.top_down(contexts.parent), kept)
        return cls(contexts, kept, more)

    @cached_property
    def _parent(self) -> I32:
        """The parents without the contexts that are not shown: nothing counts them."""
        return self.contexts.parent if self.kept.all() else np.where(self.kept, self.contexts.parent, np.int32(-1))

    @cached_property
    def _shapes(self) -> tuple[NDArray[np.uint64], I32]:
        """What each family looks like, and how many contexts it has."""
        return forests.shapes(self._parent, forests.top_down(self._parent), _labels(self.contexts, self.more))

    @property
    def shape(self) -> NDArray[np.uint64]:
        """What each context looks like with all below it."""
        return self._shapes[0]

    @property
    def sizes(self) -> I32:
        """How many contexts are shown of each one's family, itself included."""
        return self._shapes[1]

    @cached_property
    def families(self) -> tuple[I32, I32]:
        """Where each one's children begin, and the children."""
        return forests.family(self._parent)

    @cached_property
    def _plain(self) -> I32:
        """Kind and state; -1 for a context that has more to say, which no chain may hide."""
        return _plain(self.contexts, self.more)

    @cached_property
    def position(self) -> I32:
        """Where each one comes when all are drawn, one family after another; meant for those that are kept."""
        return forests.positions(self._parent, self.roots(), self.sizes, self.families)

    def drawn(self, start: int | None) -> Drawn:
        """All that are kept, or one and all below it, each by itself."""
        depth, last = forests.depths(self._parent), self._last()
        order = np.empty(np.count_nonzero(self.kept), np.int32)
        order[self.position[self.kept]] = np.flatnonzero(self.kept)
        if start is not None:
            at = int(self.position[start])
            order = order[at : at + int(self.sizes[start])]
        return Drawn(order, depth[order] - (depth[start] if start is not None else 0), last[order])

    def _last(self) -> NDArray[np.bool_]:
        """Which have no sibling after them."""
        start, children = self.families
        last = np.zeros(len(self.contexts), np.bool_)
        last[children[start[1:][start[1:] > start[:-1]] - 1]] = True
        last[self.roots()[-1:]] = True
        return last

    def roots(self) -> NDArray[np.int64]:
        """The contexts without a parent among those found."""
        return np.flatnonzero((self.contexts.parent < 0) & self.kept)

    def below(self, index: int) -> NDArray[np.int64]:
        """A context's children, in address order."""
        start, children = self.families
        return children[start[index] : start[index + 1]].astype(np.int64)

    def shown(self, start: int | None) -> NDArray[np.int64]:
        """The contexts that are kept, all of them or a context and all below it, in address order."""
        if start is None:
            return np.flatnonzero(self.kept)
        return np.flatnonzero(forests.below(self.contexts.parent, start) & self.kept)

    def folds(self, members: NDArray[np.int64], unfolded: bool = False) -> Folds:
        """Siblings grouped by what they look like, the largest group first; every one alone when ``unfolded``."""
        if unfolded:
            return Folds(self, members, np.arange(len(members) + 1), np.arange(len(members)), chains=False)
        grouped = members[np.argsort(self.shape[members], kind="stable")]
        shape = self.shape[grouped]
        begins = np.flatnonzero(np.concatenate([np.ones(len(shape[:1]), np.bool_), shape[1:] != shape[:-1]]))
        bounds = np.append(begins, len(grouped))
        first = grouped[bounds[:-1]]
        order = np.lexsort((first, -np.diff(bounds) * self.sizes[first].astype(np.int64)))
        return Folds(self, grouped, bounds, order)

    def fold(self, group: NDArray[np.int64], chains: bool) -> Fold:
        """Contexts that look alike, as one line."""
        first = int(group[0])
        if chains and len(group) == 1 and (length := int(self._runs[0][first])) >= CHAIN:
            run = forests.follow(self._runs[1], first, length)
            return Fold(run, int(self.sizes[run[-1]]) - 1, int(run[-1]), chained=True)
        return Fold(group, int(self.sizes[first]) - 1, first)

    @property
    def run_lengths(self) -> I32:
        """How many contexts would fold into a chain that begins with each."""
        return self._runs[0]

    @property
    def following(self) -> I32:
        """Which context follows each in a chain, -1 for none."""
        return self._runs[1]

    @cached_property
    def _runs(self) -> tuple[I32, I32]:
        """An only child's only child … as long as they look alike and nobody waits on them: how many, and which one
        follows."""
        return forests.runs(self._parent, self.families, self.kept, self._plain)

    def waiting(self, members: NDArray[np.int64]) -> int:
        """How many goroutines wait on any of some contexts: who waits on a Done channel that several share is one."""
        waits = self.contexts.waits
        return len(np.unique(waits[np.isin(waits[:, 0], members), 1]))

    def deadlines(self, members: NDArray[np.int64]) -> tuple[int, int] | None:
        """The earliest and the latest deadline among contexts, on the monotonic clock."""
        known = self.contexts.deadline[members]
        known = known[known != NO_DEADLINE]
        return (int(known.min()), int(known.max())) if len(known) else None


class Folds(Sequence[Fold]):
    """The folds of a family, made when they are asked for: of a million a few are shown."""

    def __init__(self, forest: Forest, members: I64, bounds: I64, order: I64, chains: bool = True) -> None:
        """``bounds``: where each group begins among the ``members``, and the end. ``order``: of the groups.
        ``chains``: whether these fold too."""
        self._forest, self._members, self._bounds, self._order = forest, members, bounds, order
        self._chains = chains

    def __len__(self) -> int:
        return len(self._order)

    @overload
    def __getitem__(self, index: int) -> Fold: ...

    @overload
    def __getitem__(self, index: slice) -> list[Fold]: ...

    def __getitem__(self, index: int | slice) -> Fold | list[Fold]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        group = self._order[index]
        return self._forest.fold(self._members[self._bounds[group] : self._bounds[group + 1]], self._chains)

    def rest(self, number: int) -> tuple[int, int]:
        """(contexts in the lines, contexts in the families) of all folds from that number on."""
        left = self._order[number:]
        counts, first = np.diff(self._bounds)[left], self._members[self._bounds[left]]
        lengths = self._forest.run_lengths[first]
        chained = (counts == 1) & (lengths >= CHAIN) & self._chains
        return int(np.where(chained, lengths, counts).sum()), int((counts * self._forest.sizes[first]).sum())


def _labels(contexts: Contexts, more: I64 | None) -> I32:
    """What a context looks like by itself: kind, state, whether somebody waits, whether all that is registered is
    listed, who is its parent when that is not a context found."""
    label = np.where(contexts.parent < 0, contexts.parent_kind, np.uint8(NO_KIND)).astype(np.int32)
    label <<= 16
    label |= contexts.kind
    label |= contexts.state.astype(np.int32) << 8
    label[contexts.waits[:, 0]] |= 1 << 12
    label |= (contexts.listed != contexts.children).astype(np.int32) << 13
    return label if more is None else label | (more << MORE).astype(np.int32)


def _plain(contexts: Contexts, more: I64 | None) -> I32:
    made = contexts.kind.astype(np.int32) << 8 | contexts.state
    if more is not None:
        made |= (more << MORE).astype(np.int32)
    made[contexts.waits[:, 0]] = -1
    made[contexts.listed != contexts.children] = -1
    return made
