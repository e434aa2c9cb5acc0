"""What runtime/debug.WriteHeapDump wrote: the runtime's own word on its objects, their pointers, and its roots.

The format is that of runtime/heapdump.go ("go1.7 heap dump" in every release up to 1.27). Addresses are numbers; lists
that are long are arrays.

Two things are not what they seem (Go 1.22 and later):

    tails      Where a span keeps its pointer bitmap (and, with Green Tea, marks) behind its last object, the runtime
               dumps that too, as if objects went on to the end of the page. ``Objects.real`` says which are none.
    headers    Above 512 bytes an object with pointers begins with a word that names its type. Address and size are
               those of the whole slot; offsets count from the slot too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define, field, frozen
from numpy.typing import NDArray

from tests.goclasses import MOST_INLINE, PAGE, objects_in_page

MAGIC = b"go1.7 heap dump\n"
MEMSTATS = """Alloc TotalAlloc Sys Lookups Mallocs Frees HeapAlloc HeapSys HeapIdle HeapInuse HeapReleased HeapObjects
StackInuse StackSys MSpanInuse MSpanSys MCacheInuse MCacheSys BuckHashSys GCSys OtherSys NextGC LastGC
PauseTotalNs""".split()


@frozen
class Fields:
    """Memory with pointers in it: ``offsets`` of the words a collector follows, in bytes from ``address``."""

    address: int
    data: bytes = field(repr=False)
    offsets: tuple[int, ...] = field(repr=False)


@frozen
class Frame:
    """``address``: the lowest of the frame. ``depth``: 0 for the innermost."""

    address: int
    depth: int
    child: int
    data: bytes = field(repr=False)
    entry: int
    pc: int
    continpc: int
    name: str
    offsets: tuple[int, ...]


@define
class Goroutine:
    """A goroutine that is not dead, with its frames, innermost first."""

    address: int
    sp: int
    goid: int
    gopc: int
    status: int
    system: bool
    background: bool
    waitsince: int
    reason: str
    ctxt: int
    m: int
    first_defer: int
    first_panic: int
    frames: list[Frame] = field(factory=list, repr=False)
    defers: list[Defer] = field(factory=list)
    panics: list[Panic] = field(factory=list)


@frozen
class Defer:
    address: int
    g: int
    sp: int
    pc: int
    closure: int
    code: int
    link: int


@frozen
class Panic:
    address: int
    g: int
    type: int
    data: int
    link: int


@frozen
class Finalizer:
    """``closure`` is called with ``object``; ``code`` is its entry."""

    object: int
    closure: int
    code: int
    argument_type: int
    object_type: int


@frozen
class Bucket:
    """Objects of one size allocated by one stack, since the program began."""

    address: int
    size: int
    stack: tuple[tuple[str, str, int], ...] = field(repr=False)
    allocs: int
    frees: int


@frozen(eq=False)
class Objects:
    """In the dump's order. Pointers of object i are ``offsets[first[i]:first[i + 1]]``, in bytes from its address."""

    address: NDArray[np.uint64]
    size: NDArray[np.uint64]
    first: NDArray[np.int64]
    offsets: NDArray[np.uint64]
    real: NDArray[np.bool_]
    doubtful: NDArray[np.bool_]

    @property
    def pointers(self) -> NDArray[np.int64]:
        """How many pointer words each has."""
        return np.diff(self.first)

    def words(self, mask: NDArray[np.bool_]) -> NDArray[np.uint64]:
        """The addresses of the pointer words of these objects, sorted."""
        owner = np.repeat(np.arange(len(self.address)), self.pointers)
        kept = mask[owner]
        return np.sort(self.address[owner[kept]] + self.offsets[kept])


