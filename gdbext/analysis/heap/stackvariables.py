"""What the pointers on stacks are: which variable has each word that stack maps say is live, by the debug information.

A variable's type says what its word points to. That may be wrong, for a variable that is dead at a pc may still have
its place there; so it is no more than likely. Words that several variables have which differ say nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from attrs import evolve, field, frozen

from gdbext.analysis.goroutines.frameranges import FrameRanges
from gdbext.analysis.goroutines.framewords import FrameWords, agreed, covering
from gdbext.errors import GdbextError
from gdbext.golang.reading.words import column
from gdbext.golang.runtime.rootwords import STACK
from gdbext.golang.types.flat.kernels import EFACE, IFACE, REFLECTED, REPEATED

if TYPE_CHECKING:
    from gdbext.binary.dwarf.variables import Variable
    from gdbext.compute.arrays import I32, I64, U8, U64
    from gdbext.golang.plugins import LoadedFiles
    from gdbext.golang.reading.program import Program
    from gdbext.golang.runtime.mgcmark import Roots
    from gdbext.golang.runtime.mheap import Heap
    from gdbext.golang.runtime.traces import Walked
    from gdbext.golang.types.flat.closures import Told
    from gdbext.golang.types.flat.kernels import Described
    from gdbext.golang.types.flat.table import TypeTable

WORD, WORDS = 8, 3
"""Words of a slot: a slice has most."""
APART, MOST_SORTS = np.uint64(1 << 40), 1 << 23
"""Bytes from one stack to the next where there is one of each sort, and how many can be there."""
NESTING = 64
SHAPED = "go.shape."
"""In the names of types that stand for all that are alike to the garbage collector (cmd/compile, noder/reader.go)."""
CONSTANT, BEHIND = range(2)
SECOND = (IFACE, EFACE, REFLECTED)
"""Slots whose pointer is their second word."""


class Known(Protocol):
    """What they are searched by, as a Session has it."""

    @property
    def program(self) -> Program: ...
    @property
    def files(self) -> LoadedFiles: ...
    @property
    def heap(self) -> Heap: ...
    @property
    def roots(self) -> Roots: ...


class Where(NamedTuple):
    """Where a word is: the number itself, or that far behind the frame's CFA."""

    kind: int
    value: int


class Covering(NamedTuple):
    """A variable that has a word, which lies ``offset`` bytes in it. ``frame``: 0 for one of the frame that the word
    lies in, 1 for an argument of the one that it called. ``told``: the number of its file."""

    variable: Variable
    offset: int
    frame: int
    told: int


class Spot(NamedTuple):
    """The slot that a word belongs to: its kind, the type it speaks of, where its words are, relative to ``frame``."""

    kind: int
    target: int
    words: tuple[Where, ...]
    frame: int


class Slots(NamedTuple):
    """Some slots. ``behind``: where words are that are still to be read, 0 for the others."""

    words: U64
    behind: U64
    kind: U8
    target: I32

    @classmethod
    def none(cls) -> Slots:
        """No slots."""
        words = np.zeros((0, WORDS), np.uint64)
        return cls(words, words, np.zeros(0, np.uint8), np.zeros(0, np.int32))


@frozen(eq=False)
class StackVariables:
    """Slots on stacks: their words, kinds and targets, as ``kernels.follow_slot`` takes them; ``table`` has the types.

    ``entries``: what ``table`` was made from, see ``grown``.
    """

    table: TypeTable = field(repr=False)
    words: U64 = field(repr=False)
    kind: U8 = field(repr=False)
    target: I32 = field(repr=False)
    entries: I64 = field(repr=False)

    @classmethod
    def none(cls, table: TypeTable) -> StackVariables:
        """No slots."""
        slots = Slots.none()
        return cls(table, slots.words, slots.kind, slots.target, np.zeros((0, 2), np.int64))


def stack_variables(known: Known, table: TypeTable, told: Sequence[Told]) -> StackVariables:
    """What the roots on stacks are, of those that point into the heap; none without debug information.

    ``table`` has the rows of all that is ``told``.
    """
    roots = known.roots
    chosen = np.flatnonzero((roots.kind == STACK) & (roots.where != 0))
    chosen = chosen[known.heap.ids(roots.value[chosen]) >= 0]
    if not len(chosen) or not told:
        return StackVariables.none(table)
    unlike, moved = _unlike(roots.walked, roots.owner[chosen], roots.where[chosen])
    words = FrameWords.of(FrameRanges.of(unlike), moved)
    some = [[*_covering(known.files, told, place)] for place in words.places.tolist()]
    entries = _entries(some)
    table, rows = grown(told, table, entries)
    of = dict(zip(map(tuple, entries.tolist()), rows.tolist(), strict=True))
    spots = dict(_spots(table, some, of))
    slots = _read(known.program, spots, words.words, roots.where[chosen] - words.behind, roots.value[chosen])
    return StackVariables(table, slots.words, slots.kind, slots.target, entries)


def grown(told: Sequence[Told], table: TypeTable, entries: I64) -> tuple[TypeTable, I32]:
    """The types with those of some entries of the debug information (the number of a file in ``told``, an entry each),
    and the row of each, -1 where nothing is known. ``table`` has the rows of all that is ``told``."""
    rows = np.full(len(entries), -1, np.int32)
    for number, one in enumerate(told):
        mine = entries[:, 0] == number
        dies = one.dies.on(table)
        with suppress(GdbextError):
            rows[mine] = dies.rows(entries[mine, 1])
        table = dies.table
    return table, rows


