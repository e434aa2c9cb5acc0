"""Spans that no P has put aside: with room and without, swept and not yet (runtime/mcentral.go, runtime/mspanset.go).

A set of spans is a queue: a spine points to blocks of 512 spans, ``index`` has its head above its tail. What was taken
out of the front is nil, and a block all of which was taken is gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from gdbext.compute.ragged import within
from gdbext.golang.reading.declarations import BYTES, SLICE, UINT, declare
from gdbext.golang.runtime.mheap import IN_USE, mheap, span_pointers
from gdbext.golang.runtime.sizeclasses import SPAN_CLASSES

if TYPE_CHECKING:
    from gdbext.compute.arrays import I64, U8, U64, Bools
    from gdbext.golang.reading.program import Program

CENTRAL = declare("runtime.mheap", allspans=SLICE, sweepgen=UINT, central=BYTES)
MCENTRAL = declare("runtime.mcentral", partial=BYTES, full=BYTES)
SPAN_SET = declare("runtime.spanSet", spine=UINT, spine_len=UINT("spineLen"), index=UINT)
BLOCK = declare("runtime.spanSetBlock", spans=BYTES)
SWEPT = declare("runtime.mspan", sweepgen=UINT, state=UINT)
MEMBER = declare(
    "runtime.mspan", base=UINT("startAddr"), npages=UINT, nelems=UINT, taken=UINT("allocCount"), spanclass=UINT
)
LOW = np.uint64(0xFFFFFFFF)

PARTIAL_SWEPT, PARTIAL_UNSWEPT, FULL_SWEPT, FULL_UNSWEPT = range(4)
SETS = ("partial_swept", "partial_unswept", "full_swept", "full_unswept")
"""In words, by ``Central.kind``."""
PLACES = (
    (PARTIAL_SWEPT, PARTIAL_UNSWEPT, FULL_SWEPT, FULL_UNSWEPT),
    (PARTIAL_UNSWEPT, PARTIAL_SWEPT, FULL_UNSWEPT, FULL_SWEPT),
)
"""What partial[0], partial[1], full[0] and full[1] are, by sweepgen/2%2: the two of a pair change places."""


@frozen(eq=False)
class Central:
    """The spans in all sets, one entry of each array per span: the class whose set it is in, which of its SETS.

    ``passed``: of an unswept set, but somebody else has swept the span since and put it into another set.
    ``unreadable``: sets, and blocks of them.
    """

    spanclass: U8
    kind: U8
    address: U64
    """Of the mspan."""
    passed: Bools
    unreadable: int = 0

    def counts(self) -> I64:
        """How many spans each class (rows) has in each set (columns), without those that were passed."""
        found, kept = np.zeros((SPAN_CLASSES, len(SETS)), np.int64), ~self.passed
        np.add.at(found, (self.spanclass[kept], self.kind[kept]), 1)
        return found


@frozen(eq=False)
class Members:
    """The spans in the sets of one class, set by set. ``span``: the fields of each mspan, zeros of unreadable ones."""

    kind: U8
    address: U64
    span: NDArray[Any] = field(repr=False)


def members(program: Program, central: Central, spanclass: int) -> Members:
    """What is in the sets of a class."""
    rows = np.flatnonzero((central.spanclass == spanclass) & ~central.passed)
    rows = rows[np.argsort(central.kind[rows], kind="stable")]
    span, _ = program.records(MEMBER, central.address[rows])
    return Members(central.kind[rows], central.address[rows], span)


def central(program: Program) -> Central:
    """The central lists of a program. Raises MissingField, MissingSymbol, MemoryFault, InconsistentRuntime."""
    head = program.record(CENTRAL, mheap(program))
    count, sweepgen = len(span_pointers(program, head["allspans"])), int(head["sweepgen"])
    row, address, unreadable = _members(program, _sets(program, head["central"]), count)
    kinds = np.tile(np.array(PLACES[sweepgen // 2 % 2], np.uint8), SPAN_CLASSES)[row]
    passed = np.isin(kinds, (PARTIAL_UNSWEPT, FULL_UNSWEPT))
    passed[passed] = _is_swept(program, address[passed], sweepgen)
    return Central((row // len(SETS)).astype(np.uint8), kinds, address, passed, unreadable)


def _is_swept(program: Program, spans: U64, sweepgen: int) -> Bools:
    """What says of itself that it is neither to be swept nor being swept, or is in no use any more."""
    records, readable = program.records(SWEPT, spans)
    unswept = np.isin(records["sweepgen"], [(sweepgen - behind) % (1 << 32) for behind in (1, 2)])
    swept: Bools = readable & ~(unswept & (records["state"] == IN_USE))
    return swept


def _sets(program: Program, raw: Any) -> NDArray[Any]:
    """partial[0], partial[1], full[0] and full[1] of every class, in order. mcentrals are padded to cache lines."""
    bound, inner = program.bound(MCENTRAL), program.bound(SPAN_SET)
    rows = raw.reshape(SPAN_CLASSES, len(raw) // SPAN_CLASSES)
    parts = [rows[:, bound.offset(name) : bound.offset(name) + 2 * inner.size] for name in ("partial", "full")]
    found: NDArray[Any] = np.ascontiguousarray(np.concatenate(parts, axis=1)).view(inner.dtype).reshape(-1)
    return found


def _members(program: Program, sets: NDArray[Any], spans: int) -> tuple[I64, U64, int]:
    """(the set's row, the span) of each member, and how many sets and blocks could not be read.

    ``spans``: how many there are altogether; a set that claims many more is none.
    """
    bound = program.bound(BLOCK)
    each = bound.dtype["spans"].itemsize // 8
    head, tail = ((sets["index"] >> np.uint64(32)).astype(np.int64), (sets["index"] & LOW).astype(np.int64))
    sane = (tail - head <= spans + each) & (sets["spine_len"] >= (tail + each - 1) // each)
    sane |= head >= tail  # an empty one may have no spine
    blocks = np.where(sane & (head < tail), (tail + each - 1) // each - head // each, 0)
    row, number = _numbered(blocks, head // each)
    block, known = program.gather(sets["spine"][row] + np.uint64(8) * number.astype(np.uint64), np.dtype("<u8"))
    kept = np.flatnonzero(known & (block != 0))
    records, readable = program.records(BLOCK, block[kept])
    found = np.ascontiguousarray(records["spans"]).view("<u8").reshape(len(kept), each)
    row, place = row[kept, None], number[kept, None] * each + np.arange(each)
    where, slot = np.nonzero(readable[:, None] & (found != 0) & (place >= head[row]) & (place < tail[row]))
    lost = (~sane).sum() + (~known | (block == 0)).sum() + (~readable).sum()
    return row[where, 0], found[where, slot].astype(np.uint64), int(lost)


def _numbered(counts: I64, first: I64) -> tuple[I64, I64]:
    """(row, number) for so many numbers of each row, from its first one on."""
    row = np.repeat(np.arange(len(counts)), counts)
    return row, within(counts) + first[row]
