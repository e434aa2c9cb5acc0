"""What a made program counts of its memory: Ps with their caches, runtime.memstats, the pacer's figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gdbext.golang.runtime.mgcpacer import NO_LIMIT, NOT_TRIGGERED
from gdbext.golang.runtime.mstats import SHARDS
from tests.synthetic import World


class Counters:
    """``finish`` before anything is read."""

    def __init__(self, world: World) -> None:
        self.world, self.ps = world, list[int]()
        self.empty = world.off_heap.take(world.binary.layout("runtime.mspan").size)
        self.shards: list[dict[str, int]] = [{} for _ in range(SHARDS)]
        """Fields of heapStatsDelta; ``smallAllocCount.5`` is that of class 5."""
        self.stats: dict[str, int] = {}
        self.pacer: dict[str, int] = {"memoryLimit": NO_LIMIT, "triggered": NOT_TRIGGERED}
        self.allocators: dict[str, int] = {}

    def cache(self, spans: Mapping[int, int], number: int | None = None, **fields: int) -> int:
        """A P with a cache. ``spans``: an mspan's address by its class."""
        world = self.world
        at, p = (world.off_heap.take(world.binary.layout(name).size) for name in ("runtime.mcache", "runtime.p"))
        alloc = at + world.offset("runtime.mcache", "alloc")
        world.words(alloc, *(spans.get(number, self.empty) for number in range(136)))
        world.put("runtime.mcache", at, **fields)
        world.put("runtime.p", p, id=len(self.ps) if number is None else number, mcache=at)
        self.ps.append(p)
        return at

    def cached(self, span: int, before: int, **fields: int) -> int:
        """Says of an mspan how many objects it had when it was cached."""
        self.world.put("runtime.mspan", span, **{"allocCountBeforeCache": before, **fields})
        return span

    def finish(self) -> World:
        world = self.world
        self.slice("runtime.allp", self.ps)
        stats = self.structure("runtime.memstats", "runtime.mstats", self.stats)
        for number, shard in enumerate(self.shards):
            self.shard(stats + number * world.binary.layout("runtime.heapStatsDelta").size, shard)
        self.structure("runtime.gcController", "runtime.gcControllerState", self.pacer)
        if self.allocators:
            world.put("runtime.mheap", world.symbols["runtime.mheap_"], **self.allocators)
        return world

    def structure(self, variable: str, name: str, fields: Mapping[str, int]) -> int:
        """A global variable of a structure."""
        at = self.world.symbols[variable] = self.world.off_heap.take(self.world.binary.layout(name).size)
        self.world.put(name, at, **fields)
        return at

    def slice(self, variable: str, words: Sequence[int]) -> None:
        """A global variable, a slice of these words."""
        at = self.world.off_heap.take(8 * max(len(words), 1))
        self.world.words(at, *words)
        self.world.variable(variable, at, len(words), len(words))

    def shard(self, at: int, fields: Mapping[str, int]) -> None:
        for path, value in fields.items():
            name, _, number = path.partition(".")
            where = at + self.world.offset("runtime.heapStatsDelta", name) + 8 * int(number or 0)
            self.world.words(where, value)


ENTRIES = 512
"""Spans in a block of a set."""


class Sets:
    """The central sets of a world that has its mheap."""

    def __init__(self, world: World) -> None:
        self.world = world
        central = world.binary.layout("runtime.mheap").fields["central"]
        self.central, self.stride = world.symbols["runtime.mheap_"] + central.offset, central.size // 136

    def put(self, number: int, name: str, index: int, spans: Sequence[int], head: int = 0) -> int:
        """partial[index] or full[index] of a class: a queue of these spans. ``head``: how many were taken before them,
        whose places are nil and whose whole blocks are gone. Returns where the set is."""
        world, tail = self.world, head + len(spans)
        queue = [0] * head + list(spans)
        starts = range(0, max(tail, 1), ENTRIES)
        blocks = [self.block(queue[at : at + ENTRIES]) if at + ENTRIES > head else 0 for at in starts]
        spine = world.off_heap.take(8 * len(blocks))
        world.words(spine, *blocks)
        size = world.binary.layout("runtime.spanSet").size
        at = self.central + number * self.stride + world.offset("runtime.mcentral", name) + index * size
        world.put("runtime.spanSet", at, spine=spine, spineLen=len(blocks), index=head << 32 | tail)
        return at

    def block(self, spans: Sequence[int]) -> int:
        layout = self.world.binary.layout("runtime.spanSetBlock")
        at = self.world.off_heap.take(layout.size)
        if spans:
            self.world.words(at + layout.fields["spans"].offset, *spans)
        return at


class Profile:
    """Buckets of the memory profile; the first one made is the last of the list."""

    def __init__(self, world: World, cycle: int = 0) -> None:
        self.world, self.head = world, 0
        self.world.variable("runtime.mProfCycle", cycle << 1)
        self.world.variable("runtime.MemProfileRate", 4096)
        self.list = self.world.variable("runtime.mbuckets", 0)

    def bucket(self, size: int, pcs: tuple[int, ...], *cycles: tuple[int, int], kind: int = 1, nstk: int = -1) -> int:
        world = self.world
        head, record, each = (
            world.binary.layout(f"runtime.{name}").size for name in ("bucket", "memRecord", "memRecordCycle")
        )
        at = world.off_heap.take(head + 8 * len(pcs) + record)
        depth = len(pcs) if nstk < 0 else nstk
        world.put("runtime.bucket", at, allnext=self.head, typ=kind, size=size, nstk=depth)
        world.words(at + head, *pcs)
        for number, (allocs, frees) in enumerate(cycles):
            world.words(at + head + 8 * len(pcs) + number * each, allocs, frees)
        self.head = at
        world.words(self.list, at)
        return at
