"""All contexts of a program: who is whose parent, who registered whom, who waits on whom."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from gdbext.analysis.contexts.waitrows import waits
from gdbext.compute import parallel
from gdbext.errors import GdbextError
from gdbext.golang.reading.program import Program
from gdbext.golang.reading.words import column, columns, index_in, word_filter, words_among
from gdbext.golang.runtime.mheap import Heap
from gdbext.golang.std import context, contextread
from gdbext.golang.std.context import ContextTypes
from gdbext.golang.types import maps
from gdbext.golang.types.rtype import Types
from gdbext.target.image import U64, Bools, Image

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
U8 = NDArray[np.uint8]

LIVE, CANCELLED, BY_PARENT = 0, 1, 2
STATES = ("live", "cancelled")
NO_DEADLINE = np.iinfo(np.int64).min
CHUNK = 1 << 18
"""Contexts decoded at a time: bounds what the intermediate arrays take."""
OTHER_ROOM = 1 << 17
PIECES = 64
"""Of the heap, to be scanned side by side: parts take unlike times."""
NO_KIND = 255


@frozen(eq=False)
class Found:
    """Objects whose type is certain to be a context's: sorted addresses and their kinds."""

    address: U64 = field(repr=False)
    kind: U8 = field(repr=False)
    notes: tuple[str, ...] = ()

    def knows(self, addresses: U64) -> Bools:
        """Which of the addresses are among those found."""
        if not len(self.address):
            return np.zeros(len(addresses), np.bool_)
        at = np.minimum(np.searchsorted(self.address, addresses), len(self.address) - 1)
        known: Bools = self.address[at] == addresses
        return known


@frozen(eq=False)
class Contexts:
    """Every context found, as parallel arrays; an index is a context. ``parent`` -1: Background or unknown.

    ``parent_kind``: index in ``types.kinds`` by the itab in the parent's interface, NO_KIND unknown.
    ``registered_with``: whose children map holds it. ``children``: entries in its own map; ``listed``: how many of them
    are among the contexts found.
    ``state``: LIVE or CANCELLED. ``deadline``: CLOCK_MONOTONIC ns, NO_DEADLINE. ``done``: its channel, 0 if never asked
    for. ``waits``: rows (context, goroutine index), sorted.
    """

    types: ContextTypes
    address: U64 = field(repr=False)
    kind: U8 = field(repr=False)
    parent: I32 = field(repr=False)
    parent_kind: U8 = field(repr=False)
    registered_with: I32 = field(repr=False)
    children: I32 = field(repr=False)
    listed: I32 = field(repr=False)
    state: U8 = field(repr=False)
    deadline: I64 = field(repr=False)
    waits: I64 = field(repr=False)
    notes: tuple[str, ...] = ()
    certain: Bools | None = field(default=None, repr=False)
    """Seen alike in two looks at a running program; None where the program stands still."""

    def __len__(self) -> int:
        return len(self.address)

    def index(self, address: int) -> int:
        """The context at an address, or -1."""
        at = int(np.searchsorted(self.address, np.uint64(address)))
        return at if at < len(self.address) and int(self.address[at]) == address else -1

    def waiters(self, index: int) -> I64:
        """Indices of the goroutines blocked on the context's Done channel."""
        low, high = np.searchsorted(self.waits[:, 0], [index, index + 1])
        found: I64 = self.waits[low:high, 1]
        return found


def find(
    ctypes: ContextTypes, heap: Heap, closures: Sequence[tuple[int, int]], variables: Sequence[tuple[int, int]]
) -> Found:
    """Contexts that an interface pair or a capturing closure in a heap object refers to.

    ``closures``: (entry pc, kind) of the functions of package context whose closures capture a context in their first
    captured word. ``variables``: the ranges where global variables lie.
    """
    marks, other, notes = _scan(ctypes, heap, *with_closures(ctypes, closures))
    ids = np.flatnonzero(marks)
    kinds = _by_size(ctypes)[marks[ids].astype(np.int64) - 1]
    address, kind = _embedding(ctypes, heap.image, heap.addresses(ids), kinds)
    extra, extra_kind = _outside(heap, ctypes, other, variables)
    return _sorted(np.concatenate([address, extra]), np.concatenate([kind, extra_kind]), notes)


