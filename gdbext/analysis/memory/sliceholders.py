"""Words that point to large objects, and which of them are the first ones of slices and strings: in objects, closures
too, in package variables and on stacks.

Of some words it is not known what they are: of those in registers, of objects whose type nobody knows, of some on
stacks (``stackslices``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from attrs import evolve, field, fields_dict, frozen

from gdbext.analysis.heap import flow, referrers
from gdbext.analysis.heap.kernels import objects as states
from gdbext.analysis.memory.stackslices import stacked
from gdbext.compute import parallel
from gdbext.errors import GdbextError
from gdbext.golang.reading.words import columns
from gdbext.golang.runtime.rootwords import BSS, CONSERVATIVE, DATA, STACK
from gdbext.golang.types.flat.firstwords import first_words
from gdbext.golang.types.structsearch import steps

if TYPE_CHECKING:
    from gdbext.analysis.heap.flow import Flowed
    from gdbext.analysis.heap.lookup import Lookup
    from gdbext.analysis.heap.rootnames import RootNames
    from gdbext.analysis.heap.variables import Variables
    from gdbext.analysis.leaks.waiting import Waiting
    from gdbext.compute.arrays import I64, U64, Bools
    from gdbext.golang.reading.program import Program
    from gdbext.golang.runtime.mgcmark import Roots
    from gdbext.golang.runtime.rootwords import Part
    from gdbext.golang.types.flat.table import TypeTable
    from gdbext.target.image import Image

LEAST = 1024
"""Bytes of an object that is looked at."""
PIECES = 64
UNKNOWN, NO_SLICE = -1, -2
"""Rows of what nobody knows the type of, and of what is not the first word of a slice or a string."""
OF_OBJECT, NO_ROOT = -1, -2


class Known(Protocol):
    """What is looked at, as a Session has it."""

    @property
    def program(self) -> Program: ...
    @property
    def maybe_live(self) -> Flowed: ...
    @property
    def roots(self) -> Roots: ...
    @property
    def unparked_words(self) -> Part: ...
    @property
    def variables(self) -> Variables: ...
    @property
    def lookup(self) -> Lookup: ...
    @property
    def root_names(self) -> RootNames: ...
    @property
    def waiting(self) -> Waiting: ...


@frozen(eq=False)
class Words:
    """One entry of each array per word: where it is, what it says, the object's id. ``row``, ``offset``: of the type of
    what it lies in, and where there; row UNKNOWN, NO_SLICE. ``begin``: of the object or variable. ``root``: its number
    among the roots, or OF_OBJECT, NO_ROOT."""

    where: U64
    pointer: U64
    target: I64
    row: I64
    offset: I64
    begin: U64
    root: I64

    def chosen(self, rows: I64 | Bools) -> Words:
        """Some of them."""
        return Words(*(getattr(self, name)[rows] for name in fields_dict(Words)))

    @classmethod
    def joined(cls, parts: Sequence[Words]) -> Words:
        """All of all parts."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in fields_dict(cls)))


@frozen(eq=False)
class Said:
    """What the words are. ``known``: that is known. ``size``: of an element of a slice or a string that begins there,
    else 0; ``length``, ``capacity``: its elements. ``place``: see ``FirstWords``; of a stack's word in ``names``."""

    known: Bools
    size: U64
    length: U64
    capacity: U64
    place: I64
    names: Mapping[int, tuple[str, str]] = field(factory=dict)


def holders(known: Known) -> Words:
    """Every word that points to a large object: of objects first, then of variables, then of all else."""
    flowed = known.maybe_live
    parts = [_of_objects(flowed), _of_roots(known)]
    parts += [_untyped(flowed, words) for words in (known.unparked_words.value, _finalized(flowed, known.roots))]
    return Words.joined(parts)


def said(known: Known, words: Words) -> Said:
    """By the types of what the words lie in."""
    flowed, program = known.maybe_live, known.program
    found = first_words(flowed.table.described, np.maximum(words.row, UNKNOWN), words.offset)
    slices, inner = found.size != 0, words.root == OF_OBJECT
    length, capacity = np.zeros((2, len(slices)), np.uint64)
    for rows in (np.flatnonzero(slices & inner), np.flatnonzero(slices & ~inner)):
        where = words.where[rows]
        heap = len(rows) and inner[rows[0]]
        image: Image = flowed.laid.heap.image if heap else program.image_around(where, 24)
        read = columns(image, where, (8, 16))
        length[rows], capacity[rows] = read[:, 0], np.where(found.text[rows], read[:, 0], read[:, 1])
    return Said(found.known | (words.row == NO_SLICE), found.size, length, capacity, found.place)


def of_stacks(known: Known, words: Words, said: Said, mine: Bools) -> Said:
    """What is ``said``, and of some words, if they lie on stacks, what the debug information says."""
    kind = np.where(words.root >= 0, known.roots.kind[np.maximum(words.root, 0)], CONSERVATIVE)
    rows = np.flatnonzero(mine & (words.root != OF_OBJECT) & (kind == STACK))
    if not len(rows):
        return said
    found = stacked(known.program, known.waiting.frames, known.root_names, words.where[rows])
    some = (found.spot >= 0) & (
        found.length <= np.minimum(found.capacity, _room(known, words.chosen(rows), found.size))
    )
    first = int(said.place.max()) + 1
    rows = rows[some]
    made = Said(*(getattr(said, name).copy() for name in ("known", "size", "length", "capacity", "place")))
    made.known[rows], made.size[rows], made.place[rows] = True, found.size[some], first + found.spot[some]
    made.length[rows], made.capacity[rows] = found.length[some], found.capacity[some]
    return evolve(made, names={first + at: one for at, one in found.names.items()})


