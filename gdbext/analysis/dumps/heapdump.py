"""A heap at one moment: the state of each slot, what types are called, what was sampled, which contexts there are.

Nothing of the program's memory is in it: numbers of types, names, addresses, stacks of allocations. Go moves no object,
so that two of one process can be laid side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np
from attrs import define, field, frozen

from gdbext.analysis.dumps.contextrows import ContextRows
from gdbext.analysis.dumps.moment import Moment
from gdbext.analysis.dumps.samples import Samples
from gdbext.analysis.heap.histogram import DEAD, LIVE, Count, tally
from gdbext.analysis.heap.kernels import objects as kernels
from gdbext.analysis.heap.kernels.objects import (
    ALLOCATED,
    BASE,
    CLASS,
    CLASS_SHIFT,
    FIRST,
    LIMIT,
    MARKED,
    SIZE,
    Objects,
)
from gdbext.compute.arrays import I32, I64, U64, Bools, Rows

if TYPE_CHECKING:
    from gdbext.analysis.dumps.contextrows import Known as KnownContexts
    from gdbext.analysis.heap.flow import Flowed
    from gdbext.analysis.heap.histogram import Histogram
    from gdbext.golang.runtime.special import Specials
    from gdbext.golang.runtime.symtab import Symtab
    from gdbext.golang.types.flat.table import TypeTable

COLUMNS = 8
HEADER = 8
"""Bytes of a malloc header (runtime/mbitmap.go, mallocHeaderSize)."""
ALIVE = ALLOCATED | MARKED
FLAGS_KEPT = np.uint64(0xFFFF)
"""Of a span's flags: above them a large object's type, which its state has too."""


@frozen(eq=False)
class Types:
    """The types that objects have. ``row``: the number that states have for each, rising, of ``rows`` that may be;
    ``address``: of its descriptor, 0 without one. ``text``: the row of a string's bytes."""

    rows: int
    text: int
    row: I32 = field(repr=False)
    address: U64 = field(repr=False)
    names: Sequence[str] = field(repr=False)
    packages: Sequence[str] = field(repr=False)

    @classmethod
    def of(cls, table: TypeTable, used: I64) -> Types:
        """Those in the rows ``used`` of a table."""
        every = used.tolist()
        described = used < table.own
        address = np.zeros(len(used), np.uint64)
        address[described] = table.described.address[used[described]]
        names, packages = [table.name(row) for row in every], [table.package(row) for row in every]
        return cls(len(table), table.text, used.astype(np.int32), address, names, packages)


@define(eq=False)
class HeapDump:
    """``spans``: as of ``Objects``, without what lies in our own memory. ``notes``: what it could not rest on."""

    moment: Moment
    spans: Rows = field(repr=False)
    state: I32 = field(repr=False)
    types: Types = field(repr=False)
    samples: Samples = field(repr=False)
    contexts: ContextRows = field(repr=False)
    notes: Sequence[str] = ()

    @cached_property
    def objects(self) -> Objects:
        """For compiled loops."""
        return Objects(self.spans, np.zeros(0, np.int32), self.state, np.zeros(0, np.uint64))

    @cached_property
    def counts(self) -> I64:
        """As ``kernels.tally`` counts: of LIVE and DEAD objects."""
        return tally(self.objects, self.types.rows, self.types.text)

    def total(self, which: int) -> Count:
        """Of all LIVE or DEAD objects."""
        return Count(int(self.counts[:, which].sum()), int(self.counts[:, which + 1].sum()))

    def ids(self, addresses: U64) -> I64:
        """The slots that addresses point into, -1 for none."""
        if not len(self.spans):
            return np.full(len(addresses), -1, np.int64)
        number = np.searchsorted(self.spans[:, BASE], addresses, "right") - 1
        span = self.spans[number]
        inside = (number >= 0) & (addresses < span[:, LIMIT])
        slot = (addresses - span[:, BASE]) // span[:, SIZE]
        return np.where(inside, (span[:, FIRST] + slot).astype(np.int64), -1)

    def spans_of(self, ids: I64) -> Rows:
        """The row of the span of each slot."""
        found: Rows = self.spans[np.searchsorted(self.spans[:, FIRST], ids.astype(np.uint64), "right") - 1]
        return found

    def slots(self, ids: I64) -> U64:
        """Where slots begin."""
        span = self.spans_of(ids)
        found: U64 = span[:, BASE] + (ids.astype(np.uint64) - span[:, FIRST]) * span[:, SIZE]
        return found

    def addresses(self, ids: I64) -> U64:
        """Where the objects in slots begin: behind a malloc header, where there is one."""
        headed = self.spans_of(ids)[:, kernels.FLAGS] & kernels.HEADED != 0
        found: U64 = self.slots(ids) + np.where(headed, np.uint64(HEADER), np.uint64(0))
        return found

    def alive(self, ids: I64) -> Bools:
        """Which of some slots have a reachable object."""
        found: Bools = self.state[ids] & ALIVE == ALIVE
        return found

    def counted_as(self, ids: I64) -> I64:
        """Where ``tally`` counts the objects in slots; sure and likely ones in one row each."""
        state = self.state[ids].astype(np.int64)
        typed = (state & kernels.RANKS) >> kernels.RANK_SHIFT >= kernels.TILED
        of_class = ((self.spans_of(ids)[:, kernels.FLAGS] >> CLASS_SHIFT) & CLASS).astype(np.int64)
        return np.where(typed, 2 * (state & kernels.ROW), 2 * self.types.rows + of_class)


class Known(Protocol):
    """What it is made of, as a Session has it."""

    doing: str

    @property
    def symtab(self) -> Symtab: ...
    @property
    def live(self) -> Flowed: ...
    @property
    def histogram(self) -> Histogram: ...
    @property
    def specials(self) -> Specials: ...
    @property
    def heap_notes(self) -> list[str]: ...


def dumped(known: Known, contexts: KnownContexts | None = None) -> HeapDump:
    """The heap of a program, with its contexts where these are given. Raises GdbextError."""
    flowed, table = known.live, known.live.table
    counted = known.histogram.counts[: 2 * len(table)].reshape(len(table), 2, 4)
    used = np.flatnonzero(counted[:, :, (LIVE, DEAD)].any(axis=(1, 2)))
    known.doing = "reading allocation samples"
    samples = Samples.of(known.symtab, known.specials, flowed)
    rows = ContextRows.of(contexts) if contexts is not None else ContextRows.none()
    notes = [*known.heap_notes, *samples.notes, *rows.notes]
    swept = not flowed.laid.heap.spans.unswept.any()
    moment = Moment.of(known.symtab.program, known.symtab.modules[0].text, swept)
    spans = kept_columns(flowed.laid.objects.spans)
    return HeapDump(moment, spans, flowed.state, Types.of(table, used), samples, rows, list(dict.fromkeys(notes)))


def kept_columns(spans: Rows) -> Rows:
    """A copy without what is of this run only."""
    kept = np.zeros((len(spans), COLUMNS), np.uint64)
    for column in (BASE, LIMIT, SIZE, FIRST):
        kept[:, column] = spans[:, column]
    kept[:, kernels.FLAGS] = spans[:, kernels.FLAGS] & FLAGS_KEPT
    return kept
