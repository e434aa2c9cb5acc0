"""Who waits for whom: what goroutines wait for, and which one likely has it.

Go notes nowhere who has a lock, or who will send. Of a lock it is told from who has a deferred call that unlocks it;
that may be one that waits for it, too. Else it is told from who refers to it: a goroutine that has taken a lock mostly
has its address on its stack still, for it will unlock it; one that will send has the channel. So a holder is a
suspicion, always, and a cycle of such is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from attrs import field, frozen

from gdbext.analysis.leaks.unlocks import unlocks
from gdbext.analysis.leaks.waitson import (
    CHANNEL,
    COND,
    LOCKS,
    MUTEX,
    READ_LOCK,
    WAIT_GROUP,
    WRITE_LOCK,
    WaitsOn,
    waits_on,
)

if TYPE_CHECKING:
    from gdbext.analysis.leaks.waiting import Waiting
    from gdbext.compute.arrays import I64, U64, Bools
    from gdbext.golang.runtime.mheap import Heap
    from gdbext.golang.runtime.proc import Goroutines

SIZES = {CHANNEL: 1, MUTEX: 8, READ_LOCK: 24, WRITE_LOCK: 24, WAIT_GROUP: 16, COND: 1}
"""Bytes whose address is that of the thing: of a channel only the first, its buffer is part of the object."""
ALL_HOLD = (WRITE_LOCK, WAIT_GROUP)
"""Who waits for these waits for each one that has it: readers of a lock, goroutines that are not done."""
TINY = 16
"""Slots of several objects (runtime.tinyAlloc)."""
LOCKED = 1


@frozen(eq=False)
class Thing:
    """What is waited for. ``waiters``: rows. ``referring``: rows of the others that have its address or, where none
    has, that of the object it is part of. ``unlocking``: rows of those that have a deferred call that unlocks it, which
    may wait for it. ``why``: why no holder is named, "" where one is."""

    address: int
    kind: int
    waiters: I64 = field(repr=False)
    referring: I64 = field(repr=False)
    unlocking: I64 = field(repr=False)
    why: str

    @property
    def holders(self) -> I64:
        """Who likely has it."""
        if self.why:
            return self.referring[:0]
        if self.kind in ALL_HOLD:
            return np.union1d(self.referring, self.unlocking)
        return self.unlocking if len(self.unlocking) else self.referring


@frozen(eq=False)
class WaitGraph:
    """``things``: those with most waiters first; ``by_waiter``: the same by row. ``cycles``: rows, each of which likely
    waits for the next one, and the last one for the first. ``notes``: what could not be read."""

    goroutines: Goroutines = field(repr=False)
    waits: WaitsOn = field(repr=False)
    things: Sequence[Thing]
    by_waiter: Mapping[int, Sequence[Thing]] = field(repr=False)
    cycles: Sequence[Sequence[int]]
    notes: Sequence[str]

    def around(self, cycle: Sequence[int]) -> Iterator[tuple[int, Thing, int]]:
        """(row, what it waits for, the next one, which has that) for each goroutine of a cycle."""
        for row, other in zip(cycle, [*cycle[1:], cycle[0]], strict=True):
            yield row, next(one for one in self.by_waiter[row] if other in one.holders), other


def waitgraph(waiting: Waiting, heap: Heap, leaked: Callable[[], Bools] | None = None) -> WaitGraph:
    """Of a program. ``leaked``: which rows nothing wakes, None where nobody knows. Raises GdbextError."""
    goroutines = waiting.goroutines
    waits = waits_on(goroutines, waiting.frames, waiting.blocked)
    things = list(_things(waiting, heap, waits))
    things.sort(key=lambda one: -len(one.waiters))
    found = _deadlocks(waits, things, leaked)
    return WaitGraph(goroutines, waits, things, _by_waiter(things), found, waiting.blocked.notes)


def _deadlocks(waits: WaitsOn, things: Sequence[Thing], leaked: Callable[[], Bools] | None) -> list[list[int]]:
    """Cycles of locks; of channels and wait groups too those of goroutines that nothing else wakes: whoever has a
    channel may send."""
    found = cycles(_edges(waits, [one for one in things if one.kind in LOCKS]))
    members = {row for one in found for row in one}
    more = [one for one in cycles(_edges(waits, things)) if members.isdisjoint(one)]
    if more and leaked is not None:
        asleep = leaked()
        found += [one for one in more if asleep[one].all()]
    return found


def _by_waiter(things: Sequence[Thing]) -> dict[int, list[Thing]]:
    found = dict[int, list[Thing]]()
    for one in things:
        for row in one.waiters.tolist():
            found.setdefault(row, []).append(one)
    return found


def _things(waiting: Waiting, heap: Heap, waits: WaitsOn) -> Iterator[Thing]:
    mine = waits.address != 0
    addresses, first, which = np.unique(waits.address[mine], return_index=True, return_inverse=True)
    kinds, rows = waits.kind[mine][first], waits.row[mine]
    waiters = _split(which.reshape(-1), rows, len(addresses))
    referring = _referring(waiting, heap, addresses, kinds)
    is_lock = np.isin(kinds, LOCKS)
    unlocking, lock = unlocks(waiting, addresses[is_lock]), np.cumsum(is_lock) - 1
    free = _free(waiting.goroutines, addresses, kinds)
    for number, (address, kind) in enumerate(zip(addresses.tolist(), kinds.tolist(), strict=True)):
        others = np.setdiff1d(referring[number], waiters[number])
        elsewhere = len(others) > 0
        theirs = unlocking.of(int(lock[number]), waiters[number], elsewhere) if is_lock[number] else others[:0]
        yield Thing(address, kind, waiters[number], others, theirs, _why(kind, others, theirs, bool(free[number])))


def _why(kind: int, others: I64, unlocking: I64, free: bool) -> str:
    if free:
        return "it is free: its waiters are about to have it"
    if not len(others) and not len(unlocking):
        return "no other goroutine's stack refers to it"
    if kind in ALL_HOLD or len(unlocking) == 1:
        return ""
    if len(unlocking):
        return f"{len(unlocking):,} goroutines have a deferred call that unlocks it"
    return f"{len(others):,} other goroutines refer to it" if len(others) > 1 else ""


def _referring(waiting: Waiting, heap: Heap, addresses: U64, kinds: I64) -> list[I64]:
    """Rows of goroutines whose words lead to each thing (addresses are sorted)."""
    row, value = waiting.row, waiting.value
    ends = addresses + np.array([SIZES.get(kind, 1) for kind in kinds.tolist()], np.uint64)
    at = np.searchsorted(addresses, value, "right") - 1
    inside = (at >= 0) & (value < ends[at]) if len(addresses) else np.zeros(len(value), np.bool_)
    exact = _split(at[inside], row[inside], len(addresses))
    ids, wanted = heap.ids(value), heap.ids(addresses)
    near = _alike(heap, ids, wanted, kinds)
    return [
        one if len(one) else np.unique(row[near(number)]) if wanted[number] >= 0 else one
        for number, one in enumerate(exact)
    ]


def _alike(heap: Heap, ids: I64, wanted: I64, kinds: I64) -> Callable[[int], I64]:
    """Which words lead into the object that a thing is part of, by the thing's number."""
    order = np.argsort(ids, kind="stable")
    ordered = ids[order]
    large = np.zeros(len(wanted), np.bool_)
    large[wanted >= 0] = heap.elemsizes(wanted[wanted >= 0]) > TINY
    large &= kinds != CHANNEL

    def words(number: int) -> I64:
        low, high = np.searchsorted(ordered, [wanted[number], wanted[number] + 1])
        return order[low:high] if large[number] else order[:0]

    return words


