"""The memory profile: what was allocated where, by samples (runtime/mprof.go).

A bucket is one stack and one size. Its allocations and frees are counted for the collection that they belong to, and
published when that one is over: ``MemRecord`` has what was published, and three cycles that have yet to be.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from gdbext.golang.reading.declarations import BYTES, UINT, declare, optional
from gdbext.golang.reading.lists import elements

if TYPE_CHECKING:
    from gdbext.compute.arrays import I64, U64
    from gdbext.golang.reading.program import Program

BUCKET = declare("runtime.bucket", allnext=UINT, kind=UINT("typ"), size=UINT, nstk=UINT)
MEM_RECORD = declare("runtime.memRecord", active=BYTES, future=BYTES)
CYCLE = declare(
    "runtime.memRecordCycle",
    allocs=UINT,
    frees=UINT,
    bytes=optional(UINT("alloc_bytes")),  # until Go 1.26; they are as many objects of the bucket's size
)
PROFILE = declare("runtime.specialprofile", bucket=UINT("b"))
MEMORY = 1  # memProfile
DEEPEST = 1024 + 8
"""maxProfStackDepth, and what is kept for skipped frames."""
FUTURES = 3


@frozen(eq=False)
class Buckets:
    """Every bucket, one entry of each array for each.

    ``allocs``, ``frees``: as runtime.MemProfile publishes them. ``made``, ``gone``: until now. What is still there is
    the difference; all are samples. ``depth``: how many pcs its stack has. ``broken``: the list does not end.
    """

    address: U64
    size: U64
    depth: I64
    allocs: U64
    frees: U64
    made: U64
    gone: U64
    unreadable: int
    broken: bool

    @property
    def there(self) -> int:
        """How many sampled objects there are in the heap: each has a special that names its bucket."""
        return int((self.made - self.gone).sum(dtype=np.uint64))


@frozen
class Bucket:
    """One bucket. ``pcs``: return addresses, innermost first. Counts as in ``Buckets``."""

    address: int
    size: int
    pcs: tuple[int, ...] = field(repr=False)
    allocs: int
    frees: int
    made: int
    gone: int

    @property
    def there(self) -> int:
        """How many of its objects there are, sampled ones."""
        return self.made - self.gone


def profile_rate(program: Program) -> int:
    """runtime.MemProfileRate, a signed int: one sample for so many bytes on average. Of 0 nothing is sampled, below
    that nothing or everything (Go 1.24); what was sampled is not scaled then. Raises MissingSymbol, MemoryFault."""
    return int.from_bytes(program.read(program.symbol("runtime.MemProfileRate"), 8), "little", signed=True)


def labels_all(program: Program) -> bool:
    """Whether profiles name the size of objects of which none was allocated yet (Go 1.27): it is the bucket's then, and
    no longer bytes by objects."""
    return "bytes" not in program.bound(CYCLE)


def buckets(program: Program) -> Buckets:
    """The buckets of the memory profile. Raises MissingSymbol, MemoryFault."""
    bound, head = program.bound(BUCKET), program.word(program.symbol("runtime.mbuckets"))
    found = elements(program, np.array([head], np.uint64), bound.offset("allnext"), bound.size)
    rows, readable = program.records(BUCKET, found.address)
    kept = readable & (rows["kind"] == MEMORY) & (rows["nstk"] <= DEEPEST)
    return _counted(program, found.address[kept], rows[kept], int(np.count_nonzero(~kept)), bool(found.broken))


def bucket(program: Program, address: int) -> Bucket | None:
    """One bucket; None where none lies. Raises MemoryFault, MissingSymbol."""
    row = program.record(BUCKET, address)
    if row["kind"] != MEMORY or row["nstk"] > DEEPEST:
        return None
    one = _counted(program, np.array([address], np.uint64), np.array([row]), 0, False)
    if not len(one.address):
        return None
    words = program.read(address + program.bound(BUCKET).size, 8 * int(row["nstk"]))
    pcs = np.frombuffer(words, "<u8").tolist()
    numbers = (int(getattr(one, name)[0]) for name in ("allocs", "frees", "made", "gone"))
    return Bucket(address, int(row["size"]), tuple(pcs), *numbers)


@frozen(eq=False)
class Stacks:
    """The sizes and the stacks of some buckets. ``pcs``: as of a Bucket; None where none can be read."""

    size: U64
    pcs: list[tuple[int, ...] | None]


def stacks(program: Program, addresses: U64) -> Stacks:
    """Sizes and stacks of the buckets at the addresses, those of the same depth together."""
    rows, readable = program.records(BUCKET, addresses)
    kept = readable & (rows["kind"] == MEMORY) & (rows["nstk"] <= DEEPEST)
    found: list[tuple[int, ...] | None] = [None] * len(addresses)
    for depth in np.unique(rows["nstk"][kept]).tolist():
        mine = np.flatnonzero(kept & (rows["nstk"] == depth))
        where = addresses[mine] + np.uint64(program.bound(BUCKET).size)
        pcs, ok = program.gather(where, np.dtype([("pcs", "<u8", (depth,))]))
        for number, fine, words in zip(mine.tolist(), ok.tolist(), pcs["pcs"].reshape(len(mine), depth), strict=True):
            found[number] = tuple(words.tolist()) if fine else None
    return Stacks(rows["size"].astype(np.uint64), found)


def _counted(program: Program, address: U64, rows: NDArray[Any], left_out: int, broken: bool) -> Buckets:
    """The memRecord lies behind the pcs."""
    depth = rows["nstk"].astype(np.int64)
    where = address + np.uint64(program.bound(BUCKET).size) + np.uint64(8) * depth.astype(np.uint64)
    records, readable = program.records(MEM_RECORD, where)
    active, future = _cycles(program, records["active"], 1), _cycles(program, records["future"], FUTURES)
    published = _published(program, active, future)
    made, gone = (active[name][:, 0] + future[name].sum(axis=1, dtype=np.uint64) for name in ("allocs", "frees"))
    return Buckets(
        address=address[readable],
        size=rows["size"][readable].astype(np.uint64),
        depth=depth[readable],
        allocs=published[0][readable],
        frees=published[1][readable],
        made=made[readable],
        gone=gone[readable],
        unreadable=left_out + int(np.count_nonzero(~readable)),
        broken=broken,
    )


def _cycles(program: Program, raw: NDArray[Any], count: int) -> NDArray[Any]:
    """(buckets, cycles) of what memRecords have."""
    bound = program.bound(CYCLE)
    rows = np.ascontiguousarray(raw)[:, : count * bound.size]
    return np.ascontiguousarray(rows).view(bound.dtype).reshape(len(raw), count)


def _published(program: Program, active: NDArray[Any], future: NDArray[Any]) -> tuple[U64, U64]:
    """What runtime.MemProfile says: it publishes the cycle that is over; before the first collection all of them."""
    cycle = int.from_bytes(program.read(program.symbol("runtime.mProfCycle"), 4), "little") >> 1
    allocs, frees = (active[name][:, 0] + future[name][:, cycle % FUTURES] for name in ("allocs", "frees"))
    if allocs.any() or frees.any():
        return allocs, frees
    return future["allocs"].sum(axis=1, dtype=np.uint64), future["frees"].sum(axis=1, dtype=np.uint64)


def scaled(count: int, size: int, rate: int) -> tuple[int, int]:
    """(objects, bytes) that so many samples of a size stand for (scaleHeapSample of runtime/pprof)."""
    if count <= 0 or size <= 0:
        return 0, 0
    if rate <= 1:
        return count, count * size
    share = 1 - math.exp(-size / rate) or size / rate  # the second where a float does not tell the first from 0
    scale = 1 / share
    return int(count * scale), int(count * size * scale)
