"""Facts of many contexts at a time, read in bulk; what repeats is decoded once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np
from attrs import define, field
from numpy.typing import NDArray

from gdbext.analysis.contexts import I64, NO_DEADLINE, Contexts
from gdbext.golang import context, contextread
from gdbext.golang.contextread import Absence, ContextReader
from gdbext.golang.words import columns
from gdbext.target.image import U64, Image

WALL_MASK = np.uint64((1 << 30) - 1)
MOST_REMEMBERED = 1 << 18
Text = str | Absence | None


@define(eq=False)
class Columns:
    """Bulk readers over the contexts of one program; ``image`` holds the heap."""

    contexts: Contexts
    reader: ContextReader
    image: Image
    now: int
    _texts: dict[tuple[str, int, int], Text] = field(factory=dict)

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
        found = np.zeros(len(indices), np.uint64)
        kinds = self.contexts.kind[indices]
        for number in np.flatnonzero(np.bincount(kinds)).tolist():
            offset = self.contexts.types.kinds[number].parent
            if offset is not None:
                mine = kinds == number
                found[mine] = self.words(indices[mine], offset + 8)[:, 0]
        return found

    def dates(self, indices: I64) -> tuple[I64, I64]:
        """The wall clock times at which timerCtxs end: seconds since 1970 and nanoseconds."""
        deadline = self.reader.program.bound(context.TIMER_CTX).offset("deadline")
        time = self.reader.program.bound(contextread.TIME)
        raw = self.words(indices, deadline + time.offset("wall"), deadline + time.offset("ext"))
        return _unix_seconds(raw[:, 0], raw[:, 1]), (raw[:, 0] & WALL_MASK).astype(np.int64)

    def left(self, when: int) -> int | Absence:
        """Nanoseconds until a time on the monotonic clock."""
        if when == NO_DEADLINE:
            return Absence("its timer has ended")
        return when - self.now if self.now > 0 else Absence("the core has no clock reading")

    def keys(self, indices: I64, with_values: bool) -> Iterator[tuple[Text, Text]]:
        """(key, value) of valueCtxs; None for the value unless asked for."""
        bound = self.reader.program.bound(context.VALUE_CTX)
        key, value = bound.offset("key"), bound.offset("value")
        for a, b, c, d in self.words(indices, key, key + 8, value, value + 8).tolist():
            yield self.text("value", a, b), self.text("value", c, d) if with_values else None

    def causes(self, indices: I64) -> Iterator[Text]:
        """Why the cancelled contexts ended: their own cause or error, or that of the nearest ancestor with one."""
        bound = self.reader.program.bound(context.CANCEL_CTX)
        err, cause = bound.offset("err"), bound.offset("cause")
        owners = self.owners[indices].astype(np.int64)
        raw = self.words(np.maximum(owners, 0), err, err + 8, cause, cause + 8).tolist()
        for owner, (a, b, c, d) in zip(owners.tolist(), raw, strict=True):
            yield None if owner < 0 or not a else self.text("error", c, d) if c else self.text("error", a, b)

    @cached_property
    def owners(self) -> NDArray[np.int32]:
        """The nearest cancelCtx at or above each context, -1 for none."""
        from gdbext.analysis import forests, kernels

        parent = self.contexts.parent
        own = np.isin(self.contexts.kind, self.of_kind(*context.CANCELERS))
        found = np.where(own, np.arange(len(parent), dtype=np.int32), np.int32(-1))
        kernels.inherit(parent, forests.top_down(parent), found, -1)
        return found

    def text(self, what: str, word: int, data: int) -> Text:
        """The value or error in an interface of these two words."""
        found = self._texts.get((what, word, data), self)
        if found is self:
            read = self.reader.error if what == "error" else self.reader.any
            found = read(word, data)
            if len(self._texts) < MOST_REMEMBERED:
                self._texts[what, word, data] = found
        return found  # type: ignore[return-value]


def _unix_seconds(wall: U64, ext: U64) -> I64:
    """time.Time's two words as whole seconds since 1970 (time/time.go)."""
    monotonic = (wall & np.uint64(contextread.HAS_MONOTONIC)) != 0
    return np.where(
        monotonic,
        (wall << np.uint64(1) >> np.uint64(31)).astype(np.int64) + contextread.WALL_TO_UNIX,
        ext.astype(np.int64) + contextread.YEAR_ONE_TO_UNIX,
    )
