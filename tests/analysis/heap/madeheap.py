"""A made heap whose objects have types: descriptors with masks, spans that fill up, pointer bits where Go has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from attrs import define, frozen

from gdbext.analysis.heap import flow, objects
from gdbext.analysis.heap.flow import Flowed
from gdbext.analysis.heap.kernels import objects as states
from gdbext.analysis.heap.objects import Laid
from gdbext.analysis.heap.stackvariables import StackVariables
from gdbext.compute.arrays import I64, U64
from gdbext.golang.runtime.mgcmark import Roots
from gdbext.golang.runtime.mheap import Heap
from gdbext.golang.runtime.rootwords import DATA as OF_DATA
from gdbext.golang.runtime.sizeclasses import SIZES
from gdbext.golang.types.flat.beginnings import with_beginnings
from gdbext.golang.types.flat.closures import Closures
from gdbext.golang.types.flat.table import TypeTable, type_table
from gdbext.golang.types.rtype import Types
from tests.synthetic import (
    CHAN,
    DATA,
    INT,
    INTERFACE,
    MAP,
    PAGE,
    POINTER,
    RODATA,
    STRING,
    STRUCT,
    Span,
    World,
)

ARRAY, SLICE, UNSAFE = 17, 23, 26
SMALL, LARGE = 512, 32768
UNROLLED = 0x10


@frozen
class Module:
    """What the type table and the traversal ask of a moduledata."""

    types: int
    etypes: int
    noptrdata: int
    data: int
    edata: int
    ebss: int
    rodata: int = RODATA
    gofunc: int = 0
    text: int = RODATA
    etext: int = RODATA

    @property
    def enoptrbss(self) -> int:
        return self.ebss


class NoFunctions:
    """What the search for closures asks of a symtab: a function that no object refers to."""

    entries = np.array([8], np.uint64)

    def __init__(self, *modules: Module) -> None:
        self.modules = modules

    def beginning_with(self, name: str) -> U64:
        return self.entries[:0]

    def functions(self, pcs: U64) -> I64:
        return np.zeros(len(pcs), np.int64)


@define
class Filling:
    """A span with slots to be handed out; ``at``: its mspan record."""

    span: Span
    at: int
    inline: bool
    used: int = 0


class MadeHeap:
    """Types and objects of a World. ``inline``: spans of small objects have their mark bits in the page."""

    def __init__(self, minor: int = 27, inline: bool = False, heap_pages: int = 256) -> None:
        self.world, self.inline = World(minor, heap_pages), inline
        self.masks: dict[int, list[bool]] = {}
        self.size: dict[int, int] = {}
        self.filling: dict[tuple[int, bool], Filling] = {}
        self.pages: list[int] = []
        self.listed, self.header = -1, 0
        self.next_page = self.world.heap.start
        self.int = self.type("int", INT, 8, [False])
        self.string = self.type("string", STRING, 16, [True, False])
        self.any = self.type("interface {}", INTERFACE, 16, [False, True])
        self.error = self.type("error", INTERFACE, 16, [False, True])
        self.world.words(self.error + self.world.offset("internal/abi.InterfaceType", "Methods") + 8, 1, 1)
        self.unsafe = self.type("unsafe.Pointer", UNSAFE, 8, [True], direct=1)

    # Types

    def type(self, name: str, kind: int, size: int, mask: Sequence[bool], direct: int = 0, **more: int) -> int:
        """A descriptor that can be found, with the bits of its pointer words."""
        pointers = 8 * (max((i for i, bit in enumerate(mask) if bit), default=-1) + 1)
        known = {"PtrBytes": pointers, "Hash": 1, "Align_": 8, "FieldAlign_": 8}
        if pointers:
            bits = np.packbits(np.array(mask, np.bool_), bitorder="little").tobytes()
            known["GCData"] = self.world.rodata.take(len(bits))
            self.world.write(known["GCData"], bits)
        at = self.world.type(name, kind, size, direct, **{**known, **more})
        self.masks[at] = (list(mask) + [False] * (size // 8))[: size // 8]
        self.size[at] = size
        return at

    def elem(self, at: int, name: str, elem: int) -> int:
        self.world.put(f"internal/abi.{name}", at, Elem=elem)
        return at

    def pointer(self, elem: int, name: str = "") -> int:
        name = name or "*" + self.world.types.at(elem).name
        return self.elem(self.type(name, POINTER, 8, [True], direct=1), "PtrType", elem)

    def forward(self, name: str) -> int:
        """A pointer type whose element is told later (``elem``)."""
        return self.type(name, POINTER, 8, [True], direct=1)

    def slice(self, elem: int) -> int:
        at = self.type("[]" + self.world.types.at(elem).name, SLICE, 24, [True, False, False])
        return self.elem(at, "PtrType", elem)

    def chan(self, elem: int) -> int:
        return self.elem(
            self.type("chan " + self.world.types.at(elem).name, CHAN, 8, [True], direct=1), "PtrType", elem
        )

    def map(self, name: str, group: int) -> int:
        """A map type; a program that has one has the type of the header."""
        if self.world.minor >= 24 and not self.header:
            self.header = self.runtime("maps.Map", "internal/runtime/maps", "dirPtr")
        at = self.type(name, MAP, 8, [True], direct=1)
        told = "internal/abi.SwissMapType" if self.world.minor in (24, 25) else "internal/abi.MapType"
        self.world.put(told, at, **{"Group" if self.world.minor >= 24 else "Bucket": group})
        return at

    def array(self, elem: int, length: int) -> int:
        name = f"[{length}]{self.world.types.at(elem).name}"
        at = self.type(name, ARRAY, self.size[elem] * length, self.masks[elem] * length)
        self.world.put("internal/abi.ArrayType", at, Elem=elem, Len=length)
        return at

    def struct(self, name: str, *fields: tuple[str, int], size: int = 0) -> int:
        """Fields side by side: (name, type)."""
        rows, mask = list[tuple[str, int, int]](), list[bool]()
        for label, type_ in fields:
            rows.append((label, type_, 8 * len(mask)))
            mask += self.masks[type_]
        at = self.type(name, STRUCT, size or 8 * len(mask), mask)
        where = self.world.rodata.take(24 * max(len(rows), 1))
        self.world.words(at + self.world.offset("internal/abi.StructType", "Fields"), where, len(rows), len(rows))
        for number, (label, type_, offset) in enumerate(rows):
            told = self.world.name(label)
            self.world.put("internal/abi.StructField", where + 24 * number, Name=told, Typ=type_, Offset=offset)
        return at

    def runtime(self, name: str, package: str, pointer: str) -> int:
        """One of the runtime's own structures (``maps.Map``), with one pointer; its layout is the World's."""
        layout = f"{package}.{name.split('.')[1]}"
        size, at = self.world.binary.layout(layout).size, self.world.offset(layout, pointer)
        mask = [8 * i == at for i in range(size // 8)]
        type_ = self.type(name, STRUCT, size, mask, TFlag=UNROLLED)
        where = self.world.rodata.take(24)
        self.world.words(type_ + self.world.offset("internal/abi.StructType", "Fields"), where, 1, 1)
        told = self.world.name(pointer.split(".")[-1])
        self.world.put("internal/abi.StructField", where, Name=told, Typ=self.unsafe, Offset=at)
        self.world.package(type_, STRUCT, package)
        return type_

    def itab(self, type_: int) -> int:
        """An interface table of error and a type."""
        return self.world.itab(self.error, type_)

    # Objects

    def new(self, type_: int, *words: int, times: int = 1, size: int = 0) -> int:
        """An object of ``times`` values; where it begins."""
        mask = self.masks[type_] * times
        at = self.raw(size or self.size[type_] * times, mask, type_)
        self.world.words(at, *words)
        return at

    def raw(self, size: int, mask: Sequence[bool], type_: int = 0) -> int:
        """An object of some bytes with these pointer words; ``type_``: what its header or its span says."""
        noscan, headed = not any(mask), self.world.minor > 21 and any(mask) and SMALL < size <= LARGE - 8
        size += 8 if headed else 0
        if size > LARGE:
            return self._large(size, noscan, type_)
        elemsize = next(one for one in SIZES if one >= size)
        filling = self._filling(elemsize, noscan)
        at = filling.span.base + filling.used * elemsize
        filling.used += 1
        self.world.put("runtime.mspan", filling.at, freeindex=filling.used)
        if headed:
            self.world.words(at, type_)
        elif not noscan:
            self.bits(filling, at, mask)
        return at + (8 if headed else 0)

    def _large(self, size: int, noscan: bool, type_: int) -> int:
        pages = -(-size // PAGE)
        span = Span(self._take(pages), pages * PAGE, 1, pages, freeindex=1, noscan=noscan, sizeclass=0)
        self.world.put("runtime.mspan", self.world.span(span), largeType=0 if noscan else type_)
        return span.base

    def _take(self, pages: int) -> int:
        at, self.next_page = self.next_page, self.next_page + pages * PAGE
        return at

    def _filling(self, elemsize: int, noscan: bool) -> Filling:
        found = self.filling.get((elemsize, noscan))
        if found is None or found.used == found.span.nelems:
            found = self.filling[elemsize, noscan] = self.span(elemsize, noscan)
        return found

    def span(self, elemsize: int, noscan: bool = False, pages: int = 0) -> Filling:
        """A span of nothing yet; its bitmap takes room from its slots."""
        pages = pages or -(-elemsize // PAGE)
        inline = self.inline and 16 <= elemsize <= SMALL and pages == 1
        bitmap = pages * PAGE // 64 if not noscan and elemsize <= SMALL and self.world.minor > 21 else 0
        room = pages * PAGE - bitmap - (128 if inline else 0)
        number = SIZES.index(elemsize)
        span = Span(self._take(pages), elemsize, room // elemsize, pages, noscan=noscan, sizeclass=number)
        if inline:
            self.pages.append(span.base)
        at = self.world.span(span)
        self.world.page_table[span.base + (pages - 1) * PAGE] = at
        return Filling(span, at, inline)

    def bits(self, filling: Filling, at: int, mask: Sequence[bool]) -> None:
        """Set the bits of pointer words at the span's end."""
        span = filling.span
        end = span.base + span.npages * PAGE - (128 if filling.inline else 0)
        table, first = end - span.npages * PAGE // 64, (at - span.base) // 8
        for word, bit in enumerate(mask):
            place = table - self.world.heap.start + (first + word) // 8
            self.world.heap.data[place] |= int(bit) << (first + word) % 8

    # What is made of it

    @property
    def module(self) -> Module:
        return Module(RODATA, self.world.rodata.end, DATA, DATA, self.world.data.end, self.world.data.end)

    def table(self) -> TypeTable:
        self.world.itab_table()
        types = Types(self.world.program, [self.module])
        table = type_table(self.world.program, types, [self.module])  # type: ignore[list-item]
        return with_beginnings(self.world.program, NoFunctions(self.module), table, objects.slot_sizes())  # type: ignore[arg-type]

    def heap(self) -> Heap:
        if self.listed != len(self.world.spans):
            self.world.mheap(self.pages)
            self.listed = len(self.world.spans)
        return Heap.of(self.world.program)

    def laid(self, table: TypeTable | None = None) -> Laid:
        return objects.lay_out(self.world.program, self.heap(), table or self.table())

    def flowed(
        self,
        roots: Iterable[int],
        variables: Sequence[tuple[int, int]] = (),
        stacks: Sequence[tuple[int, int, tuple[int, int, int]]] = (),
    ) -> Flowed:
        """Of these roots, of variables (address, type), and of slots on stacks (kind, type, words)."""
        table = self.table()
        rows = np.array([(at, table.row(type_), 1) for at, type_ in variables], np.uint64).reshape(-1, 3)
        modules = [self.module]
        laid, closures = self.laid(table), Closures(NoFunctions(), ())  # type: ignore[arg-type]
        slots = StackVariables(
            table, np.array([words for *_, words in stacks], np.uint64).reshape(-1, 3),
            np.array([kind for kind, *_ in stacks], np.uint8),
            np.array([table.row(type_) for _, type_, _ in stacks], np.int32), np.zeros((0, 2), np.int64),
        )  # fmt: skip
        return flow.flow(self.world.program, laid, table, modules, made_roots(roots), rows, closures, slots)  # type: ignore[arg-type]

    def with_garbage(self, found: Flowed) -> Flowed:
        """What was found, with the types of what is not reachable."""
        closures = Closures(NoFunctions(), ())  # type: ignore[arg-type]
        return flow.with_garbage(self.world.program, found, [self.module], closures)  # type: ignore[list-item]


def made_roots(values: Iterable[int], kind: int = OF_DATA) -> Roots:
    value = np.array(list(values), np.uint64)
    where = np.zeros(len(value), np.uint64)
    return Roots(where, value, np.full(len(value), kind, np.uint8), np.full(len(value), -1, np.int64))


def state(flowed: Flowed, at: int) -> tuple[bool, int, str]:
    """Of the object at an address: whether it is reachable, how certain its type is, its type's name."""
    (id_,) = flowed.laid.heap.ids(np.array([at], np.uint64)).tolist()
    said = int(flowed.state[id_])
    rank = (said & states.RANKS) >> states.RANK_SHIFT
    return bool(said & states.MARKED), rank, flowed.table.name(said & states.ROW) if rank else ""


def marked(flowed: Flowed) -> set[int]:
    """Where the reachable objects begin."""
    ids = np.flatnonzero(flowed.state & np.int32(states.MARKED)).astype(np.int64)
    return set(flowed.laid.heap.addresses(ids).tolist())