def _by_size(ctypes: ContextTypes) -> U8:
    """The kinds, the smallest type first: of two types at one address the larger is the object's."""
    return np.argsort([kind.size for kind in ctypes.kinds], kind="stable").astype(np.uint8)


def _scan(ctypes: ContextTypes, heap: Heap, words: U64, kind_of: U8) -> tuple[U8, U64, tuple[str, ...]]:
    """(for each slot 1 + place in ``_by_size`` where it is a context, else 0; (kind, address) elsewhere; notes)."""
    from gdbext.golang.runtime import kernels

    order, marks, spans = _by_size(ctypes), np.zeros(heap.spans.slots, np.uint8), heap.spans
    sizes, rank = np.array([ctypes.kinds[kind].size for kind in order], np.uint64), np.argsort(order).astype(np.uint8)
    wanted = kernels.Wanted(words, word_filter(words), rank[kind_of], sizes)

    def some(begin: int, end: int) -> tuple[U64, int, int]:
        other = np.zeros((OTHER_ROOM + 1, 2), np.uint64)
        _, unreadable, lost = kernels.scan_heap(
            heap.image.memory, spans, heap.allocated, marks.ctypes.data, wanted, other, begin, end
        )
        rows = other[:-1][other[:-1, 1] != 0] if other[-1, 0] else other[:0]
        rows[:, 0] = order[rows[:, 0].astype(np.int64)]
        return rows, unreadable, lost

    found = parallel.split(len(spans.base), some, PIECES)
    unreadable, lost = (sum(one[i] for one in found) for i in (1, 2))
    notes = list(heap.notes)
    if unreadable:
        notes.append(f"{unreadable} bytes of the heap cannot be read: contexts in them or held only there are missing")
    if lost:
        notes.append(f"{lost} references to contexts outside heap objects were left out")
    return marks, np.concatenate([one[0] for one in found]), tuple(notes)


def add(found: Found, ctypes: ContextTypes, heap: Heap, kind: U8, data: U64) -> Found:
    """More contexts, that pairs in globals or live stack slots refer to; those that are no allocated object are not."""
    ids = heap.ids(data)
    sizes = np.array([one.size for one in ctypes.kinds], np.uint64)
    fits = (ids >= 0) & ~found.knows(data)
    fits[fits] = heap.addresses(ids[fits]) == data[fits]
    fits[fits] = heap.elemsizes(ids[fits]) >= sizes[kind[fits].astype(np.int64)]
    if not fits.any():
        return found
    address, first = np.unique(data[fits], return_index=True)
    return joined(found, *_embedding(ctypes, heap.image, address, kind[fits][first]))


def joined(found: Found, address: U64, kind: U8) -> Found:
    """Those found and others."""
    return _sorted(np.concatenate([found.address, address]), np.concatenate([found.kind, kind]), found.notes)


def _sorted(address: U64, kind: U8, notes: tuple[str, ...]) -> Found:
    if (address[1:] > address[:-1]).all():
        return Found(address, kind, notes)
    order = np.argsort(address, kind="stable")
    return Found(address[order], kind[order], notes)


def with_closures(ctypes: ContextTypes, closures: Sequence[tuple[int, int]]) -> tuple[U64, U8]:
    """The words to look for and their kinds, sorted by word."""
    words = np.concatenate([ctypes.words, np.array([pc for pc, _ in closures], np.uint64)])
    kinds = np.concatenate([ctypes.kind_of, np.array([kind for _, kind in closures], np.uint8)])
    order = np.argsort(words, kind="stable")
    return words[order], kinds[order]


def _embedding(ctypes: ContextTypes, image: Image, address: U64, kind: U8) -> tuple[U64, U8]:
    """Those whose parent field holds a context, as a context's does."""
    fine = np.ones(len(address), np.bool_)
    for index, one in enumerate(ctypes.kinds):
        mine = np.flatnonzero(kind == index)
        if one.parent is not None and len(mine):
            fine[mine] = _embeds_context(image, ctypes, address[mine] + np.uint64(one.parent), one)
    return address[fine], kind[fine]


