"""The context forest, folded: equal families become one line, long chains of values too."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from gdbext.analysis.contexts import I32, NO_DEADLINE, NO_KIND, Contexts

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
class Forest:
    """Contexts with their families. ``kept``: which ones are shown; the others are skipped with all below them.

    What folding needs is computed when it is first asked for: JSON has every context by itself.
    """

    contexts: Contexts
    kept: NDArray[np.bool_] = field(repr=False)

    @classmethod
    def of(cls, contexts: Contexts, state: int | None = None) -> Forest:
        """The families; with ``state`` only contexts in that state and what leads to them."""
        from gdbext.analysis import forests, kernels

        if state is None:
            return cls(contexts, np.ones(len(contexts), np.bool_))
        kept = contexts.state == state
        kernels.keep_ancestors(contexts.parent, forests.top_down(contexts.parent), kept)
        return cls(contexts, kept)

    @cached_property
    def _parent(self) -> I32:
        """The parents without the contexts that are not shown: nothing counts them."""
        return self.contexts.parent if self.kept.all() else np.where(self.kept, self.contexts.parent, np.int32(-1))

    @cached_property
    def _shapes(self) -> tuple[NDArray[np.uint64], I32]:
        """What each family looks like, and how many contexts it has."""
        from gdbext.analysis import forests

        return forests.shapes(self._parent, forests.top_down(self._parent), _labels(self.contexts))

    @property
    def shape(self) -> NDArray[np.uint64]:
        """What each context looks like with all below it."""
        return self._shapes[0]

    @property
    def sizes(self) -> I32:
        """How many contexts are shown of each one's family, itself included."""
        return self._shapes[1]

    @cached_property
    def _families(self) -> tuple[I32, I32]:
        """Where each one's children begin, and the children."""
        from gdbext.analysis import forests

        return forests.family(self._parent)

    @cached_property
    def _plain(self) -> I32:
        """Kind and state; -1 for a context that has more to say, which no chain may hide."""
        return _plain(self.contexts)

    def roots(self) -> NDArray[np.int64]:
        """The contexts without a parent among those found."""
        return np.flatnonzero((self.contexts.parent < 0) & self.kept)

    def below(self, index: int) -> NDArray[np.int64]:
        """A context's children, in address order."""
        start, children = self._families
        return children[start[index] : start[index + 1]].astype(np.int64)

    def shown(self, start: int | None) -> NDArray[np.int64]:
        """The contexts that are kept, all of them or a context and all below it, in address order."""
        if start is None:
            return np.flatnonzero(self.kept)
        from gdbext.analysis import forests

        return np.flatnonzero(forests.below(self.contexts.parent, start) & self.kept)

    def folds(self, members: NDArray[np.int64], unfolded: bool = False) -> list[Fold]:
        """Siblings grouped by what they look like, the largest group first; every one alone when ``unfolded``."""
        if unfolded:
            return [Fold(members[i : i + 1], int(self.sizes[m]) - 1, int(m)) for i, m in enumerate(members)]
        grouped = members[np.argsort(self.shape[members], kind="stable")]
        bounds = np.flatnonzero(np.diff(self.shape[grouped])) + 1
        groups = [group for group in np.split(grouped, bounds) if len(group)]
        made = [self._fold(group) for group in groups]
        return sorted(made, key=lambda fold: (-len(fold) * (fold.inner + 1), int(fold.members[0])))

    def _fold(self, group: NDArray[np.int64]) -> Fold:
        first = int(group[0])
        if len(group) == 1:
            run = self._run(first)
            if len(run) >= CHAIN:
                return Fold(run, int(self.sizes[run[-1]]) - 1, int(run[-1]), chained=True)
        return Fold(group, int(self.sizes[first]) - 1, first)

    def _run(self, index: int) -> NDArray[np.int64]:
        """An only child's only child … as long as they look alike and nobody waits on them."""
        from gdbext.analysis import forests

        return forests.chain(*self._families, self.kept, self._plain, index)

    def deadlines(self, members: NDArray[np.int64]) -> tuple[int, int] | None:
        """The earliest and the latest deadline among contexts, on the monotonic clock."""
        known = self.contexts.deadline[members]
        known = known[known != NO_DEADLINE]
        return (int(known.min()), int(known.max())) if len(known) else None


def _labels(contexts: Contexts) -> I32:
    """What a context looks like by itself: kind, state, whether somebody waits, whether all that is registered is
    listed, who is its parent when that is not a context found."""
    label = np.where(contexts.parent < 0, contexts.parent_kind, np.uint8(NO_KIND)).astype(np.int32)
    label <<= 16
    label |= contexts.kind
    label |= contexts.state.astype(np.int32) << 8
    label[contexts.waits[:, 0]] |= 1 << 12
    label |= (contexts.listed != contexts.children).astype(np.int32) << 13
    return label


def _plain(contexts: Contexts) -> I32:
    made = contexts.kind.astype(np.int32) << 8 | contexts.state
    made[contexts.waits[:, 0]] = -1
    made[contexts.listed != contexts.children] = -1
    return made


def walk_up(contexts: Contexts, index: int) -> Iterator[int]:
    """A context and its ancestors, as far as they were found."""
    while index >= 0:
        yield index
        index = int(contexts.parent[index])
