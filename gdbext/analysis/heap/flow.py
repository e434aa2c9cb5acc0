"""Which objects are alive and of which type, by one traversal from the roots: types flow along typed words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from queue import SimpleQueue

import numpy as np
from attrs import evolve, field, frozen
from numpy.typing import NDArray

from gdbext.analysis.heap.closures import type_closures
from gdbext.analysis.heap.kernels import following as kernels, meeting, words as wordkernels
from gdbext.analysis.heap.kernels.following import Interfaces
from gdbext.analysis.heap.kernels.meeting import FOREIGN, LOST, REGIONS, TYPED, UNTYPED, Place, Work
from gdbext.analysis.heap.kernels.objects import ALLOCATED, BASE, HOST, LIMIT, MARKED
from gdbext.analysis.heap.kernels.words import Mask
from gdbext.analysis.heap.objects import Laid, copied
from gdbext.analysis.heap.stackvariables import StackVariables
from gdbext.compute import parallel
from gdbext.compute.arrays import I32, I64, U64, Bools
from gdbext.compute.control import CONTROL
from gdbext.golang.reading.program import Program
from gdbext.golang.runtime.mgcmark import Roots
from gdbext.golang.runtime.moduledata import Module
from gdbext.golang.runtime.rootwords import Part
from gdbext.golang.types.flat.closures import Closures, Told
from gdbext.golang.types.flat.table import TypeTable
from gdbext.target.image import Image

LEAST = 1 << 16
"""Room in the queues, however small the heap is."""
REGION = 128
"""Bytes of the heap for each region: the least that is one has 17 words."""
WORD = 8
SOME_DATA = 1 << 22
LARGEST_DATA = 1 << 29
"""Bytes of all modules' variables that are followed by their types: as many again are noted of them."""
MANY = 1 << 15
"""Words of a level that are worth several threads."""
RAN = "the program ran while its memory was read: what it moved meanwhile may be counted as garbage, or twice"
PIECES = 16
"""Parts of such a level: parts take unlike times."""


Data = tuple[NDArray[np.uint8], int, int]
"""A module's variables: a copy of the bytes, and [low, high) where they lie."""


@frozen(eq=False)
class Flowed:
    """What was found out of each slot: ``state``, as ``kernels`` pack it. ``notes``: what it could not rest on.

    ``stacked``, ``closures``: what the types of stacks' variables and of closures were made from, see
    ``stackvariables.grown`` and ``closures.grown``. ``told``: what more types may be made from.
    """

    laid: Laid = field(repr=False)
    table: TypeTable = field(repr=False)
    state: I32 = field(repr=False)
    notes: tuple[str, ...] = ()
    closures: U64 = field(factory=lambda: np.zeros((0, 3), np.uint64), repr=False)
    stacked: I64 = field(factory=lambda: np.zeros((0, 2), np.int64), repr=False)
    told: Sequence[Told] = field(default=(), repr=False)


def flow(
    program: Program,
    laid: Laid,
    table: TypeTable,
    modules: Sequence[Module],
    roots: Roots,
    variables: U64,
    closures: Closures,
    stacks: StackVariables | None = None,
) -> Flowed:
    """Follow everything from the roots and the typed ``variables``: rows (address, type's row, how many), in modules'
    data or in objects, which need not be reachable themselves.

    ``stacks``: what some of the roots are, by types that are in ``table``.
    """
    traversal = Traversal.of(program, laid, table, modules)
    traversal.begin(variables)
    traversal.roots(roots.value)
    traversal.roots(contents(laid, table, roots.contents))
    if stacks is not None:
        traversal.stacks(stacks)
    traversal.run()
    table, seen = type_closures(closures, table, laid.objects, traversal.front)
    traversal = evolve(traversal, table=table)
    traversal.run()
    notes = roots.notes if program.target.memory.stable else (*roots.notes, RAN)
    stacked = stacks.entries if stacks is not None else np.zeros((0, 2), np.int64)
    return Flowed(laid, table, laid.objects.state, (*notes, *traversal.notes()), seen, stacked, closures.told)


def wider(program: Program, flowed: Flowed, modules: Sequence[Module], more: Part) -> Flowed:
    """What was found, and marked besides what only those words reach, which need not be pointers."""
    laid = _to_go_on(flowed)
    traversal = Traversal.of(program, laid, flowed.table, modules)
    traversal.roots(more.value)
    traversal.run()
    said = (note for note in traversal.notes() if note not in flowed.notes)
    return evolve(flowed, laid=laid, state=laid.objects.state, notes=(*flowed.notes, *more.notes, *said))


def with_garbage(program: Program, flowed: Flowed, modules: Sequence[Module], closures: Closures) -> Flowed:
    """What was found, and the types of objects that are not reachable, which stay so: each of them is followed."""
    laid = _to_go_on(flowed)
    traversal, garbage = Traversal.of(program, laid, flowed.table, modules), _is_garbage(flowed.state)
    traversal.roots(laid.heap.addresses(np.flatnonzero(garbage)))
    traversal.run()
    state = laid.objects.state
    table, _ = type_closures(closures, flowed.table, laid.objects, traversal.front)
    evolve(traversal, table=table).run()
    state[:] = np.where(garbage, state & ~MARKED, flowed.state)
    return evolve(flowed, laid=laid, table=table, state=state, told=closures.told)