def _embeds_context(image: Image, ctypes: ContextTypes, addresses: U64, kind: context.Kind) -> Bools:
    """Whether the word at each address is an itab of context.Context; a user's context may hold nil."""
    itabs = ctypes.context_itabs
    allowed = itabs if kind.name in context.STANDARD else np.concatenate([np.zeros(1, np.uint64), itabs])
    return words_among(image, addresses, allowed)


def _outside(heap: Heap, ctypes: ContextTypes, other: U64, variables: Sequence[tuple[int, int]]) -> tuple[U64, U8]:
    """Users' contexts that are no whole heap object: global variables, fields of larger objects."""
    rows = np.unique(other, axis=0)
    kinds = [ctypes.kinds[int(kind)] for kind in rows[:, 0]]
    users = np.array([one.size > 0 and one.name not in context.STANDARD for one in kinds], np.bool_)
    placed = heap.ids(rows[:, 1]) >= 0
    for start, end in variables:
        placed |= (rows[:, 1] >= start) & (rows[:, 1] < end)
    rows = rows[users & placed]
    address, first = np.unique(rows[:, 1], return_index=True)
    return address, rows[first, 0].astype(np.uint8)


class _Decoder:
    """Fills the arrays of Contexts, kind by kind and chunk by chunk."""

    def __init__(self, program: Program, types: Types, ctypes: ContextTypes, image: Image, found: Found) -> None:
        n = len(found.address)
        self.program, self.types, self.ctypes, self.image, self.found = program, types, ctypes, image, found
        self.parent = np.full(n, -1, np.int32)
        self.parent_kind = np.full(n, NO_KIND, np.uint8)
        self.registered_with = np.full(n, -1, np.int32)
        self.children, self.listed = np.zeros((2, n), np.int32)
        self.state = np.full(n, BY_PARENT, np.uint8)
        self.deadline = np.full(n, NO_DEADLINE, np.int64)
        self.torn = 0
        self.channels: list[tuple[I64, U64]] = []

    def run(self) -> None:
        for index, kind in enumerate(self.ctypes.kinds):
            mine = np.flatnonzero(self.found.kind == index)
            for at in range(0, len(mine), CHUNK):
                self.chunk(kind, mine[at : at + CHUNK])

    def chunk(self, kind: context.Kind, mine: I64) -> None:
        """Decode contexts of one kind."""
        address = self.found.address[mine]
        if kind.parent is not None:
            self.parents(kind.parent, mine, address)
        if kind.canceler:
            self.cancelers(mine, address)
        for offset in kind.channels:
            self.channels.append(_nonzero(mine, column(self.image, address + np.uint64(offset))))
        if kind.background or kind.name == "context.withoutCancelCtx":
            self.state[mine] = LIVE
        if kind.name == "*context.timerCtx":
            self.deadline[mine] = deadlines(self.program, self.image, address)

    def parents(self, offset: int, mine: I64, address: U64) -> None:
        """The parent's interface: its itab says the kind, its data word which context it is."""
        from gdbext.golang.reading import kernels as columnkernels

        types, image = self.ctypes, self.image

        def some(begin: int, end: int) -> None:
            columnkernels.parents(
                image.memory, offset, mine[begin:end], address[begin:end], types.words,
                types.kind_of, self.found.address, self.parent_kind, self.parent,
            )  # fmt: skip

        parallel.split(len(mine), some)

    def cancelers(self, mine: I64, address: U64) -> None:
        """State, children and Done channel of contexts that start with a cancelCtx."""
        bound = self.program.bound(context.CANCEL_CTX)
        offsets = (bound.offset("err"), bound.offset("children"), bound.offset("done") + 8)
        err, children, done = np.ascontiguousarray(columns(self.image, address, offsets).T)
        self.state[mine] = np.where(err != 0, CANCELLED, LIVE)
        self.channels.append(_nonzero(mine, done))
        with_children, headers = _nonzero(mine, children)
        if len(headers):
            self.register(with_children, headers)

    def register(self, owners: I64, headers: U64) -> None:
        """Walk children maps: who is registered with whom."""
        shape = children_shape(self.program, self.types, self.ctypes)
        rows, torn = maps.interface_keys(self.program, shape, self.image, headers)
        self.torn += torn
        self.children[owners] = np.bincount(rows[:, 0].astype(np.int64), minlength=len(owners))
        child = index_in(self.found.address, rows[:, 1])
        known = child >= 0
        owner = owners[rows[known, 0].astype(np.int64)]
        self.registered_with[child[known]] = owner
        self.listed += np.bincount(owner, minlength=len(self.listed)).astype(np.int32)


