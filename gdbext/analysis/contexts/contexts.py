"""All contexts of a program: who is whose parent, who registered whom, who waits on whom."""

from __future__ import annotations

import numpy as np
from attrs import field, frozen

from gdbext.analysis.contexts import forests, kernels
from gdbext.analysis.contexts.finding import Found
from gdbext.analysis.contexts.waitrows import waits
from gdbext.compute import parallel
from gdbext.compute.arrays import I32, I64, U8, U64, Bools
from gdbext.errors import GdbextError
from gdbext.golang.reading import kernels as columnkernels
from gdbext.golang.reading.program import Program
from gdbext.golang.reading.words import column, columns, index_in, index_of
from gdbext.golang.std import context
from gdbext.golang.std.context import ContextTypes
from gdbext.golang.std.time import TIME, TIMER, has_monotonic, start_nano
from gdbext.golang.types import maps
from gdbext.golang.types.rtype import Types
from gdbext.target.image import Image

LIVE, CANCELLED, BY_PARENT = 0, 1, 2
STATES = ("live", "cancelled")
NO_DEADLINE = np.iinfo(np.int64).min
CHUNK = 1 << 18
"""Contexts decoded at a time: bounds what the intermediate arrays take."""
NO_KIND = 255


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
        return index_of(self.address, address)

    def waiters(self, index: int) -> I64:
        """Indices of the goroutines blocked on the context's Done channel."""
        low, high = np.searchsorted(self.waits[:, 0], [index, index + 1])
        found: I64 = self.waits[low:high, 1]
        return found


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
        if kind.background or kind.name == context.WITHOUT_CANCEL:
            self.state[mine] = LIVE
        if kind.name == "*context.timerCtx":
            self.deadline[mine] = deadlines(self.program, self.image, address)

    def parents(self, offset: int, mine: I64, address: U64) -> None:
        """The parent's interface: its itab says the kind, its data word which context it is."""
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
    decoder = _Decoder(program, types, ctypes, image, found)
    decoder.run()
    notes = [*ctypes.notes, *found.notes]
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
    start = np.int64(start_nano(program))
    time_ = program.bound(TIME)
    at = program.bound(context.TIMER_CTX).offset("deadline")
    wall, ext = columns(image, addresses, (at + time_.offset("wall"), at + time_.offset("ext"))).T
    monotonic = has_monotonic(wall)
    found = np.where(monotonic, ext.astype(np.int64) + start, NO_DEADLINE)
    by_wall = np.flatnonzero(~monotonic)
    if len(by_wall):
        found[by_wall] = _timer_when(program, image, addresses[by_wall])
    return found


def _timer_when(program: Program, image: Image, addresses: U64) -> I64:
    timer = column(image, addresses + np.uint64(program.bound(context.TIMER_CTX).offset("timer")))
    when = column(image, timer + np.uint64(program.bound(TIMER).offset("when"))).astype(np.int64)
    return np.where(timer != 0, when, NO_DEADLINE)