def _unlike(walked: Sequence[Walked], row: I64, where: U64) -> tuple[list[Walked], U64]:
    """One stack of each sort, at an address of its own, and where words of the stacks of goroutines ``row`` lie in
    those; 0 for words of none."""
    made: list[Walked] = []
    moved, first = np.zeros(len(where), np.uint64), 1
    for one in walked:
        nodes, sort = np.unique(one.node, return_inverse=True)
        if not len(nodes) or first + len(nodes) > MOST_SORTS:
            continue
        numbers = np.arange(first, first + len(nodes))
        begin, first = numbers.astype(np.uint64) * APART, first + len(nodes)
        made.append(evolve(one, rows=numbers, node=nodes, sp=begin))
        order = np.argsort(one.rows, kind="stable")
        place = order[np.minimum(np.searchsorted(one.rows[order], row), len(order) - 1)]
        far = where - one.sp[place]
        mine = (one.rows[place] == row) & (far < APART)
        moved[mine] = begin[sort.ravel()[place[mine]]] + far[mine]
    return made, moved


def _covering(files: LoadedFiles, told: Sequence[Told], place: Sequence[int]) -> Iterator[Covering]:
    """The variables that have a word at a place, and types that are told."""
    numbers = {id(one.file): number for number, one in enumerate(told)}
    for one in covering(files.variables_at, place):
        number = numbers.get(id(files.at(one.pc)), -1)
        if one.whole and one.variable.type_entry > 0 and number >= 0:
            yield Covering(one.variable, one.offset, one.frame, number)


def _entries(places: Sequence[Sequence[Covering]]) -> I64:
    """(file, entry) of the types of all the variables."""
    wanted = {(one.told, one.variable.type_entry) for some in places for one in some}
    return np.array(sorted(wanted), np.int64).reshape(-1, 2)


def _spots(
    table: TypeTable, places: Sequence[Sequence[Covering]], rows: Mapping[tuple[int, ...], int]
) -> Iterator[tuple[int, Spot]]:
    """The slots that places belong to, where all variables there say the same."""
    for number, some in enumerate(places):
        spot = agreed([_spot(table, one, rows[one.told, one.variable.type_entry]) for one in some])
        if spot is not None:
            yield number, spot


def _spot(table: TypeTable, one: Covering, row: int) -> Spot | None:
    found = _slot(table.described, row, one.offset) if row >= 0 else None
    if found is None:
        return None
    kind, target = found
    first = one.offset - (WORD if kind in SECOND else 0)
    if target >= 0 and SHAPED in table.name(target):
        return None
    return Spot(kind, target, tuple(_word(one.variable, first + WORD * n) for n in range(WORDS)), one.frame)


def _slot(described: Described, row: int, offset: int) -> tuple[int, int] | None:
    """(kind, type) of the slot of a type whose pointer lies at an offset."""
    for _ in range(NESTING):
        first, inner = int(described.slot[row]), None
        for slot in range(first, first + int(described.slots[row])):
            at, kind, target = int(described.slot_at[slot]), int(described.slot_kind[slot]), described.slot_type[slot]
            if kind != REPEATED and at + (WORD if kind in SECOND else 0) == offset:
                return kind, int(target)
            size = int(described.size[target]) if kind == REPEATED else 0
            if 0 <= offset - at < size * int(described.slot_count[slot]):
                inner = int(target), (offset - at) % size
        if inner is None:
            return None
        row, offset = inner
    return None


def _word(variable: Variable, offset: int) -> Where:
    """Where a word of a variable is; a 0 where it is in a register, or nowhere."""
    for at, piece in variable.placed:
        if piece.kind == "cfa" and 0 <= offset - at <= piece.size - WORD:
            return Where(BEHIND, piece.value + offset - at)
        if piece.kind == "value" and (at, piece.size) == (offset, WORD):
            return Where(CONSTANT, piece.value & (1 << 64) - 1)
    return Where(CONSTANT, 0)


def _read(program: Program, spots: Mapping[int, Spot], words: Sequence[I64], cfa: U64, value: U64) -> Slots:
    """The slots of the ``words`` of each place, where that has a spot. The pointer is the root itself."""
    parts = [Slots.none()]
    for place, spot in spots.items():
        rows = words[place]
        parts.append(_of_spot(spot, cfa[spot.frame, rows], value[rows]))
    found = Slots(*map(np.concatenate, zip(*parts, strict=True)))
    wanted = found.behind != 0
    found.words[wanted] = column(program.image_around(found.behind[wanted], WORD), found.behind[wanted])
    return found


def _of_spot(spot: Spot, cfa: U64, value: U64) -> Slots:
    """The slots of words that are alike."""
    words, behind = np.zeros((2, len(cfa), WORDS), np.uint64)
    for n, (kind, said) in enumerate(spot.words):
        number = np.uint64(said & (1 << 64) - 1)
        if kind == BEHIND:
            behind[:, n] = cfa + number
        else:
            words[:, n] = number
    pointer = 1 if spot.kind in SECOND else 0
    words[:, pointer], behind[:, pointer] = value, 0
    kinds, targets = np.full(len(cfa), spot.kind, np.uint8), np.full(len(cfa), spot.target, np.int32)
    return Slots(words, behind, kinds, targets)
