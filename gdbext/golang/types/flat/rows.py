"""More rows for the arrays of types, behind those that are there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from attrs import frozen

from gdbext.compute.arrays import U8
from gdbext.golang.types.flat import kernels
from gdbext.golang.types.flat.kernels import MOST_FIELDS, NO_OUTER, NO_SLOTS, Described


class Slot(NamedTuple):
    """A word that says something: see ``Described``."""

    at: int
    kind: int
    type: int = -1
    times: int = 1


@frozen
class Row:
    """A row to be appended. ``bits``: of its pointer words. ``slots``: None where there are too many.

    ``like``: a row that has its size, pointers and slots; -1 where they stand here.
    """

    kind: int
    size: int = 0
    elem: int = -1
    bits: int = 0
    slots: Sequence[Slot] | None = ()
    like: int = -1
    first: int = -1
    own: int = -1
    length: int = 0


def appended(described: Described, rows: Sequence[Row]) -> tuple[Described, U8]:
    """The arrays with more rows, and what has to live as long as they do: the new rows' pointer bits."""
    n, like = len(described.size), np.array([row.like for row in rows], np.int64)
    alone = like < 0
    counts = [len(row.slots or ()) for row in rows]
    slots = np.array([slot for row in rows for slot in row.slots or ()], np.int64).reshape(-1, len(Slot._fields))
    begin = len(described.slot_at) + np.cumsum(counts, dtype=np.int64) - counts
    masks, places = _masks(rows)
    gcdata = np.where(places >= 0, places + masks.ctypes.data, 0)

    def mine(name: str, values: Sequence[int] | np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        column = getattr(described, name)
        return np.concatenate([column, np.asarray(values, column.dtype)])

    def more(name: str, values: Sequence[int] | np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        column = getattr(described, name)
        own = np.array(values, column.dtype)
        own[~alone] = column[like[~alone]]
        return mine(name, own)

    made = described._replace(
        size=more("size", [row.size for row in rows]),
        pointers=more("pointers", [8 * row.bits.bit_length() for row in rows]),
        kind=mine("kind", [row.kind for row in rows]), direct=more("direct", np.zeros(len(rows))),
        mask=more("mask", [row.bits & (1 << 64) - 1 for row in rows]), tile=np.zeros(n + len(rows), np.uint64),
        outer=mine("outer", np.full(len(rows), NO_OUTER, np.uint64)),
        gcdata=more("gcdata", gcdata), elem=mine("elem", [row.elem for row in rows]),
        length=more("length", [row.length for row in rows]), own=mine("own", [row.own for row in rows]),
        first=mine("first", np.where(alone, [row.first for row in rows], like)), slot=more("slot", begin),
        slots=more("slots", [NO_SLOTS if row.slots is None else len(row.slots) for row in rows]),
        slot_at=mine("slot_at", slots[:, 0]), slot_kind=mine("slot_kind", slots[:, 1]),
        slot_type=mine("slot_type", slots[:, 2]), slot_count=mine("slot_count", slots[:, 3]),
    )  # fmt: skip
    kernels.fill_tiles(made)
    return made, masks


def moved(slots: Sequence[Slot], by: int) -> Iterator[Slot]:
    """The same words of a value that lies elsewhere."""
    return (slot._replace(at=slot.at + by) for slot in slots)


def bounded(parts: Iterable[Iterable[Slot]]) -> list[Slot] | None:
    """All of them, None for too many."""
    made = list[Slot]()
    for part in parts:
        made += part
        if len(made) > int(MOST_FIELDS):
            return None
    return made


def _masks(rows: Sequence[Row]) -> tuple[U8, np.ndarray[Any, Any]]:
    """The rows' pointer bits side by side, and where each row's begin; -1 for those without."""
    parts, places, end = list[bytes](), list[int](), 0
    for row in rows:
        size = (row.bits.bit_length() + 63) // 64 * 8
        places.append(end if size else -1)
        parts.append(row.bits.to_bytes(size, "little"))
        end += size
    return np.frombuffer(b"".join([*parts, bytes(8)]), np.uint8), np.array(places, np.int64)