def _to_go_on(flowed: Flowed) -> Laid:
    """The slots with a copy of what was found of them."""
    return evolve(flowed.laid, objects=flowed.laid.objects._replace(state=flowed.state.copy()))


def _is_garbage(state: I32) -> Bools:
    found: Bools = state & (ALLOCATED | MARKED) == ALLOCATED
    return found


def contents(laid: Laid, table: TypeTable, addresses: U64) -> U64:
    """What the pointer words of the objects at the addresses say; they themselves need not be reachable."""
    ids = laid.heap.ids(addresses)
    ids = ids[ids >= 0]
    spans, objects = laid.heap.spans, laid.objects
    numbers = np.searchsorted(spans.first, ids, "right") - 1
    slots = (ids - spans.first[numbers]).astype(np.uint64)
    room = int((spans.elemsize[numbers] // np.uint64(WORD)).sum())
    out = np.zeros(room, np.uint64)
    memory, described = laid.heap.image.memory, table.described
    return out[: wordkernels.contents(memory, objects, described, Mask.none(), numbers, slots, out)]


@frozen(eq=False)
class Traversal:
    """A traversal under way. ``front``: what the next level follows; ``backs``: where threads put what they find."""

    laid: Laid
    table: TypeTable
    place: Place
    interfaces: Interfaces
    front: Work
    backs: Sequence[Work]
    rows: I32
    begins: I32
    data: Sequence[Data]

    @classmethod
    def of(cls, program: Program, laid: Laid, table: TypeTable, modules: Sequence[Module]) -> Traversal:
        """Of a heap of which nothing is marked."""
        every = [_data(program, one, LARGEST_DATA // len(modules)) for one in modules]
        data, low, high = every[0]
        statics = np.zeros((high - low) // WORD + 1, np.uint64)
        arrays = laid.objects.state, statics, laid.objects.spans
        hosts = [data.ctypes.data, table.text, *(one.ctypes.data for one in arrays)]
        room = max(laid.heap.spans.slots, LEAST), len(statics)
        bytes_ = int((laid.heap.spans.limit - laid.heap.spans.base).sum()) + high - low
        regions = LEAST + bytes_ // REGION
        works = [_work(*room, regions) for _ in range(1 + parallel.threads())]
        return cls(
            laid, table, Place(statics, np.array([low, high, *hosts], np.uint64)),
            Interfaces(table.itab, table.itab_row, table.filter), works[0], works[1:], np.empty(room[0], np.int32),
            np.empty(len(laid.objects.spans) + 1, np.int32), every,
        )  # fmt: skip

    def begin(self, variables: U64) -> None:
        """Let the variables that lie in the modules' data, or in objects, be followed by their types."""
        for data, low, high in self.data:
            self._begin(variables, *np.array([[low], [high], [data.ctypes.data]], np.uint64))
        spans = self.laid.objects.spans
        self._begin(variables, spans[:, BASE], spans[:, LIMIT], spans[:, HOST])

    def _begin(self, variables: U64, low: U64, high: U64, host: U64) -> None:
        """``low``: where the ranges of our memory at ``host`` begin, in order."""
        if not len(low):
            return
        described, top = self.table.described, int(self.front.tops[REGIONS])
        address, row, times = variables.T
        rows, at = row.astype(np.int64), np.maximum(np.searchsorted(low, address, "right") - 1, 0)
        inside = (address >= low[at]) & (address + described.size[rows] * times <= high[at])
        chosen = inside & (described.pointers[rows] != 0) & (described.slots[rows] > 0)
        found, at = variables[chosen], at[chosen]
        count = min(len(found), len(self.front.regions) - top)
        self.front.regions[top : top + count] = found[:count]
        self.front.regions[top : top + count, 0] += (host[at] - low[at])[:count]  # may wrap
        self.front.tops[REGIONS] = top + count

    def roots(self, words: U64) -> None:
        """Mark what the words point into."""
        memory, laid, table = self.laid.heap.image.memory, self.laid, self.table

        def some(begin: int, end: int, work: Work) -> None:
            kernels.follow_roots(memory, laid.objects, table.described, self.place, words, begin, end, work)

        self._level([(len(words), some)])

    def stacks(self, found: StackVariables) -> None:
        """What variables on stacks say of what they point to, all of which is marked."""
        memory, laid, table = self.laid.heap.image.memory, self.laid, self.table
        hosts = np.uint64(found.words.ctypes.data) + np.arange(0, found.words.nbytes, 3 * WORD, dtype=np.uint64)
        slots = kernels.Slots(hosts, found.kind, found.target)

        def some(begin: int, end: int, work: Work) -> None:
            common = memory, laid.objects, table.described, self.interfaces, self.place
            kernels.follow_slots(*common, slots, begin, end, work)

        self._level([(len(hosts), some)])

    def run(self) -> None:
        """Follow everything, level by level, until nothing is left."""
        with CONTROL.expecting(self._expected()):
            self._run()

    def _expected(self) -> int:
        """How many objects may be followed: those with pointers."""
        heap = self.laid.heap
        return int(heap.live[~heap.spans.noscan].sum())

    def _run(self) -> None:
        memory, laid, table, back = self.laid.heap.image.memory, self.laid, self.table, self.backs[0]
        tops = self.front.tops
        while tops[TYPED] + tops[REGIONS] + tops[UNTYPED]:
            kernels.follow_levels(
                memory, laid.objects, table.described, self.interfaces, table.layout, self.place, self.rows, self.front,
                back, Mask.none(), MANY,
            )  # fmt: skip
            if tops[TYPED] + tops[REGIONS]:
                self._typed()
            elif tops[UNTYPED]:
                self._untyped()

    def _typed(self) -> None:
        """A large level of what has types."""
        memory, laid, table, front = self.laid.heap.image.memory, self.laid, self.table, self.front
        typed, regions = int(front.tops[TYPED]), int(front.tops[REGIONS])
        front.tops[[TYPED, REGIONS]] = 0
        common = memory, laid.objects, table.described, self.interfaces, table.layout, self.place

        def objects(begin: int, end: int, work: Work) -> None:
            kernels.follow_typed(*common, front.typed, self.rows, begin, end, work)

        def values(begin: int, end: int, work: Work) -> None:
            kernels.follow_regions(*common, front.regions, begin, end, work)

        self._settle(front.typed, typed)
        self._level([(regions, values), (typed, objects)])

    def _untyped(self) -> None:
        """A large level of objects without types."""
        memory, laid, table, front = self.laid.heap.image.memory, self.laid, self.table, self.front
        count = int(front.tops[UNTYPED])
        front.tops[UNTYPED] = 0

        def some(begin: int, end: int, work: Work) -> None:
            kernels.follow_untyped(
                memory, laid.objects, table.described, self.interfaces, self.place, front.untyped, self.rows, begin,
                end, work, Mask.none(),
            )  # fmt: skip

        self._settle(front.untyped, count)
        self._level([(count, some)])

    def _settle(self, entries: U64, count: int) -> None:
        objects, rows = self.laid.objects, self.rows
        meeting.arrange(entries, count, self.begins, self.backs[0].typed)
        parallel.split(count, lambda begin, end: meeting.settle(objects, entries, rows, begin, end))

    def _level(self, parts: Sequence[tuple[int, Callable[[int, int, Work], None]]]) -> None:
        """Follow the parts, each of so many entries, side by side, and give what they found to the next level."""
        free: SimpleQueue[Work] = SimpleQueue()
        for back in self.backs:
            free.put(back)

        def some(follow: Callable[[int, int, Work], None], begin: int, end: int) -> None:
            work = free.get()
            try:
                follow(begin, end, work)
                CONTROL.work(end - begin)
            finally:
                free.put(work)

        for count, follow in parts:
            parallel.split(count, partial(some, follow), min(count, PIECES))
        for back in self.backs:
            meeting.follow_statics(self.table.described, self.place, back, back)
            meeting.gather(self.front, back)

    def notes(self) -> Iterator[str]:
        """What the answer could not rest on, or rests on less than on the rest."""
        if missing := self.laid.unreadable:
            yield f"{missing:,} bytes of the heap could not be read: what only they refer to counts as garbage"
        if lost := int(self.front.tops[LOST]):
            yield f"{lost:,} values were not followed for want of room: what only they refer to counts as garbage"
        if foreign := int(self.front.tops[FOREIGN]):
            yield foreign_note(foreign)


def foreign_note(objects: int) -> str:
    """That so many have types that are in no table. All that may be a pointer in them was followed."""
    return f"{objects:,} objects of types that are in no table were followed by their masks or word by word"


def _work(slots: int, words: int, regions: int) -> Work:
    """Queues that never run over: pages that stay untouched cost nothing."""
    return Work(
        np.empty(slots, np.uint64), np.empty(slots, np.uint64), np.empty((regions, 3), np.uint64),
        np.empty((2 * words + LEAST, 3), np.uint64), np.zeros((meeting.ROOM, 4), np.uint64),
        np.zeros(meeting.ALL_TOPS, np.int64),
    )  # fmt: skip


def _data(program: Program, one: Module, most: int) -> Data:
    """A copy of a module's variables that may hold pointers, and where they lie; zeros where unreadable."""
    low, high = min(one.noptrdata, one.data) & ~7, max(one.edata, one.ebss)
    high = low + max(0, min(high - low, most)) // WORD * WORD
    image = program.whole_image() or program.target.memory.image([(low, high)])
    high = low + min(high - low, max(SOME_DATA, 2 * _readable(image, low, high))) // WORD * WORD
    return copied(image, low, high)[0], low, high


def _readable(image: Image, low: int, high: int) -> int:
    """How many bytes there are: a module whose bounds are damaged claims what nobody has."""
    starts, ends = (np.clip(one, np.uint64(low), np.uint64(high)) for one in (image.starts, image.ends))
    return int((ends - starts).sum())
