"""Slices and strings on stacks, by the debug information: of each word that points to a large object, which variable's
first word it is, and where that one's length lies.

A word that no variable in scope has, or that two have which differ, may be a plain pointer. So may one whose length is
in a register, or nowhere, or that has no piece of its own: where the compiler tracked only a part of a variable it may
say that all of it lies there (seen of ``runtime.KeepAlive`` in Go 1.27: the frame has one word for a slice).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from attrs import evolve, field, frozen

from gdbext.analysis.goroutines.framewords import FrameWords, agreed, covering
from gdbext.errors import GdbextError
from gdbext.golang.reading.words import column
from gdbext.golang.types.rtype import SLICE, STRING

if TYPE_CHECKING:
    from gdbext.analysis.goroutines.frameranges import FrameRanges
    from gdbext.analysis.heap.rootnames import RootNames
    from gdbext.binary.dwarf.variables import Variable
    from gdbext.compute.arrays import I64, U64, Bools
    from gdbext.golang.reading.program import Program

WORD = 8
CONSTANT, BEHIND, ANY = range(3)
"""Where a length is: it is the number itself, it lies so far behind the frame's CFA, nobody can know it."""
Length = tuple[int, int]


@frozen
class Spot:
    """What begins at a word: a slice or a string of elements of ``size`` bytes. ``frame``: 0 for one of the frame that
    the word lies in, 1 for an argument of the one that it called."""

    size: int
    length: Length
    capacity: Length
    frame: int
    name: tuple[str, str] = field(eq=False)
    """The function, the variable or a part of it."""


@frozen(eq=False)
class Stacked:
    """One entry of each array per word: see ``sliceholders.Said``. ``spot``: its number in ``names``, -1 where it is
    not known what the word is."""

    size: U64
    length: U64
    capacity: U64
    spot: I64
    names: Mapping[int, tuple[str, str]]


def stacked(program: Program, frames: FrameRanges, names: RootNames, where: U64) -> Stacked:
    """What words on stacks are."""
    words = FrameWords.of(frames, where)
    return _read(program, dict(_spots(names, words.places.tolist())), words.words, where - words.behind)


def _read(program: Program, spots: Mapping[int, Spot], words: Sequence[I64], cfa: U64) -> Stacked:
    n, said = cfa.shape[1], {at: one.name for at, one in spots.items()}
    size, length, capacity = np.zeros((3, n), np.uint64)
    found = Stacked(size, length, capacity, np.full(n, -1, np.int64), said)
    wanted, reads = np.zeros((2, n), np.uint64), np.zeros((2, n), np.bool_)
    for at, one in spots.items():
        rows = words[at]
        found.size[rows], found.spot[rows] = one.size, at
        for which, (kind, value) in enumerate((one.length, one.capacity)):
            reads[which, rows] = kind == BEHIND
            behind = cfa[one.frame, rows] + np.uint64(value & (1 << 64) - 1) if kind == BEHIND else value
            wanted[which, rows] = behind
    return _with_lengths(program, found, wanted, reads)


def _with_lengths(program: Program, found: Stacked, wanted: U64, reads: Bools) -> Stacked:
    image = program.image_around(wanted[reads], WORD)
    wanted[reads] = column(image, wanted[reads])
    return evolve(found, length=wanted[0], capacity=wanted[1])


def _spots(names: RootNames, places: list[list[int]]) -> Iterator[tuple[int, Spot]]:
    for number, place in enumerate(places):
        some = [_spot(names, one.variable, one.offset, one.frame) for one in covering(names.in_scope, place)]
        if (spot := agreed(some)) is not None:
            yield number, spot


def _spot(names: RootNames, variable: Variable, offset: int, frame: int) -> Spot | None:
    try:
        form = names.forms.linked(variable.type_name)
        if form is None:
            return None
        part, inside = names.forms.leaf(form, offset)
        if inside or part.kind not in (SLICE, STRING):
            return None
        text = part.kind == STRING
        size = 1 if text else names.forms.elem(part).size
        path = names.forms.path(form, offset)
    except GdbextError:
        return None
    length = _length(variable, offset + WORD)
    capacity = length if text else _length(variable, offset + 2 * WORD)
    if length[0] == ANY or not 0 < size < 1 << 48:
        return None
    return Spot(size, length, capacity, frame, (f"stack of {variable.function}", f"{variable.name}{path}"))


def _length(variable: Variable, offset: int) -> Length:
    """Where a word of a variable is."""
    for at, piece in variable.placed:
        if (at, piece.size) == (offset, WORD):
            if piece.kind == "cfa":
                return BEHIND, piece.value
            if piece.kind == "value" and piece.value >= 0:
                return CONSTANT, piece.value
    return ANY, (1 << 63) - 1
