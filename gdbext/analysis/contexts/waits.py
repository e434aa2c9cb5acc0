"""Contexts that goroutines wait on and that nothing with a type refers to.

The child of a user's own context is known to nobody but the goroutine that package context starts for it, whose frame
keeps an interface's two words wherever it likes; of a context that was only asked for its Done channel, no word need be
kept at all. But the goroutine waits on the channel, and an object of the size of a cancelCtx whose parent is a context
and whose ``done`` holds that very channel is one, unless the program has another type that could look so. Where it has
one, a goroutine that waits on the channel has to keep the object and an itab of context.canceler that says its kind:
users' types have none.
"""

from __future__ import annotations

import numpy as np
from attrs import frozen

from gdbext.analysis.contexts import roots
from gdbext.analysis.contexts.contexts import NO_KIND
from gdbext.analysis.contexts.finding import Found, joined
from gdbext.compute.arrays import I64, U8, U64, Bools
from gdbext.compute.room import enough
from gdbext.errors import GdbextError
from gdbext.golang.reading.program import Program, distinct
from gdbext.golang.reading.words import column, index_in, word_filter, words_among
from gdbext.golang.runtime.kernels import scan
from gdbext.golang.runtime.mheap import Heap
from gdbext.golang.runtime.proc import Goroutines
from gdbext.golang.std import context
from gdbext.golang.std.context import ContextTypes
from gdbext.golang.types import structsearch
from gdbext.golang.types.rtype import STRUCT, Types

ROOM = 1 << 12
DONE = "chan struct {}"
"""The type that ``done`` holds; what Done returns is one to receive from only, so nobody else comes by it."""


@frozen(eq=False)
class Waits:
    """What goroutines wait on: rows of goroutines, sorted by channel, beside the channels."""

    row: I64
    channel: U64

    @classmethod
    def of(cls, waiting: tuple[I64, U64]) -> Waits:
        """From pairs in any order."""
        order = np.argsort(waiting[1], kind="stable")
        return cls(waiting[0][order], waiting[1][order])


@frozen(eq=False)
class Suspects:
    """Objects that look like cancelCtxs with a channel somebody waits on. Sorted."""

    address: U64
    kind: U8
    channel: U64

    def take(self, which: Bools) -> Suspects:
        """Some of them."""
        return Suspects(self.address[which], self.kind[which], self.channel[which])


def add_waited(
    found: Found, types: Types, ctypes: ContextTypes, heap: Heap, goroutines: Goroutines, waiting: tuple[I64, U64]
) -> Found:
    """Those found, and what can be proved a context from what goroutines wait on."""
    waits = Waits.of(waiting)
    some = suspects(types, ctypes, heap, found, waits)
    if len(some.address) and has_twins(types, ctypes):
        some = some.take(kept_by_waiters(some, ctypes, goroutines, waits))
    return joined(found, some.address, some.kind) if len(some.address) else found


def suspects(types: Types, ctypes: ContextTypes, heap: Heap, found: Found, waits: Waits) -> Suspects:
    """Unknown objects as large as a canceler, whose parent is a context and whose ``done`` is waited on."""
    program, parts = types.program, [(np.zeros(0, np.uint64), np.zeros(0, np.uint8))]
    channels = distinct(waits.channel)
    numbers = [number for number, kind in enumerate(ctypes.kinds) if kind.canceler]
    done = program.bound(context.CANCEL_CTX).offset("done") if numbers and len(channels) else 0
    for size, group in _by_slot(ctypes, heap, numbers if len(channels) else []).items():
        addresses = _slots(heap, size, done + 8, channels)
        addresses = addresses[~found.knows(addresses)]
        parent = np.uint64(ctypes.kinds[group[0]].parent or 0)
        fits = words_among(heap.image, addresses + parent, ctypes.context_itabs)
        fits &= _of_type(types, column(heap.image, addresses + np.uint64(done)), DONE)
        addresses = addresses[fits]
        kinds = _kinds(program, ctypes, heap, group, addresses)
        parts.append((addresses[kinds != NO_KIND], kinds[kinds != NO_KIND]))
    address, kind = (np.concatenate(each) for each in zip(*parts, strict=True))
    order = np.argsort(address)
    return Suspects(address[order], kind[order], column(heap.image, address[order] + np.uint64(done + 8)))


