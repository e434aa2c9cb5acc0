"""The context forest, folded: equal families become one line, long chains of values too."""

from __future__ import annotations

from collections.abc import Iterator

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
    """Contexts with their families. ``kept``: which ones are shown; the others are skipped with all below them."""

    contexts: Contexts
    shape: NDArray[np.uint64] = field(repr=False)
    sizes: NDArray[np.int32] = field(repr=False)
    start: I32 = field(repr=False)
    children: I32 = field(repr=False)
    kept: NDArray[np.bool_] = field(repr=False)
    plain: I32 = field(repr=False)
    """Kind and state; -1 for a context that somebody waits on, which no chain may hide."""

    @classmethod
    def of(cls, contexts: Contexts, state: int | None = None) -> Forest:
        """The families; with ``state`` only contexts in that state and what leads to them."""
        from gdbext.analysis import forests, kernels

        order = forests.top_down(contexts.parent)
        kept = np.ones(len(contexts), np.bool_) if state is None else contexts.state == state
        if state is not None:
            kernels.keep_ancestors(contexts.parent, order, kept)
        shape, sizes = forests.shapes(contexts.parent, order, _labels(contexts, kept))
        start, children = forests.family(contexts.parent)
        return cls(contexts, shape, sizes, start, children, kept, _plain(contexts))

    def roots(self) -> NDArray[np.int64]:
        """The contexts without a parent among those found."""
        return np.flatnonzero((self.contexts.parent < 0) & self.kept)

    def below(self, index: int) -> NDArray[np.int64]:
        """A context's children, in address order."""
        found = self.children[self.start[index] : self.start[index + 1]].astype(np.int64)
        return found[self.kept[found]]

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

        return forests.chain(self.start, self.children, self.kept, self.plain, index)

    def deadlines(self, members: NDArray[np.int64]) -> tuple[int, int] | None:
        """The earliest and the latest deadline among contexts, on the monotonic clock."""
        known = self.contexts.deadline[members]
        known = known[known != NO_DEADLINE]
        return (int(known.min()), int(known.max())) if len(known) else None


def _labels(contexts: Contexts, kept: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """What a context looks like by itself: kind, state, who is its parent when that is not a context found."""
    waited = np.zeros(len(contexts), np.uint64)
    waited[contexts.waits[:, 0]] = 1
    orphan = np.where(contexts.parent < 0, contexts.parent_kind, NO_KIND).astype(np.uint64)
    label: NDArray[np.uint64] = contexts.kind.astype(np.uint64) | contexts.state.astype(np.uint64) << np.uint64(8)
    label |= waited << np.uint64(12) | orphan << np.uint64(16) | kept.astype(np.uint64) << np.uint64(13)
    return label


def _plain(contexts: Contexts) -> I32:
    made = contexts.kind.astype(np.int32) << 8 | contexts.state
    made[contexts.waits[:, 0]] = -1
    return made


def walk_up(contexts: Contexts, index: int) -> Iterator[int]:
    """A context and its ancestors, as far as they were found."""
    while index >= 0:
        yield index
        index = int(contexts.parent[index])
