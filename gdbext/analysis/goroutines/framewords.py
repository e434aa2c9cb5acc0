"""Words on stacks by where in frames they lie: many goroutines have theirs at few places, and what variables are there
is looked up once for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
from attrs import field, frozen

from gdbext.compute.distinct import distinct, members

if TYPE_CHECKING:
    from gdbext.analysis.goroutines.frameranges import FrameRanges
    from gdbext.binary.dwarf.variables import Variable
    from gdbext.compute.arrays import I64, U64

T = TypeVar("T")
WORD = 8
MOST = 1 << 12
"""Places that are told apart."""


@frozen(eq=False)
class FrameWords:
    """``places``: rows (pc, pc of the frame that was called, how far behind each one's CFA), those of most words first;
    the second pc is 0 where nothing was called. ``number``: each word's place, -1 for none; ``behind``: two rows, how
    far each word is behind the CFA of its frame and of the one called."""

    places: I64 = field(repr=False)
    number: I64 = field(repr=False)
    behind: U64 = field(repr=False)

    @classmethod
    def of(cls, frames: FrameRanges, where: U64) -> FrameWords:
        """Of words at these addresses."""
        at = frames.at(where)
        if not len(frames.pc):
            return cls(np.zeros((0, 4), np.int64), at, np.zeros((2, len(at)), np.uint64))
        called = np.where(at > 0, at - 1, 0)
        mine = (at > 0) & (frames.row[called] == frames.row[at]) & (frames.end[called] == frames.begin[at])
        behind = where - np.stack([frames.end[at], frames.end[called]])
        keys = np.stack([frames.pc[at], np.where(mine, frames.pc[called], 0), *behind.view(np.int64)], axis=1)
        keys[~mine, 3] = 0
        inside = np.flatnonzero(at >= 0)
        places, which = distinct(keys[inside])
        order = np.argsort(-np.bincount(which, minlength=len(places)), kind="stable")[:MOST]
        new, number = np.full(len(places), -1, np.int64), np.full(len(at), -1, np.int64)
        new[order] = np.arange(len(order))
        number[inside] = new[which]
        return cls(places[order], number, behind)

    @property
    def words(self) -> list[I64]:
        """Of each place its words."""
        some = np.flatnonzero(self.number >= 0)
        return [some[mine] for mine in members(self.number[some], len(self.places))]


class Scoped(NamedTuple):
    """A variable in scope at ``pc`` that has a word, which lies ``offset`` bytes in it. ``frame``: 0 for one of the
    frame that the word lies in, 1 for an argument of the one that it called. ``whole``: it has all of the word."""

    variable: Variable
    offset: int
    frame: int
    pc: int
    whole: bool


def covering(in_scope: Callable[[int], Sequence[Variable]], place: Sequence[int]) -> Iterator[Scoped]:
    """Those that have a word at a place.

    A variable with a dot in its name is a part of another one, which the compiler names as well (``text.ptr``).
    """
    for frame, (pc, offset) in enumerate(zip(place[:2], place[2:], strict=True)):
        for variable in in_scope(pc) if pc else ():
            for at, piece in variable.placed if "." not in variable.name else ():
                far = offset - piece.value
                if piece.kind == "cfa" and 0 <= far < piece.size:
                    yield Scoped(variable, at + far, frame, pc, far <= piece.size - WORD)


def agreed(said: Sequence[T | None]) -> T | None:
    """What all say; None where somebody says nothing, or something else."""
    first = said[0] if said else None
    return first if all(one == first for one in said) else None


__all__ = ["MOST", "FrameWords", "Scoped", "agreed", "covering"]