def _by_slot(ctypes: ContextTypes, heap: Heap, numbers: list[int]) -> dict[int, list[int]]:
    """The kinds so numbered by the size of the slots that they lie in: the smallest in use that is large enough."""
    sizes = distinct(heap.spans.elemsize)
    found: dict[int, list[int]] = {}
    for number in numbers:
        at = int(np.searchsorted(sizes, ctypes.kinds[number].size))
        if at < len(sizes):
            found.setdefault(int(sizes[at]), []).append(number)
    return found


def _slots(heap: Heap, size: int, offset: int, values: U64) -> U64:
    """The allocated slots of that size with one of the sorted values at the offset."""
    image, spans = heap.image, heap.spans
    chosen = (spans.elemsize == size) & ~spans.noscan & (spans.header == 0)
    some, table = np.flatnonzero(chosen), word_filter(values)

    def find(room: int) -> tuple[int, U64]:
        out = np.zeros(room, np.uint64)
        return int(scan.slots_with(image.memory, spans, some, heap.allocated, offset, values, table, out)), out

    count, found = enough(ROOM, find)
    return found[:count]


def _of_type(types: Types, words: U64, name: str) -> Bools:
    """Which of the words are descriptors of the type of that name."""
    known = distinct(words)
    right: Bools = np.isin(words, known[[one == name for one in types.names(known)]])
    return right


def _kinds(program: Program, ctypes: ContextTypes, heap: Heap, group: list[int], addresses: U64) -> U8:
    """The kinds of objects in slots of one size. A timerCtx has its timer where an afterFuncCtx has its sync.Once."""
    named = {ctypes.kinds[number].name: number for number in group}
    if len(named) == 1:
        return np.full(len(addresses), group[0], np.uint8)
    if set(named) != {context.TIMER, context.AFTER_FUNC}:
        return np.full(len(addresses), NO_KIND, np.uint8)
    timer = column(heap.image, addresses + np.uint64(program.bound(context.TIMER_CTX).offset("timer")))
    call = column(heap.image, addresses + np.uint64(program.bound(context.AFTER_FUNC_CTX).offset("callback")))
    without = np.where(call != 0, named[context.AFTER_FUNC], NO_KIND)
    return np.where(heap.ids(timer) >= 0, named[context.TIMER], without).astype(np.uint8)


def has_twins(types: Types, ctypes: ContextTypes) -> bool:
    """Whether a type but package context's own begins with a context.Context and has an ``any`` where ``done`` is."""
    done = types.program.bound(context.CANCEL_CTX).offset("done")
    largest = max(kind.size for kind in ctypes.kinds if kind.canceler)
    try:
        contexts = context.interfaces(types, types.itabs(), context.CONTEXT)
        likely = structsearch.beginning_with(types, contexts, largest)
        return any(_is_twin(types, address, done) for address in likely.tolist())
    except GdbextError:
        return True


def _is_twin(types: Types, address: int, done: int) -> bool:
    type_ = types.at(address)
    if type_.kind != STRUCT or type_.size < done + 16 or not structsearch.holds_any(types, type_, done):
        return False
    return f"*{type_.name}" not in context.CANCELERS or types.package(type_) != context.PACKAGE


def kept_by_waiters(some: Suspects, ctypes: ContextTypes, goroutines: Goroutines, waits: Waits) -> Bools:
    """Which of them a goroutine that waits on their channel keeps, together with an itab that says their kind."""
    mine = np.isin(waits.channel, some.channel)
    waits = Waits(waits.row[mine], waits.channel[mine])
    rows = np.unique(waits.row)
    image, every = goroutines.stacks(rows), roots.stacks(goroutines)
    stacks = [every[row] for row in rows.tolist()]
    holds = roots.holders(image, stacks, some.address)
    itabs = roots.holders(image, stacks, ctypes.canceler_itabs)
    kinds = np.array([ctypes.kind_index(int(itab)) for itab in ctypes.canceler_itabs], np.int64)
    says = np.isin(holds[:, 0] << 8 | some.kind[holds[:, 1]], itabs[:, 0] << 8 | kinds[itabs[:, 1]])
    kept = np.zeros(len(some.address), np.bool_)
    kept[holds[says & _waits(waits, rows, some, holds), 1]] = True
    return kept


def _waits(waits: Waits, rows: I64, some: Suspects, holds: I64) -> Bools:
    """Whether a stack's goroutine waits on the channel of what the stack holds."""
    channels = distinct(some.channel)
    width = len(channels)
    waited = np.searchsorted(rows, waits.row) * width + index_in(channels, waits.channel)
    found: Bools = np.isin(holds[:, 0] * width + index_in(channels, some.channel)[holds[:, 1]], waited)
    return found
