"""Why an object is alive: shortest paths from roots, goroutine stacks before what the runtime itself holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from attrs import define, field, frozen

from gdbext.analysis.heap import referrers
from gdbext.analysis.heap.flow import Flowed, contents
from gdbext.analysis.heap.kernels import paths as kernels
from gdbext.analysis.heap.kernels.words import Mask
from gdbext.analysis.heap.lookup import Lookup, Object
from gdbext.compute.arrays import I32, I64, U64
from gdbext.golang.runtime.mgcmark import Roots
from gdbext.golang.runtime.rootwords import OF_GOROUTINES


@frozen
class Edge:
    """From one object to the next: what the word is called that holds the pointer, and where it points."""

    holder: Object
    field: str
    target: Object


@frozen
class Path:
    """``root``: its number, -1 for the contents of an object with a finalizer. ``first``: what the root points into.
    ``ids``: the slots that it goes through."""

    root: int
    first: Object
    edges: Sequence[Edge]
    ids: Sequence[int]


STEP = 1 << 17
"""Objects that are looked into before it is asked whether that was far enough."""


@frozen(eq=False)
class Search:
    """Breadth first from the roots, as far as somebody asked. ``queue`` and ``tops`` are those of the kernels.
    ``begins``: called before each part of it."""

    flowed: Flowed
    parents: I32
    queue: U64
    tops: I64
    begins: Callable[[], None]

    @classmethod
    def of(cls, flowed: Flowed, words: U64, begins: Callable[[], None]) -> Search:
        """What the words point into is found."""
        slots, tops = flowed.laid.heap.spans.slots, np.zeros(2, np.int64)
        made = cls(flowed, np.zeros(slots, np.int32), np.empty(slots, np.uint64), tops, begins)
        kernels.reach_roots(flowed.laid.objects, words, made.parents, made.queue, tops)
        return made

    @property
    def whole(self) -> bool:
        """Whether all was found."""
        return bool(self.tops[0] == self.tops[1])

    def until(self, ids: I64) -> None:
        """Go on until these slots are found, or everything is."""
        self.begins()
        while len(ids := ids[self.parents[ids] == 0]) and not self.whole:
            self._more(STEP)

    def rest(self) -> None:
        """Find everything."""
        self.begins()
        while not self.whole:
            self._more(len(self.queue))

    def _more(self, most: int) -> None:
        laid, described = self.flowed.laid, self.flowed.table.described
        memory, mask = laid.heap.image.memory, Mask.none()
        kernels.reach_more(memory, laid.objects, described, mask, self.parents, self.queue, self.tops, most)


@define(eq=False)
class Paths:
    """Shortest paths: most are asked for of what lies near the roots, and no more is searched. ``order``: the roots'
    numbers, in the order in which they are preferred."""

    order: I64 = field(repr=False)
    _parents: I32 = field(repr=False)
    _search: Search | None = field(repr=False, default=None)

    @classmethod
    def of(cls, flowed: Flowed, roots: Roots, begins: Callable[[], None] = lambda: None) -> Paths:
        """``begins``: called before what may take long."""
        order = order_of(roots)
        words = np.concatenate([roots.value[order], contents(flowed.laid, flowed.table, roots.contents)])
        search = Search.of(flowed, words, begins)
        return cls(order, search.parents, search)

    @property
    def whole(self) -> bool:
        """Whether those of every slot were found."""
        return self._search is None or self._search.whole

    @property
    def parents(self) -> I32:
        """Of each slot where its path comes from: 1 + a slot, or -1 - a root's place in ``order``; 0: nowhere."""
        if self._search is not None:
            self._search.rest()
            self._search = None
        return self._parents

    def _find(self, ids: I64) -> None:
        if self._search is not None:
            self._search.until(ids)
            self._search = None if self._search.whole else self._search

    def chain(self, id_: int) -> tuple[int, list[int]]:
        """(root, the slots from what it points into to this one); no slots for what nothing reaches."""
        self._find(np.array([id_]))
        found = [id_]
        while (parent := int(self._parents[found[-1]])) > 0:
            found.append(parent - 1)
        if parent == 0:
            return -1, []
        place = -parent - 1
        return int(self.order[place]) if place < len(self.order) else -1, found[::-1]

    def roots(self, ids: I64) -> I64:
        """The root of ``chain`` of each slot; -1 also for what nothing reaches."""
        self._find(ids)
        found = np.empty(len(ids), np.int64)
        kernels.roots(self._parents, np.ascontiguousarray(ids), np.zeros(len(self._parents), np.int32), found)
        inside = (found >= 0) & (found < len(self.order))
        found[inside] = self.order[found[inside]]
        found[~inside] = -1
        return found


