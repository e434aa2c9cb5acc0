"""The program's own types as arrays: every descriptor in the memory of its modules, read and flattened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdbext.compute.arrays import I32, U8, U64
from gdbext.compute.room import enough
from gdbext.errors import InconsistentRuntime
from gdbext.golang.reading.program import Program
from gdbext.golang.reading.words import index_in
from gdbext.golang.runtime.moduledata import Module
from gdbext.golang.types.flat import kernels
from gdbext.golang.types.flat.kernels import Described
from gdbext.golang.types.rtype import (
    ARRAY_TYPE,
    INTERFACE_TYPE,
    MAP_TYPE,
    POINTER_TYPE,
    STRUCT_FIELD,
    STRUCT_TYPE,
    WEAK,
)
from gdbext.target.image import Image

SPECIAL = (WEAK, "sync.Pool", "sync.eface", "reflect.Value")
"""In the order of ``kernels.WEAK`` and so on."""
SHAPED = "go.shape.*uint8"
"""What generic code takes all pointers for."""
ROOM = 1 << 16
SLOTS = 1 << 20
DEEP = 1 << 14
LARGEST = 1 << 30
MASK_BYTES = 1 << 28
"""Of all types whose pointer bits are made where no descriptor holds them."""
DEPTH = 32
"""Arrays of arrays."""


def module_range(module: Module) -> tuple[int, int]:
    """Where a module's descriptors and what they refer to lie."""
    ends = [module.types, module.etypes, module.rodata, module.gofunc]
    low, high = min(filter(None, ends)), max(ends)
    if high - low > LARGEST:
        raise InconsistentRuntime(f"types from {low:#x} to {high:#x}")
    return low, high


def find(image: Image, modules: Sequence[Module]) -> tuple[U64, U64]:
    """The addresses of all descriptors, and of each where its module's names begin."""
    first = _bounds(modules[0])
    parts = [_descriptors(image, module, np.array([*_bounds(module), *first], np.uint64)) for module in modules]
    address = np.concatenate(parts)
    base = np.repeat(np.array([module.types for module in modules], np.uint64), [len(part) for part in parts])
    order = np.argsort(address, kind="stable")
    return address[order], base[order]


def _bounds(module: Module) -> tuple[int, int]:
    """Where all of a module lies."""
    ends = module_range(module)
    return min(module.text, *ends), max(module.etext, module.enoptrbss, *ends)


def _descriptors(image: Image, module: Module, bounds: U64) -> U64:
    """Where a module's memory of types reads as a descriptor."""

    def some(room: int) -> tuple[int, U64]:
        out = np.empty(room, np.uint64)
        return int(kernels.find_descriptors(image.memory, module.types, module.etypes, bounds, out)), out

    count, found = enough(ROOM, some)
    return found[:count].copy()


