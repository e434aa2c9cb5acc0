"""Large arrays that only short slices keep: what of them nobody uses is kept as well.

An array counts where every word that points to it is the first one of a slice or a string, and all of these together
cover less than half of it. Whatever else points to it may use all of it; so may an empty slice, which is how buffers
are kept for later. Where it is not known what a word is, nothing is said of the array but that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from gdbext.analysis.memory import sliceholders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gdbext.analysis.heap.flow import Flowed
    from gdbext.analysis.memory.sliceholders import Known, Said, Words
    from gdbext.compute.arrays import I64, U64, Bools


@frozen
class Group:
    """Arrays whose first slice lies at one place of a type or a variable. ``bytes``: beyond the slices' lengths."""

    holder: str
    field: str
    arrays: int
    bytes: int
    example: int


@frozen
class Pinned:
    """``size``: bytes of all these arrays; ``bytes``: of what lies beyond the lengths of their slices; ``unreachable``:
    beyond their capacities too, so that no code can use it.

    ``doubted``, ``doubted_size``: objects, and their bytes, of which slices use less than half as far as is known, and
    to which words point of which it is not known what they are.
    """

    arrays: int
    size: int
    bytes: int
    unreachable: int
    groups: Sequence[Group]
    doubted: int = 0
    doubted_size: int = 0


def pinned(known: Known) -> Pinned:
    """Of a program. Raises GdbextError."""
    flowed, words = known.maybe_live, sliceholders.holders(known)
    ids, number = np.unique(words.target, return_inverse=True)
    base = flowed.laid.heap.addresses(ids)
    end, said = base + _sizes(flowed, ids), sliceholders.said(known, words)
    judged = _judged(words, said, number, base, end)
    if judged.doubted.any():
        said = sliceholders.of_stacks(known, words, said, judged.doubted[number])
        judged = _judged(words, said, number, base, end)
    rows, every = np.flatnonzero(judged.pinned), (end - base).astype(np.int64)
    first = np.full(len(ids), len(number), np.int64)
    np.minimum.at(first, number, np.arange(len(number)))
    more = (every - judged.used)[rows]
    groups = _grouped(known, words.chosen(first[rows]), said, said.place[first[rows]], more, base[rows])
    return Pinned(
        len(rows), int(every[rows].sum()), int(more.sum()), int((every - judged.reach)[rows].sum()), groups,
        int(judged.doubted.sum()), int(every[judged.doubted].sum()),
    )  # fmt: skip


@frozen(eq=False)
class _Judged:
    """Of each object: bytes that slices cover by their lengths, by their capacities; whether slices alone keep it that
    use less than half; whether that is so as far as is known."""

    used: I64
    reach: I64
    pinned: Bools
    doubted: Bools


def _judged(words: Words, said: Said, number: I64, base: U64, end: U64) -> _Judged:
    part = np.flatnonzero(said.size != 0)
    covering = words.pointer[part], said.size[part], number[part], end
    used, reach = (_covered(covering[0], count[part], *covering[1:]) for count in (said.length, said.capacity))
    short = ~_some(number, _is_whole(said), len(end)) & (2 * used < (end - base).astype(np.int64))
    unsure = _some(number, ~said.known, len(end))
    return _Judged(used, reach, short & ~unsure, short & unsure)


def _is_whole(said: Said) -> Bools:
    """Which words may use all of what they point to."""
    found: Bools = said.known & ((said.size == 0) | (said.length == 0) | (said.length > said.capacity))
    return found


def _some(number: I64, mine: Bools, count: int) -> Bools:
    """Of which objects one word at least is among some."""
    found = np.zeros(count, np.bool_)
    found[number[mine]] = True
    return found


def _sizes(flowed: Flowed, ids: I64) -> U64:
    """Bytes of objects, behind their malloc headers."""
    heap = flowed.laid.heap
    number = np.searchsorted(heap.spans.base, heap.addresses(ids), "right") - 1
    found: U64 = heap.spans.elemsize[number].astype(np.uint64) - heap.spans.header[number].astype(np.uint64)
    return found


def _covered(pointer: U64, count: U64, size: U64, number: I64, end: U64) -> I64:
    """Bytes of each object from the first to the last one that its slices cover."""
    room = end[number] - pointer
    fits = count <= room // np.maximum(size, np.uint64(1))
    last = np.where(fits, pointer + count * size, end[number])
    low, high = end.copy(), np.zeros(len(end), np.uint64)
    np.minimum.at(low, number, pointer)
    np.maximum.at(high, number, last)
    found: I64 = np.maximum(high, low).astype(np.int64) - low.astype(np.int64)
    return found


def _grouped(known: Known, words: Words, said: Said, place: I64, more: I64, base: U64) -> list[Group]:
    """What pins the most first. ``words``: the first one of each array."""
    variable = np.where(words.root == sliceholders.OF_OBJECT, np.uint64(0), words.begin)
    keys = np.stack([place.astype(np.uint64), variable], axis=1)
    _, first, number = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    names = [
        said.names.get(int(place[at])) or sliceholders.name(known, words.chosen(np.array([at])))
        for at in first.tolist()
    ]
    groups: dict[tuple[str, str], list[int]] = {}
    for at, one in enumerate(number.ravel().tolist()):
        groups.setdefault(names[one], []).append(at)
    found = [_group(*name, more[rows], base[rows]) for name, rows in groups.items()]
    return sorted(found, key=lambda group: (-group.bytes, group.holder, group.field))


def _group(holder: str, field: str, more: I64, base: U64) -> Group:
    return Group(holder, field, len(more), int(more.sum()), int(base[np.argmax(more)]))
