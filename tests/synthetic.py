"""A Go program made by hand: memory, types, spans, contexts, maps. No Go, no debugger.

``World(27)`` has the layouts of Go 1.27 from the shipped tables and four regions of memory: read-only data with type
descriptors, variables, the heap, and what the runtime keeps off the heap.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
from attrs import define, frozen

from gdbext.binary.elf import SEGMENT
from gdbext.binary.layouts import Layout, Layouts, Source, TableLayouts
from gdbext.errors import MemoryFault, MissingSymbol
from gdbext.golang.reading.declarations import resolve
from gdbext.golang.reading.program import Program
from gdbext.golang.reading.symbols import ElfSymbols
from gdbext.golang.runtime import mheap
from gdbext.golang.runtime.mheap import Heap
from gdbext.golang.std.context import ContextTypes
from gdbext.golang.types.rtype import Types
from gdbext.target import Identity, Mapping as Range, Thread
from gdbext.target.arch import Vectors
from gdbext.target.arch.amd64 import Amd64
from gdbext.target.image import Image

RODATA, DATA, HEAP, OFF_HEAP = 0x50_0000, 0x70_0000, 0xC0_0000_0000, 0x7F00_0000_0000
PAGE = mheap.PAGE_SIZE
BOOL, INT, INT8, UINT64, FLOAT32, FLOAT64 = 1, 2, 3, 11, 13, 14
CHAN, INTERFACE, MAP, POINTER, STRING, STRUCT = 18, 20, 21, 22, 24, 25
SWEEPGEN = 6
FULL = 0x35  # a control byte of a slot in use


ARCH = Amd64()


class Region:
    """Writable bytes at a target address; ``take`` hands out pieces of it."""

    def __init__(self, start: int, size: int) -> None:
        self.start, self.end = start, start + size
        self.data = np.zeros(size, np.uint8)
        self.next = start

    def take(self, size: int, align: int = 8) -> int:
        at = -(-self.next // align) * align
        self.next = at + size
        assert self.next <= self.end, "the region is too small"
        return at

    def write(self, address: int, data: bytes) -> None:
        at = address - self.start
        self.data[at : at + len(data)] = np.frombuffer(data, np.uint8)


class FakeBinary:
    """Layouts and link-time addresses."""

    path, arch, experiments, build_id, entry = "made", "amd64", (), "", 0
    has_dwarf = has_symbols = True
    elf = SimpleNamespace(segments=np.zeros(0, SEGMENT))

    def __init__(self, minor: int, sources: Sequence[Source], symbols: Mapping[str, int]) -> None:
        self.minor, self.go_version = minor, f"go1.{minor}"
        self._layouts, self.symbols = Layouts(sources), symbols
        self.remembered = SimpleNamespace(identity="made")

    def symbol(self, name: str) -> int:
        if name not in self.symbols:
            raise MissingSymbol(name)
        return self.symbols[name]

    def layout(self, name: str) -> Layout:
        return self._layouts.layout(name)

    def constant(self, name: str) -> int | None:
        return TableLayouts(self.minor, "amd64").constant(name)

    def subprogram(self, pc: int) -> None:
        return None

    def loads(self) -> list[tuple[int, int, int, int]]:
        return []


class FakeMemory:
    """Regions as a core. ``fail_at``: the number of the read (1 for the next) that fails, and all after it."""

    stable = lasting = True
    version = ""

    def __init__(self, regions: Sequence[Region]) -> None:
        self.regions = regions
        self.reads, self.fail_at = 0, 0
        self.only_once = False
        self.files: list[Range] = []
        """Mappings beside those of the regions."""

    def _check(self, address: int, size: int) -> None:
        self.reads += 1
        if self.fail_at and (self.reads == self.fail_at or (self.reads > self.fail_at and not self.only_once)):
            raise MemoryFault(address, size, "made to fail")

    def read(self, address: int, size: int) -> bytes:
        self._check(address, size)
        return self.whole().read(address, size)

    def image(self, ranges: Sequence[tuple[int, int]]) -> Image:
        return self.whole()

    def whole(self) -> Image:
        return Image.of_arrays((region.start, region.data) for region in self.regions)

    def mappings(self) -> list[Range]:
        return [*(Range(region.start, region.end) for region in self.regions), *self.files]


class FakeTarget:
    """A program of that memory."""

    identity = Identity("core", None)
    arch = ARCH
    bias = 0
    debugger = None
    hold = None

    def __init__(self, binary: Any, regions: Sequence[Region]) -> None:
        self.binary: Any = binary
        self.memory = FakeMemory(regions)
        self.notes: list[str] = []
        self.thread_list: list[Thread] = []
        self.vector_registers: dict[int, Vectors] = {}

    def threads(self) -> list[Thread]:
        return self.thread_list

    def vectors(self, threads: Iterable[Thread]) -> dict[int, Vectors]:
        return {thread.tid: self.vector_registers.get(thread.tid, Vectors(b"", "not made")) for thread in threads}

    def close(self) -> None:
        pass


class DictLayouts:
    """Layouts given by hand."""

    def __init__(self, *layouts: Layout) -> None:
        self.layouts = {layout.name: layout for layout in layouts}

    def find(self, name: str) -> Layout | None:
        return self.layouts.get(name)


@frozen
class Module:
    """What Types asks of a moduledata."""

    types: int
    etypes: int


@define
class Span:
    """A span to be made; ``alloc``, ``marks``, ``inline``: slots whose bit is set."""

    base: int
    elemsize: int
    nelems: int
    npages: int = 1
    freeindex: int = 0
    alloc: Sequence[int] = ()
    marks: Sequence[int] = ()
    inline: Sequence[int] | None = None
    behind: int = 0
    noscan: bool = False
    sizeclass: int = 5
    state: int = mheap.IN_USE
    taken: int | None = None
    """allocCount; None: as many as ``freeindex`` and ``alloc`` say."""


class World:
    """A made program."""

    def __init__(self, minor: int = 27, heap_pages: int = 16) -> None:
        self.rodata, self.data = Region(RODATA, 1 << 17), Region(DATA, 1 << 18)
        self.heap, self.off_heap = Region(HEAP, heap_pages * PAGE), Region(OFF_HEAP, 1 << 21)
        self.symbols: dict[str, int] = {}
        self.minor = minor
        self.binary = FakeBinary(minor, [TableLayouts(minor, "amd64")], self.symbols)
        self.target = FakeTarget(self.binary, [self.rodata, self.data, self.heap, self.off_heap])
        self.program = Program(self.target, ElfSymbols(self.binary, 0))
        self.types = Types(self.program, [Module(RODATA, self.rodata.end)])
        self.itabs: list[int] = []
        self.spans: list[int] = []
        self.page_table: dict[int, int] = {}
        """The span of each page, as setSpans has it."""
        self._pages = HEAP
        self.itab_table()

    # Bytes

    def write(self, address: int, data: bytes) -> None:
        region = next(r for r in self.target.memory.regions if r.start <= address < r.end)
        region.write(address, data)

    def words(self, address: int, *words: int) -> None:
        self.write(address, struct.pack(f"<{len(words)}Q", *(word & (1 << 64) - 1 for word in words)))

    def put(self, name: str, address: int, **values: int) -> None:
        """Fields of the structure ``name`` at ``address``; ``__`` in a field's name is a dot."""
        layout = self.binary.layout(name)
        for path, value in values.items():
            found = resolve(self.binary, layout, path.replace("__", "."))
            assert found is not None, f"{name}.{path}"
            offset, size = found
            self.write(address + offset, (value & (1 << 8 * size) - 1).to_bytes(size, "little"))

    def offset(self, name: str, path: str) -> int:
        found = resolve(self.binary, self.binary.layout(name), path)
        assert found is not None
        return found[0]

    def variable(self, name: str, *words: int) -> int:
        """A global variable of whole words."""
        self.symbols[name] = self.data.take(8 * max(len(words), 1))
        self.words(self.symbols[name], *words)
        return self.symbols[name]

    def string(self, text: str | bytes) -> int:
        """A string header and its bytes."""
        raw = text.encode() if isinstance(text, str) else text
        head, data = self.data.take(16), self.data.take(len(raw), 1)
        self.write(data, raw)
        self.words(head, data, len(raw))
        return head

    # Types

    def name(self, text: str, embedded: bool = False) -> int:
        raw = text.encode()
        whole = bytes([8 if embedded else 0]) + varint(len(raw)) + raw
        at = self.rodata.take(len(whole), 1)
        self.write(at, whole)
        return at

    def type(self, name: str, kind: int, size: int = 8, direct: int = 0, **more: int) -> int:
        """A descriptor, with room behind it for what its kind adds."""
        at = self.rodata.take(192, 32)
        in_kind = rtype_direct(self.minor)
        flags = {"Kind_": kind | (0x20 if direct and in_kind else 0), "TFlag": 0x20 if direct and not in_kind else 0}
        known = {"Size_": size, "PtrBytes": min(size, 8), "Str": self.name(name) - RODATA}
        self.put("internal/abi.Type", at, **{**known, **flags, **more})
        if kind in (INTERFACE, STRUCT) and "." in name:
            self.package(at, kind, name.split(".")[0])
        return at

    def package(self, type_: int, kind: int, path: str) -> None:
        """The package that declares an interface or a structure."""
        name = "internal/abi.InterfaceType" if kind == INTERFACE else "internal/abi.StructType"
        self.put(name, type_, PkgPath=self.name(path))

    def pointer(self, elem: int, name: str = "") -> int:
        at = self.type(name or "*" + self.types.at(elem).name, POINTER, 8, direct=True)
        self.put("internal/abi.PtrType", at, Elem=elem)
        return at

    def struct(self, name: str, size: int, *fields: tuple[str, int, int], direct: bool = False) -> int:
        """Fields are (name, type, offset); a name that starts with ``+`` is embedded."""
        at = self.type(name, STRUCT, size, direct=direct)
        rows = self.rodata.take(24 * max(len(fields), 1))
        self.words(at + self.offset("internal/abi.StructType", "Fields"), rows, len(fields), len(fields))
        for number, (label, type_, offset) in enumerate(fields):
            where = self.name(label.lstrip("+"), label.startswith("+"))
            self.put("internal/abi.StructField", rows + 24 * number, Name=where, Typ=type_, Offset=offset)
        return at

    def itab(self, inter: int, type_: int) -> int:
        at = self.rodata.take(32)
        self.words(at, inter, type_)
        self.itabs.append(at)
        return at

    def itab_table(self, size: int = 0, count: int | None = None) -> int:
        """runtime.itabTable with every itab made so far and empty slots between them."""
        slots = [word for itab in self.itabs for word in (0, itab)]
        size = size or len(slots)
        at = self.off_heap.take(16 + 8 * max(len(slots), 512))
        self.put("runtime.itabTableType", at, size=size, count=len(self.itabs) if count is None else count)
        self.words(at + self.offset("runtime.itabTableType", "entries"), *slots)
        self.variable("runtime.itabTable", at)
        return at

    # Heap

    def bitmap(self, slots: Sequence[int], size: int = 1024) -> int:
        bits = np.zeros(8 * size, np.uint8)
        bits[list(slots)] = 1
        at = self.off_heap.take(size)
        self.write(at, np.packbits(bits, bitorder="little").tobytes())
        return at

    def span(self, span: Span) -> int:
        """An mspan record."""
        at = self.off_heap.take(self.binary.layout("runtime.mspan").size)
        self.put(
            "runtime.mspan", at, startAddr=span.base, npages=span.npages, freeindex=span.freeindex, nelems=span.nelems,
            allocBits=self.bitmap(span.alloc), gcmarkBits=self.bitmap(span.marks), sweepgen=SWEEPGEN + span.behind,
            spanclass=span.sizeclass << 1 | span.noscan, state=span.state, elemsize=span.elemsize,
            allocCount=span.freeindex + sum(slot >= span.freeindex for slot in span.alloc)
            if span.taken is None else span.taken,
        )  # fmt: skip
        if span.inline is not None:
            self.write(span.base + PAGE - 64, np.packbits(_bits(span.inline, 512), bitorder="little").tobytes())
        self.spans.append(at)
        self.page_table.update({span.base + PAGE * page: at for page in range(min(span.npages, 64))})
        return at

    def mheap(self, inline_pages: Sequence[int] = ()) -> int:
        """runtime.mheap_ over the spans made so far. ``inline_pages``: pages with inline mark bits."""
        size = self.binary.layout("runtime.mheap").size
        at = self.symbols["runtime.mheap_"] = self.data.take(size)
        spans = self.off_heap.take(8 * max(len(self.spans), 1))
        self.words(spans, *self.spans)
        self.put("runtime.mheap", at, sweepgen=SWEEPGEN, arenas=self._arenas(inline_pages))
        self.words(at + self.offset("runtime.mheap", "allspans"), spans, len(self.spans), len(self.spans))
        return at

    def _arenas(self, pages: Sequence[int]) -> int:
        arena = self.off_heap.take(self.binary.layout("runtime.heapArena").size)
        if pages:
            bits = np.packbits(_bits([(page % (64 << 20)) // PAGE for page in pages], 8192), bitorder="little")
            self.write(arena + self.offset("runtime.heapArena", "pageUseSpanInlineMarkBits"), bits.tobytes())
        spans = arena + self.offset("runtime.heapArena", "spans")
        for page, span in self.page_table.items():
            self.words(spans + 8 * (page % (64 << 20) // PAGE), span)
        index = ((HEAP + 0x8000_0000_0000) & (1 << 64) - 1) >> 26
        pointer = self.off_heap.take(8)
        self.words(pointer, arena)
        return pointer - 8 * index  # the table of arenas begins far below; only one entry of it is there

    def pages(self, count: int = 1) -> int:
        """Fresh heap pages."""
        at, self._pages = self._pages, self._pages + count * PAGE
        return at

    def object(self, size: int, noscan: bool = False) -> int:
        """One allocated object in a span of its own."""
        base = self.pages()
        self.span(Span(base, size, 1, freeindex=1, noscan=noscan))
        return base


def rtype_direct(minor: int) -> bool:
    """Whether the direct-interface flag lies in the kind (until Go 1.25)."""
    return minor <= 25


def varint(value: int) -> bytes:
    """As Go's linker writes lengths and steps (encoding/binary's Uvarint)."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _bits(slots: Sequence[int], size: int) -> Any:
    bits = np.zeros(size, np.uint8)
    bits[list(slots)] = 1
    return bits


class Contexts:
    """Package context's types in a World, and objects of them. ``finish`` before anything is searched."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.context = world.type("context.Context", INTERFACE, 16)
        self.canceler = world.type("context.canceler", INTERFACE, 16)
        self.error_type = world.type("error", INTERFACE, 16)
        self.any = world.type("interface {}", INTERFACE, 16)
        self.map = self._map()
        self.cancel = self._struct("context.cancelCtx", ("+Context", self.context), ("children", self.map))
        self.timer = self._struct("context.timerCtx", ("+cancelCtx", self.cancel))
        value = (("+Context", self.context), ("key", self.any), ("val", self.any))
        self.value = self._struct("context.valueCtx", *value)
        self.background = world.type("context.backgroundCtx", STRUCT, 0)
        self.zero = world.variable("runtime.zerobase")
        self.pointers = {name: world.pointer(getattr(self, name)) for name in ("cancel", "timer", "value")}
        self.itabs = {name: world.itab(self.context, at) for name, at in self.pointers.items()}
        self.itabs["background"] = world.itab(self.context, self.background)
        self.cancelers = {name: world.itab(self.canceler, self.pointers[name]) for name in ("cancel", "timer")}

    def _struct(self, name: str, *fields: tuple[str, int]) -> int:
        layout = self.world.binary.layout(name)
        rows = [(label, type_, layout.fields[label.lstrip("+")].offset) for label, type_ in fields]
        return self.world.struct(name, layout.size, *rows)

    def _map(self) -> int:
        """The type of the children maps, with groups of eight 16-byte keys or classic buckets."""
        world = self.world
        at = world.type("map[context.canceler]struct {}", MAP)
        if world.minor >= 24:
            name = "internal/abi.MapType" if world.minor >= 26 else "internal/abi.SwissMapType"
            inner = world.struct("map.group[context.canceler]struct {}", 136)
            shape = {"KeysOff": 8, "KeyStride": 16} if world.minor >= 27 else {"SlotSize": 16}
            world.put(name, at, Group=inner, GroupSize=136, **shape)
        else:
            inner = world.struct("map.bucket[context.canceler]struct {}", 144)
            world.put("internal/abi.MapType", at, Bucket=inner, BucketSize=144)
        return at

    def make(self, name: str, parent: tuple[int, int], address: int = 0) -> tuple[int, int]:
        """(itab, address) of a new heap object of the kind, a child of ``parent``."""
        size = self.world.binary.layout(f"context.{name}Ctx").size
        at = address or self.world.object(size)
        self.world.words(at, *parent)
        return self.itabs[name], at

    @property
    def root(self) -> tuple[int, int]:
        """context.Background()."""
        return self.itabs["background"], self.zero

    def hold(self, *pairs: tuple[int, int]) -> int:
        """A heap object that holds interfaces."""
        at = self.world.object(16 * len(pairs))
        self.world.words(at, *(word for pair in pairs for word in pair))
        return at

    def finish(self) -> tuple[ContextTypes, Heap]:
        self.world.itab_table()
        self.world.mheap()
        return ContextTypes.of(self.world.types), Heap.of(self.world.program)


def swiss_group(ctrl: Sequence[int], keys: Sequence[tuple[int, int]], size: int = 136, stride: int = 16) -> bytes:
    """A group of eight slots: control bytes (0x80 empty, 0xfe deleted), then interface keys."""
    raw = bytearray(size)
    raw[:8] = bytes(ctrl)
    for number, key in enumerate(keys):
        struct.pack_into("<2Q", raw, 8 + number * stride, *key)
    return bytes(raw)


def classic_bucket(top: Sequence[int], keys: Sequence[tuple[int, int]], overflow: int = 0, size: int = 144) -> bytes:
    """A bucket of eight cells: tophash bytes, interface keys, the pointer to the next."""
    raw = bytearray(size)
    raw[:8] = bytes(top)
    for number, key in enumerate(keys):
        struct.pack_into("<2Q", raw, 8 + 16 * number, *key)
    struct.pack_into("<Q", raw, size - 8, overflow)
    return bytes(raw)


def failing(target: FakeTarget, most: int = 200) -> Iterator[int]:
    """Let the first, the second … read fail: yields the number, until no read was reached any more."""
    for number in range(1, most):
        target.memory.reads, target.memory.fail_at = 0, number
        yield number
        if target.memory.reads < number:
            target.memory.fail_at = 0
            return
    raise AssertionError(f"more than {most} reads")