def _room(known: Known, words: Words, size: U64) -> U64:
    """How many elements fit behind a word into what it points to: of more no variable can be the slice."""
    heap = known.maybe_live.laid.heap
    end = heap.addresses(words.target) + heap.elemsizes(words.target).astype(np.uint64)
    found: U64 = (end - words.pointer) // np.maximum(size, np.uint64(1))
    return found


def _of_objects(flowed: Flowed) -> Words:
    heap, spans = flowed.laid.heap, flowed.laid.heap.spans
    low, high = (int(spans.base.min()), int(spans.limit.max())) if len(spans.base) else (0, 0)

    def some(begin: int, end: int) -> Words:
        where, pointer = referrers.pointers(flowed, low, high, begin, end).T
        return _large(flowed, np.ascontiguousarray(where), np.ascontiguousarray(pointer))

    found = Words.joined(parallel.split(len(flowed.laid.objects.spans), some, PIECES))
    inside = (holder := heap.ids(found.where)) >= 0
    holder = np.where(inside, holder, 0)
    state = flowed.state[holder].astype(np.int64)
    typed = (state & states.RANKS) >> states.RANK_SHIFT >= states.TILED
    row, begin = np.where(typed & inside, state & states.ROW, UNKNOWN), heap.addresses(holder)
    size = np.maximum(flowed.table.described.size[np.maximum(row, 0)].astype(np.int64), 1)
    return evolve(found, row=row, offset=(found.where - begin).astype(np.int64) % size, begin=begin)


def _large(flowed: Flowed, where: U64, pointer: U64, root: I64 | None = None) -> Words:
    """The words that point to large objects that are in use."""
    heap = flowed.laid.heap
    target = heap.ids(pointer)
    there = target >= 0
    mine = target[there]
    there[there] = (heap.elemsizes(mine) >= LEAST) & (flowed.state[mine] & states.MARKED != 0)
    none = np.zeros(int(there.sum()), np.int64)
    roots = none + OF_OBJECT if root is None else root[there]
    return Words(where[there], pointer[there], target[there], none + UNKNOWN, none, where[there], roots)


def _untyped(flowed: Flowed, words: U64) -> Words:
    found = _large(flowed, np.zeros(len(words), np.uint64), words)
    return evolve(found, root=found.root + (NO_ROOT - OF_OBJECT))


def _finalized(flowed: Flowed, roots: Roots) -> U64:
    """What objects refer to that only their finalizers will see: no pointer of theirs is among those of the others."""
    ids = flowed.laid.heap.ids(roots.contents)
    lost = (ids >= 0) & (flowed.state[np.maximum(ids, 0)] & states.MARKED == 0)
    return flow.contents(flowed.laid, flowed.table, roots.contents[lost])


def _of_roots(known: Known) -> Words:
    """Those in variables with their types; a stack's words may be anything, those of other kinds are no slices."""
    roots, flowed = known.roots, known.maybe_live
    found = _large(flowed, roots.where, roots.value, np.arange(len(roots), dtype=np.int64))
    kind = roots.kind[found.root]
    row = np.where(np.isin(kind, (DATA, BSS, STACK, CONSERVATIVE)), UNKNOWN, NO_SLICE)
    address, of, _ = known.variables.rows[np.argsort(known.variables.rows[:, 0], kind="stable")].T
    number = np.searchsorted(address, found.where, "right") - 1
    mine = np.flatnonzero(np.isin(kind, (DATA, BSS)) & (number >= 0))
    variable = number[mine]
    inside = found.where[mine] - address[variable] < flowed.table.described.size[of[variable].astype(np.int64)]
    mine, variable = mine[inside], variable[inside]
    begin, offset, row[mine] = np.zeros_like(found.where), np.zeros_like(row), of[variable].astype(np.int64)
    begin[mine], offset[mine] = address[variable], (found.where[mine] - address[variable]).astype(np.int64)
    return evolve(found, row=row, offset=offset, begin=begin)


def name(known: Known, word: Words) -> tuple[str, str]:
    """(what holds a slice or a string, which part of that), of one word. Of a map's slots and an array's elements it
    does not matter which."""
    if (root := int(word.root[0])) != OF_OBJECT:
        found = known.root_names.name(root)
        return found.variable or found.kind, _any(found.path)
    table, row = known.maybe_live.table, int(word.row[0])
    return table.name(row), _any(_field(known, table, row, word))


def _field(known: Known, table: TypeTable, row: int, word: Words) -> str:
    offset, begin = int(word.offset[0]), int(word.begin[0])
    if row >= table.own:
        return known.lookup.fields.name(row, begin, 0, offset)
    try:
        return "".join(
            step.text for step in steps(table.types, table.types.at(int(table.described.address[row])), offset)
        )
    except GdbextError:
        return "?"


def _any(path: str) -> str:
    return re.sub(r"\[\d+\]", "[…]", path)