class Reading:
    """Fills the arrays of Described for the program's own descriptors."""

    def __init__(self, program: Program, image: Image, address: U64, base: U64) -> None:
        self.image, self.address, self.n = image, address, len(address)
        self.at = _offsets(program)
        self.kind, self.direct = np.zeros((2, self.n), np.uint8)
        self.size, self.pointers, self.gcdata, self.mask = np.zeros((4, self.n), np.uint64)
        self.tail = np.zeros((self.n, 4), np.uint64)
        kernels.read_descriptors(
            image.memory, address, self.at, self.kind, self.direct, self.size, self.pointers, self.gcdata, self.mask,
            self.tail,
        )  # fmt: skip
        self.base = base
        self.special = self.named(*SPECIAL)
        self.owners: list[Any] = []

    def named(self, *names: str) -> U8:
        """1 + the number of the name that each type has, 0 for none of them; ``a.b[`` is any with that beginning."""
        out, raw = np.zeros(self.n, np.uint8), [one.encode() for one in names]
        ends = np.cumsum([len(one) for one in raw]).astype(np.uint64)
        kernels.named(self.image.memory, self.base, self.address, ends, np.frombuffer(b"".join(raw), np.uint8), out)
        return out

    def described(self) -> Described:
        """The rows, flattened."""
        elem = index_in(self.address, self.tail[:, kernels.ELEM])
        elem[self.named(SHAPED) != 0] = -1
        count, made = enough(SLOTS, lambda room: self._flattened(elem, room))
        kept = {name: getattr(made, name)[:count].copy() for name in Described._fields if name.startswith("slot_")}
        made = made._replace(**kept)
        self._masks(made)
        kernels.fill_tiles(made)
        return made

    def _flattened(self, elem: I32, room: int) -> tuple[int, Described]:
        """How many slots all rows have together, and the rows with as many of them as there is room for."""
        made = Described(
            self.address, _places(self.address), self.size, self.pointers, self.kind, self.direct, self.mask,
            np.zeros(self.n, np.uint64), np.full(self.n, kernels.NO_OUTER, np.uint64), self.gcdata, elem,
            self.tail[:, kernels.COUNT].copy(),
            np.full(self.n, -1, np.int32), np.full(self.n, -1, np.int32), np.zeros(self.n, np.int64),
            np.zeros(self.n, np.int64), np.zeros(room, np.uint64), np.zeros(room, np.uint8),
            np.full(room, -1, np.int32), np.zeros(room, np.uint64),
        )  # fmt: skip
        stack = np.zeros((DEEP, 2), np.uint64)
        return int(kernels.flatten(self.image.memory, self.at, self.tail, self.special, made, stack)), made

    def _masks(self, made: Described) -> None:
        """The pointer bits of types without a mask of their own: by their slots."""
        left = MASK_BYTES
        for row in np.flatnonzero((made.gcdata == 0) & (made.pointers != 0) & (made.slots > 0)).tolist():
            left -= min(int(made.pointers[row]), left + 1)
            if left >= 0:
                bits = np.packbits(pointer_words(made, row), bitorder="little")
                self.owners.append(np.concatenate([bits, np.zeros(8, np.uint8)]))
                made.gcdata[row] = self.owners[-1].ctypes.data
                made.mask[row] = self.owners[-1][:8].view(np.uint64)[0]


def pointer_words(described: Described, row: int, depth: int = DEPTH, most: int = MASK_BYTES >> 3) -> NDArray[np.bool_]:
    """Which words of a type are pointers, up to its last one or ``most``, as its slots say."""
    out = np.zeros(min(int(described.pointers[row]) >> 3, most), np.bool_)
    slots = slice(int(described.slot[row]), int(described.slot[row] + max(described.slots[row], 0)))
    kind, word = described.slot_kind[slots], described.slot_at[slots].astype(np.int64) >> 3
    word = word + np.isin(kind, (kernels.IFACE, kernels.EFACE, kernels.REFLECTED))
    out[word[(kind != kernels.REPEATED) & (word < len(out))]] = True
    for s in np.flatnonzero((kind == kernels.REPEATED) & (word < len(out))).tolist() if depth else ():
        inner, times = int(described.slot_type[slots][s]), int(described.slot_count[slots][s])
        part = out[word[s] :]
        one = np.zeros(min(int(described.size[inner]) >> 3, len(part)), np.bool_)
        some = pointer_words(described, inner, depth - 1, len(one))
        one[: len(some)] = some
        every = np.tile(one, min(times, len(part) // max(len(one), 1) + 1))[: len(part)]
        part[: len(every)] |= every
    return out


def _offsets(program: Program) -> U64:
    one = program.bound(STRUCT_FIELD)
    found = (
        program.bound(POINTER_TYPE).offset("elem"),
        program.bound(ARRAY_TYPE).offset("length"),
        program.bound(STRUCT_TYPE).offset("fields"),
        program.bound(INTERFACE_TYPE).offset("methods"),
        program.bound(MAP_TYPE).offset("group"),
        one.size,
        one.offset("type"),
        one.offset("offset"),
    )
    return np.array(found, np.uint64)


def _places(address: U64) -> I32:
    """``Described.place``."""
    if not len(address) or address[-1] - address[0] > LARGEST:
        return np.zeros(0, np.int32)
    place = np.full((int(address[-1] - address[0]) >> 3) + 1, -1, np.int32)
    place[((address - address[0]) >> np.uint64(3)).astype(np.int64)] = np.arange(len(address), dtype=np.int32)
    return place