@define(slots=False)
class HeapDump:
    """A whole dump.

    ``version`` as in runtime.buildVersion, with experiments. ``types``: (name, size, whether an interface's word points
    to it) by address; ``itabs``: their types; ``threads``: (m, its number, thread id); ``samples``: buckets by object;
    ``contents`` and ``found`` (address, size, where its ``offsets`` begin): of the objects.
    """

    version: str = ""
    arch: str = ""
    arena: tuple[int, int] = (0, 0)
    types: dict[int, tuple[str, int, bool]] = field(factory=dict, repr=False)
    itabs: dict[int, int] = field(factory=dict, repr=False)
    contents: list[bytes] = field(factory=list, repr=False)
    goroutines: list[Goroutine] = field(factory=list, repr=False)
    threads: list[tuple[int, int, int]] = field(factory=list, repr=False)
    data: list[Fields] = field(factory=list, repr=False)
    bss: list[Fields] = field(factory=list, repr=False)
    finalizers: list[Finalizer] = field(factory=list, repr=False)
    queued: list[Finalizer] = field(factory=list, repr=False)
    other_roots: list[tuple[str, int]] = field(factory=list, repr=False)
    memstats: dict[str, int] = field(factory=dict, repr=False)
    buckets: dict[int, Bucket] = field(factory=dict, repr=False)
    samples: dict[int, int] = field(factory=dict, repr=False)
    found: list[tuple[int, int, int]] = field(factory=list, repr=False)
    offsets: list[int] = field(factory=list, repr=False)

    @classmethod
    def read(cls, path: Path) -> HeapDump:
        """Raises ValueError for what is no whole dump."""
        dump = cls()
        _Reader(path.read_bytes(), dump).records()
        return dump

    @cached_property
    def objects(self) -> Objects:
        """Every object, with what tells real ones from tails."""
        address, size, first = np.array(self.found, np.uint64).reshape(-1, 3).T
        starts = np.append(first, len(self.offsets)).astype(np.int64)
        real, doubtful = told_apart(address, size, np.diff(starts), self.headers, self.green_tea)
        return Objects(address, size, starts, np.array(self.offsets, np.uint64), real, doubtful)

    @cached_property
    def minor(self) -> int:
        """27 for go1.27.3."""
        match = re.search(r"go1\.(\d+)", self.version)
        assert match, self.version
        return int(match[1])

    @cached_property
    def experiments(self) -> set[str]:
        """Named in the version behind X:"""
        return set(self.version.partition("X:")[2].split(","))

    @cached_property
    def headers(self) -> bool:
        """Whether objects have malloc headers or bitmaps in their spans: from Go 1.22 on, where one could say no."""
        return self.minor >= 22 and "noallocheaders" not in self.experiments

    @cached_property
    def green_tea(self) -> bool:
        """Whether marks lie in the spans: by default from Go 1.26 on, by experiment before and after."""
        return "nogreenteagc" not in self.experiments and (self.minor >= 26 or "greenteagc" in self.experiments)