def order_of(roots: Roots) -> I64:
    """The numbers of roots as paths prefer them: stacks first, then globals, then the rest."""
    mine = np.isin(roots.kind, OF_GOROUTINES)
    return np.concatenate([np.flatnonzero(mine), np.flatnonzero(~mine)])


def kept_by(flowed: Flowed, finalized: U64, target: Object) -> int:
    """Which of the slots at sorted addresses refers to an object: the first, 0 for none."""

    def refer(some: U64) -> bool:
        words = contents(flowed.laid, flowed.table, some)
        return bool(np.any((words >= np.uint64(target.base)) & (words < np.uint64(target.base + target.size))))

    if not refer(finalized):
        return 0
    while len(finalized) > 1:
        half = len(finalized) // 2
        finalized = finalized[:half] if refer(finalized[:half]) else finalized[half:]
    return int(finalized[0])


def path(lookup: Lookup, paths: Paths, id_: int) -> Path | None:
    """The shortest path to a slot; None where nothing reaches it."""
    root, ids = paths.chain(id_)
    if not ids:
        return None
    return Path(root, lookup.numbered(ids[0]), _Edges(lookup, ids), ids)


class _Edges(Sequence[Edge]):
    """Named when they are looked at: a list of a million nodes has a million."""

    def __init__(self, lookup: Lookup, ids: Sequence[int], last: tuple[Edge, ...] = ()) -> None:
        self.lookup, self.ids, self.last = lookup, ids, last

    def __len__(self) -> int:
        return len(self.ids) - 1 + len(self.last)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        at = index + len(self) if index < 0 else index
        if at >= len(self.ids) - 1:
            return self.last[at - len(self.ids) + 1]
        return edge(self.lookup, *(self.lookup.numbered(one) for one in self.ids[at : at + 2]))


def edge(lookup: Lookup, holder: Object, target: Object) -> Edge:
    """The first pointer of an object that points into another; not a number that says the same."""
    found = referrers.pointing_from(lookup.flowed, holder, target)
    name = lookup.field(holder, int(found[0, 0])) if len(found) else ""
    return Edge(holder, name, target)


def several(lookup: Lookup, paths: Paths, roots: Roots, target: Object, count: int) -> Iterator[Path]:
    """Up to ``count`` paths that end unlike: by different roots, or by different objects that refer to the target."""
    first = path(lookup, paths, target.id)
    if first is None:
        return
    yield first
    used = {first.edges[-1].holder.id} if len(first.edges) else set()
    seen = {first.root} if not len(first.edges) else set()
    for number in referrers.root_numbers(roots, target):
        if count > len(used) + len(seen) and number not in seen:
            seen.add(number)
            yield Path(number, target, (), (target.id,))
    for one in referrers.referrers(lookup, target):
        if len(used) + len(seen) >= count:
            return
        if one.holder.id not in used and one.holder.id != target.id:
            used.add(one.holder.id)
            root, ids = paths.chain(one.holder.id)
            if ids and target.id not in ids:
                last = Edge(one.holder, one.field, target)
                yield Path(root, lookup.numbered(ids[0]), _Edges(lookup, ids, (last,)), [*ids, target.id])
