"""Facts of many contexts at a time, read in bulk; what repeats is decoded once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from attrs import define
from numpy.typing import NDArray

from gdbext.analysis.contexts import forests, kernels
from gdbext.analysis.contexts.contexts import NO_DEADLINE, Contexts
from gdbext.compute.arrays import I64, U64
from gdbext.golang.reading.words import columns
from gdbext.golang.std import context
from gdbext.golang.std.contextread import Absence, ContextReader
from gdbext.golang.std.time import SECOND, TIME, unix_of
from gdbext.target.image import Image

Text = str | Absence | None
Chosen = tuple[Sequence[Text], I64]
"""Texts, and which of them each context has: -1 for none."""


@define(eq=False)
class Columns:
    """Bulk readers over the contexts of one program; ``image`` holds the heap."""

    contexts: Contexts
    reader: ContextReader
    image: Image
    now: int

    def of_kind(self, *names: str) -> NDArray[np.uint8]:
        """The numbers of the kinds so named."""
        kinds = self.contexts.types.kinds
        return np.array([number for number, kind in enumerate(kinds) if kind.name in names], np.uint8)

    @cached_property
    def timers(self) -> NDArray[np.uint8]:
        """The kinds that have deadlines."""
        return self.of_kind("*context.timerCtx")

    @cached_property
    def values(self) -> NDArray[np.uint8]:
        """The kinds that have a key and a value."""
        return self.of_kind(context.VALUE)

    def words(self, indices: I64, *offsets: int) -> U64:
        """Words of contexts: (n, len(offsets)), 0 where unreadable."""
        return columns(self.image, self.contexts.address[indices], offsets)

    def parents(self, indices: I64) -> U64:
        """The data words of the parents' interfaces, 0 where there is none."""
        parent = self.contexts.parent[indices]
        found = self.contexts.address[np.maximum(parent, 0)]
        unknown = np.flatnonzero(parent < 0)
        found[unknown] = self._read_parents(indices[unknown])
        return found

    def _read_parents(self, indices: I64) -> U64:
        found = np.zeros(len(indices), np.uint64)
        kinds = self.contexts.kind[indices]
        for number in np.flatnonzero(np.bincount(kinds)).tolist():
            offset = self.contexts.types.kinds[number].parent
            if offset is not None:
                mine = kinds == number
                found[mine] = self.words(indices[mine], offset + 8)[:, 0]
        return found

    def dates(self, indices: I64) -> tuple[I64, I64]:
        """The wall clock times at which timerCtxs end: seconds since 1970 and nanoseconds of the second."""
        deadline = self.reader.program.bound(context.TIMER_CTX).offset("deadline")
        time = self.reader.program.bound(TIME)
        raw = self.words(indices, deadline + time.offset("wall"), deadline + time.offset("ext"))
        seconds, nanoseconds = unix_of(raw[:, 0], raw[:, 1])
        carry = nanoseconds >= SECOND  # in no time that Go made
        return seconds + carry, nanoseconds - carry * np.int64(SECOND)

    def interfaces(self, indices: I64, name: str) -> Chosen:
        """The keys or the values (``name``) of valueCtxs."""
        offset = self.reader.program.bound(context.VALUE_CTX).offset(name)
        pairs, which = _distinct(self.words(indices, offset, offset + 8))
        return self.reader.anys(pairs[:, 0], pairs[:, 1]), which

    def causes(self, indices: I64) -> Chosen:
        """Why the cancelled contexts ended: their own cause or error, or that of the nearest ancestor with one."""
        bound = self.reader.program.bound(context.CANCEL_CTX)
        err, cause = bound.offset("err"), bound.offset("cause")
        owners = self.owners[indices].astype(np.int64)
        raw = self.words(np.maximum(owners, 0), err, err + 8, cause, cause + 8)
        pairs, which = _distinct(np.where(raw[:, 2:3] != 0, raw[:, 2:], raw[:, :2]))
        which[(owners < 0) | (raw[:, 0] == 0)] = -1
        return self.reader.errors(pairs[:, 0], pairs[:, 1]), which

    @cached_property
    def owners(self) -> NDArray[np.int32]:
        """The nearest cancelCtx at or above each context, -1 for none."""
        parent = self.contexts.parent
        own = np.isin(self.contexts.kind, self.of_kind(*context.CANCELERS))
        found = np.where(own, np.arange(len(parent), dtype=np.int32), np.int32(-1))
        kernels.inherit(parent, forests.top_down(parent), found, -1)
        return found


def time_left(when: int, now: int) -> int | Absence:
    """Nanoseconds until a time on the monotonic clock. ``now`` 0: not known."""
    if when == NO_DEADLINE:
        return Absence("its timer has ended")
    return when - now if now > 0 else Absence("the core has no clock reading")


def _distinct(pairs: U64) -> tuple[U64, I64]:
    """Rows of two words, sorted, each once; and which of them each row is."""
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    pairs = pairs[order]
    fresh = np.ones(len(pairs), np.bool_)
    np.any(pairs[1:] != pairs[:-1], axis=1, out=fresh[1:])
    which = np.empty(len(pairs), np.int64)
    which[order] = np.cumsum(fresh) - 1
    return pairs[fresh], which