def told_apart(
    address: NDArray[np.uint64], size: NDArray[np.uint64], pointers: NDArray[np.int64], headers: bool, green_tea: bool
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(real, doubtful): which dumped objects are objects; which may be or not.

    By the arithmetic of runtime/mheap.go (initSpan) alone. All classes up to 512 bytes have spans of one page, so page
    and size give the slot, and how many slots there are with pointers (fewer) and without. Slots between the two are
    objects in a span without pointers. Which span it is the page says: with pointers each of its objects has one, and
    none of the slots behind is missing. Where it has all of these, no pointer and nothing else, nothing says it.
    """
    slot, small, page = (address % PAGE // size).astype(np.int64), size <= MOST_INLINE, address // PAGE
    scan, noscan = (_bound(size, kind, headers, green_tea) for kind in (True, False))
    front = small & (slot < scan)
    tail = small & ~front
    pages, place, count = np.unique(page[tail], return_inverse=True, return_counts=True)
    missing = pages[np.unique(place[count[place] < (PAGE // size).astype(np.int64)[tail] - scan[tail]])]
    with_pointers = np.isin(page, page[small & (pointers > 0)])
    without = np.isin(page, np.concatenate([missing, page[front & (pointers == 0)]]))
    between = tail & (slot < noscan)
    return ~small | front | (between & without & ~with_pointers), between & ~with_pointers & ~without


def _bound(size: NDArray[np.uint64], scan: bool, headers: bool, green_tea: bool) -> NDArray[np.int64]:
    sizes = np.unique(size[size <= MOST_INLINE]).tolist()
    known = {each: objects_in_page(each, scan, headers, green_tea) for each in sizes}
    return np.array([known.get(each, 0) for each in size.tolist()], np.int64)


class _Reader:
    """Bytes from the front to the end."""

    def __init__(self, raw: bytes, dump: HeapDump) -> None:
        if not raw.startswith(MAGIC):
            raise ValueError(f"no heap dump: it begins with {raw[:16]!r}")
        self.raw, self.dump, self.at = raw, dump, len(MAGIC)
        self.by_address: dict[int, Goroutine] = {}
        self.last: Goroutine | None = None

    def records(self) -> None:
        handlers: dict[int, Callable[[], None]] = {
            1: self.object,
            2: self.other_root,
            3: self.type,
            4: self.goroutine,
            5: self.frame,
            6: self.params,
            7: lambda: self.dump.finalizers.append(Finalizer(*self.numbers(5))),
            8: self.itab,
            9: lambda: self.dump.threads.append(self.triple()),
            10: self.memstats,
            11: lambda: self.dump.queued.append(Finalizer(*self.numbers(5))),
            12: lambda: self.dump.data.append(self.segment()),
            13: lambda: self.dump.bss.append(self.segment()),
            14: self.deferred,
            15: self.panic,
            16: self.bucket,
            17: self.sample,
        }
        try:
            while tag := self.number():
                handlers[tag]()
        except (IndexError, KeyError) as error:
            raise ValueError(f"a heap dump that is damaged before byte {self.at}: {error!r}") from None
        if self.at != len(self.raw):
            raise ValueError(f"{len(self.raw) - self.at} bytes behind the end of a heap dump")

    def number(self) -> int:
        """A varint (encoding/binary)."""
        raw, at = self.raw, self.at
        byte = raw[at]
        at += 1
        value = byte & 0x7F
        shift = 7
        while byte & 0x80:
            byte = raw[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
        self.at = at
        return value

    def numbers(self, count: int) -> list[int]:
        return [self.number() for _ in range(count)]

    def triple(self) -> tuple[int, int, int]:
        return self.number(), self.number(), self.number()

    def bytes(self) -> bytes:
        length = self.number()
        self.at += length
        if self.at > len(self.raw):
            raise IndexError(f"{length} bytes")
        return self.raw[self.at - length : self.at]

    def text(self) -> str:
        return self.bytes().decode()

    def fields(self) -> Iterator[int]:
        """Offsets of pointers, up to the end of the list."""
        while kind := self.number():
            if kind != 1:
                raise KeyError(f"field kind {kind}")
            yield self.number()

    def object(self) -> None:
        address, contents = self.number(), self.bytes()
        self.dump.contents.append(contents)
        self.dump.found.append((address, len(contents), len(self.dump.offsets)))
        self.dump.offsets.extend(self.fields())

    def segment(self) -> Fields:
        return Fields(self.number(), self.bytes(), tuple(self.fields()))

    def other_root(self) -> None:
        self.dump.other_roots.append((self.text(), self.number()))

    def type(self) -> None:
        address, size = self.numbers(2)
        self.dump.types[address] = (self.text(), size, bool(self.number()))

    def itab(self) -> None:
        itab, type_ = self.numbers(2)
        self.dump.itabs[itab] = type_

    def params(self) -> None:
        if self.number() or self.number() != 8:
            raise KeyError("not of a little-endian machine with 8 bytes to a word")
        self.dump.arena = (self.number(), self.number())
        self.dump.arch, self.dump.version, _ = self.text(), self.text(), self.number()

    def goroutine(self) -> None:
        address, sp, goid, gopc, status = self.numbers(5)
        system, background, since = bool(self.number()), bool(self.number()), self.number()
        self.last = Goroutine(address, sp, goid, gopc, status, system, background, since, self.text(), *self.numbers(4))
        self.by_address[address] = self.last
        self.dump.goroutines.append(self.last)

    def frame(self) -> None:
        """They follow their goroutine."""
        assert self.last is not None
        head: list[Any] = [*self.triple(), self.bytes(), *self.triple(), self.text()]
        self.last.frames.append(Frame(*head, tuple(self.fields())))

    def deferred(self) -> None:
        found = Defer(*self.numbers(7))
        self.by_address[found.g].defers.append(found)

    def panic(self) -> None:
        address, g, type_, data, _, link = self.numbers(6)
        self.by_address[g].panics.append(Panic(address, g, type_, data, link))

    def memstats(self) -> None:
        self.dump.memstats.update(zip(MEMSTATS, self.numbers(len(MEMSTATS)), strict=True))
        self.numbers(256)  # PauseNs
        self.dump.memstats["NumGC"] = self.number()

    def bucket(self) -> None:
        address, size, depth = self.triple()
        stack = tuple((self.text(), self.text(), self.number()) for _ in range(depth))
        self.dump.buckets[address] = Bucket(address, size, stack, *self.numbers(2))

    def sample(self) -> None:
        address, bucket = self.numbers(2)
        self.dump.samples[address] = bucket