def _nonzero(mine: I64, words: U64) -> tuple[I64, U64]:
    return mine[words != 0], words[words != 0]


def children_shape(program: Program, types: Types, ctypes: ContextTypes) -> maps.Shape:
    """How the children maps are laid out: from the type of the field context.cancelCtx.children."""
    for kind in ctypes.kinds:
        if kind.name == "*context.cancelCtx":
            for one in types.fields(types.elem(kind.type)):
                if one.name == "children":
                    return maps.shape(program, types, one.type)
    raise GdbextError("no type descriptor of context.cancelCtx: its children maps cannot be read")


def decode(
    program: Program, types: Types, ctypes: ContextTypes, image: Image, found: Found, waiting: tuple[I64, U64]
) -> Contexts:
    """The forest of the contexts found. ``waiting``: (goroutine index, hchan address) pairs of blocked goroutines."""
    from gdbext.analysis.contexts import forests, kernels

    decoder = _Decoder(program, types, ctypes, image, found)
    decoder.run()
    notes = list(found.notes)
    if decoder.torn:
        notes.append(f"{decoder.torn} children maps could not be read whole (changing, torn or garbage)")
    notes += _unlisted(decoder.children, decoder.listed)
    cut = forests.cut_cycles(decoder.parent)
    if cut:
        notes.append(f"{cut} contexts are their own ancestors: memory is torn there")
    kernels.inherit(decoder.parent, forests.top_down(decoder.parent), decoder.state, BY_PARENT)
    decoder.state[decoder.state == BY_PARENT] = LIVE
    return Contexts(
        ctypes, found.address, found.kind, decoder.parent, decoder.parent_kind, decoder.registered_with,
        decoder.children, decoder.listed, decoder.state, decoder.deadline, waits(decoder.channels, waiting),
        tuple(notes),
    )  # fmt: skip


def _unlisted(children: I32, listed: I32) -> list[str]:
    """What children maps hold and nothing else is known of."""
    missing = children.astype(np.int64) - listed
    owners = np.flatnonzero(missing > 0)
    if not len(owners):
        return []
    many = f"{missing[owners].sum():,} contexts registered with {len(owners):,} others"
    return [f"{many} are not listed: their types are not certain"]


def deadlines(program: Program, image: Image, addresses: U64) -> I64:
    """When the timerCtxs at the addresses end, on the monotonic clock; NO_DEADLINE where it cannot be told.

    A time.Time with a monotonic reading counts from time.startNano; one without (a wall-clock deadline) is told by its
    runtime timer, while that runs.
    """
    start = np.int64(contextread.start_nano(program))
    time_ = program.bound(contextread.TIME)
    at = program.bound(context.TIMER_CTX).offset("deadline")
    wall, ext = columns(image, addresses, (at + time_.offset("wall"), at + time_.offset("ext"))).T
    monotonic = (wall & np.uint64(contextread.HAS_MONOTONIC)) != 0
    found = np.where(monotonic, ext.astype(np.int64) + start, NO_DEADLINE)
    by_wall = np.flatnonzero(~monotonic)
    if len(by_wall):
        found[by_wall] = _timer_when(program, image, addresses[by_wall])
    return found


def _timer_when(program: Program, image: Image, addresses: U64) -> I64:
    timer = column(image, addresses + np.uint64(program.bound(context.TIMER_CTX).offset("timer")))
    when = column(image, timer + np.uint64(program.bound(contextread.TIME_TIMER).offset("when"))).astype(np.int64)
    return np.where(timer != 0, when, NO_DEADLINE)