def _split(which: I64, rows: I64, count: int) -> list[I64]:
    """The rows of each number, each once."""
    pairs = np.unique(np.stack([which, rows], axis=1), axis=0) if len(which) else np.zeros((0, 2), np.int64)
    bounds = np.searchsorted(pairs[:, 0], np.arange(count + 1))
    return [pairs[low:high, 1] for low, high in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)]


def _free(goroutines: Goroutines, addresses: U64, kinds: I64) -> Bools:
    """Which mutexes nobody has, as they say themselves."""
    words, readable = goroutines.program.gather(addresses, np.dtype("<u8"))
    found: Bools = (kinds == MUTEX) & readable & (words & np.uint64(LOCKED) == 0)
    return found


def _edges(waits: WaitsOn, things: Sequence[Thing]) -> dict[int, list[int]]:
    """From each that waits for one thing to who has that: a select goes on with any of several."""
    rows, counts = np.unique(waits.row, return_counts=True)
    single = set(rows[counts == 1].tolist())
    found = dict[int, list[int]]()
    for one in things:
        if len(holders := one.holders.tolist()):
            found.update((row, holders) for row in one.waiters.tolist() if row in single)
    return found


def cycles(edges: Mapping[int, Sequence[int]]) -> list[list[int]]:
    """A shortest cycle of each set of nodes that all lead to each other, from its least node; one may be its own."""
    return [_shortest(edges, set(part)) for part in _components(edges)]


def _components(edges: Mapping[int, Sequence[int]]) -> Iterator[list[int]]:
    """Sets of nodes that all lead to each other, of one that leads to itself too (Tarjan's, without recursion)."""
    number, low, place, stack, on_stack = dict[int, int](), dict[int, int](), dict[int, int](), list[int](), set[int]()
    for root in sorted(edges):
        if root in number:
            continue
        work = [(root, iter(edges[root]))]
        while work:
            node, rest = work[-1]
            if node not in number:
                number[node] = low[node] = len(number)
                place[node] = len(stack)
                stack.append(node)
                on_stack.add(node)
            for other in rest:
                if other not in number:
                    work.append((other, iter(edges.get(other, ()))))
                    break
                if other in on_stack:
                    low[node] = min(low[node], number[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == number[node]:
                    part = stack[place[node] :]
                    del stack[place[node] :]
                    on_stack.difference_update(part)
                    if len(part) > 1 or node in edges.get(node, ()):
                        yield part


def _shortest(edges: Mapping[int, Sequence[int]], part: set[int]) -> list[int]:
    """From its least node around and back."""
    start = min(part)
    before, level = dict[int, int](), [start]
    while level:
        following = list[int]()
        for node in level:
            for other in edges.get(node, ()):
                if other == start:
                    return _back(before, start, node)
                if other in part and other not in before:
                    before[other] = node
                    following.append(other)
        level = following
    return [start]


def _back(before: Mapping[int, int], start: int, node: int) -> list[int]:
    path = [node]
    while path[-1] != start:
        path.append(before[path[-1]])
    return path[::-1]


__all__ = ["Thing", "WaitGraph", "cycles", "waitgraph"]
