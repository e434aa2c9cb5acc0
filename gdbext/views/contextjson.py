"""Contexts as JSON by the million: columns read in bulk, rows put together by one template.

The same objects as ``_contexts.document`` makes one by one; a test compares them.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gdbext.analysis.contexts.columns import time_left
from gdbext.analysis.contexts.contexts import NO_DEADLINE, STATES
from gdbext.compute import parallel
from gdbext.report import Absent, kernels
from gdbext.report.jsontext import NUL, join_cells
from gdbext.report.kernels import ADDRESS, MOST_TEXTS, NANOSECONDS, NUMBER, SECONDS, SLACK, TEXT, TEXTS
from gdbext.views.contexts import MASKED, cell

if TYPE_CHECKING:
    from gdbext.analysis.contexts.columns import Text
    from gdbext.analysis.contexts.rows import Rows
    from gdbext.session import Session
    from gdbext.target.image import U64, Bools

CHUNK = 1 << 13
"""Contexts in a piece: its text should fit the processor's cache."""
KEYS = (
    "address", "kind", "state", "cause", "parent", "parent_kind", "registered_with", "children", "children_listed",
    "deadline_in_ns", "deadline", "key", "value", "waiters", "goroutines",
)  # fmt: skip
NULL = "null"
BETWEEN = ",\n"
"""What stands between rows."""
I64 = NDArray[np.int64]
Column = tuple[int, I64]


def encoded(session: Session, args: argparse.Namespace, indices: I64) -> Iterator[str]:
    """JSON objects of the contexts, joined with commas, some thousand in a piece."""
    encoder = _Encoder(session.context_rows, session.context_holders, args.values)
    pieces = (_Chunk(encoder, indices[at : at + CHUNK]).encoded() for at in range(0, len(indices), CHUNK))
    yield from parallel.ahead(pieces) if session.target.kind == "core" else pieces


YEAR_1, YEAR_10000 = -62135596800, 253402300800
"""Seconds since 1970: what RFC 3339 can write."""


class _Texts:
    """The texts of a chunk, one after another: rows refer to them by number."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._parts: list[str] = []
        self._count = 0

    def literal(self, made: str) -> int:
        """The number of a text as it is."""
        number = self._numbers.get(made)
        if number is None:
            number = self._numbers[made] = self._add(made, 1)
        return number

    def value(self, value: object) -> int:
        """The number of a value's JSON."""
        return self.literal(join_cells([cell(value)]))

    def values(self, values: Sequence[object]) -> int:
        """The number of the first one's JSON; the others' follow."""
        cells = [value if type(value) is str else cell(value) for value in values]
        return self._add(join_cells(cells), len(cells)) if cells else self._count

    def _add(self, made: str, count: int) -> int:
        first, self._count = self._count, self._count + count
        self._parts.append(made)
        return first

    def arrays(self) -> tuple[NDArray[np.uint8], I64, I64]:
        """All texts, with room to copy beyond the last; where each begins and ends."""
        joined = NUL.join([*self._parts, NUL * SLACK]).encode("ascii")
        pool = np.frombuffer(bytearray(joined), np.uint8)
        end = np.flatnonzero(pool == 0)[: self._count]
        return pool, np.concatenate([np.zeros(1, np.int64), end[:-1] + 1]), end


class _Encoder:
    """What all chunks share: one buffer for the rows, and which contexts somebody waits on or holds."""

    def __init__(self, rows: Rows, holders: Mapping[int, Sequence[int]], values: bool) -> None:
        self.rows, self.holders, self.values = rows, holders, values
        self.waited, self.held = np.zeros((2, len(rows.contexts)), np.bool_)
        self.waited[rows.contexts.waits[:, 0]] = True
        self.held[list(holders)] = True
        self._buffer = np.empty(0, np.uint8)

    def buffer(self, size: int) -> NDArray[np.uint8]:
        """At least so many bytes, the same ones each time."""
        if len(self._buffer) < size:
            self._buffer = np.empty(size + size // 8, np.uint8)
        return self._buffer


class _Chunk:
    """Encodes some contexts: each column as numbers, or as numbers of texts."""

    def __init__(self, encoder: _Encoder, indices: I64) -> None:
        self.encoder, self.rows, self.indices = encoder, encoder.rows, indices
        self.contexts, self.columns, self.texts = self.rows.contexts, self.rows.columns, _Texts()
        self.kind = self.contexts.kind[indices]

    def encoded(self) -> str:
        columns = [*self.cells()]
        literals = np.array([self.texts.literal(one) for one in self.literals()], np.int64)
        forms, cells = np.array([form for form, _ in columns], np.int64), np.stack([column for _, column in columns])
        pool, start, end = self.texts.arrays()
        out = self.encoder.buffer(int(kernels.room(forms, cells, literals, start, end)))
        size = int(kernels.rows(forms, cells, literals, pool.ctypes.data, start, end, out.ctypes.data, out))
        return str(out[: size - len(BETWEEN)].data, "ascii")

    def literals(self) -> Iterator[str]:
        """What stands before each column, and after the last."""
        yield '{"address": '
        for key in KEYS[1:]:
            yield f', "{key}": '
            if key == "deadline":
                yield ""  # its nanoseconds are a column of their own
        if self.contexts.certain is not None:
            yield ', "certain": '
        yield "}" + BETWEEN

    def cells(self) -> Iterator[Column]:
        """The columns in the order of ``KEYS``."""
        contexts, indices = self.contexts, self.indices
        state = contexts.state[indices]
        yield ADDRESS, contexts.address[indices].astype(np.int64)
        yield TEXT, self.kinds(self.kind)
        yield TEXT, self.texts.values(STATES) + state.astype(np.int64)
        yield TEXT, self.some(state != 0, lambda mine: self.chosen(*self.columns.causes(mine)))
        yield ADDRESS, self.addresses(self.columns.parents(indices))
        yield TEXT, self.kinds(contexts.parent_kind[indices])
        yield ADDRESS, self.registered(contexts.registered_with[indices])
        yield NUMBER, self.counted(contexts.children)
        yield NUMBER, self.counted(contexts.listed)
        yield from zip((NUMBER, SECONDS, NANOSECONDS), self.deadlines(), strict=True)
        yield from ((TEXT, column) for column in self.keys_and_values())
        yield TEXT, self.lists(self.encoder.waited[indices], self.rows.waiters)
        yield TEXT, self.lists(self.encoder.held[indices], self.encoder.holders.__getitem__)
        if contexts.certain is not None:
            yield TEXT, np.where(contexts.certain[indices], self.texts.literal("true"), self.texts.literal("false"))

    def kinds(self, numbers: NDArray[np.uint8]) -> I64:
        """The names of kinds, null for NO_KIND."""
        names = np.full(256, self.texts.literal(NULL), np.int64)
        named = [kind.name for kind in self.contexts.types.kinds]
        names[: len(named)] = self.texts.values(named) + np.arange(len(named))
        return names[numbers]

    def null(self) -> int:
        """null among numbers."""
        return self.text(NULL)

    def addresses(self, addresses: U64) -> I64:
        """Addresses, null for 0."""
        found: I64 = np.where(addresses != 0, addresses.astype(np.int64), self.null())
        for place in np.flatnonzero(self.like_text(addresses.astype(np.int64))).tolist():
            found[place] = self.text(f'"{int(addresses[place]):#x}"')
        return found

    def text(self, made: str) -> int:
        """A text among numbers."""
        return int(TEXTS) + self.texts.literal(made)

    @staticmethod
    def like_text(numbers: I64) -> Bools:
        """Numbers that would be taken for texts: no honest target has such an address or time."""
        return numbers < TEXTS + MOST_TEXTS

    def registered(self, indices: NDArray[np.int32]) -> I64:
        """The addresses of other contexts, null for -1."""
        return np.where(indices >= 0, self.contexts.address[np.maximum(indices, 0)].astype(np.int64), self.null())

    def counted(self, counts: NDArray[np.int32]) -> I64:
        """Counts of what is registered, null for contexts with which nothing can be."""
        canceler = np.array([kind.canceler for kind in self.contexts.types.kinds])
        return np.where(canceler[self.kind], counts[self.indices].astype(np.int64), self.null())

    def some(self, wanted: Bools, of: Callable[[I64], I64 | int]) -> I64:
        """null but for those that are wanted."""
        found = np.full(len(self.indices), self.texts.literal(NULL), np.int64)
        found[wanted] = of(self.indices[wanted])
        return found

    def chosen(self, texts: Sequence[Text], which: I64) -> I64:
        """The numbers of texts, null where none is chosen."""
        return np.where(which >= 0, self.texts.values(texts) + which, self.texts.literal(NULL))

    def deadlines(self) -> tuple[I64, I64, I64]:
        """(nanoseconds left, RFC 3339 in two parts), null for all but timers."""
        timers = np.flatnonzero(self.of_kinds(self.columns.timers))
        left, seconds, nanoseconds = np.full((3, len(self.indices)), self.null())
        nanoseconds[:] = TEXTS + self.texts.literal("")
        mine = self.indices[timers]
        left[timers] = self.left(self.contexts.deadline[mine])
        seconds[timers], nanoseconds[timers] = self.dates(mine)
        return left, seconds, nanoseconds

    def dates(self, mine: I64) -> tuple[I64, I64]:
        """The two parts of timers' dates; those before year 1 or after 9999 are none."""
        seconds, nanoseconds = self.columns.dates(mine)
        wrong = (seconds < YEAR_1) | (seconds >= YEAR_10000)
        if wrong.any():
            seconds[wrong] = TEXTS + self.texts.value(Absent("not a date"))
            nanoseconds[wrong] = TEXTS + self.texts.literal("")
        return seconds, nanoseconds

    def left(self, when: I64) -> I64:
        """Nanoseconds until times on the monotonic clock, or why that is not known."""
        found, ended, now = when - self.columns.now, when == NO_DEADLINE, self.columns.now
        for place in np.flatnonzero(self.like_text(found) & ~ended).tolist():
            found[place] = self.text(str(int(found[place])))
        for mine, example in ((ended, NO_DEADLINE), (~ended & (now <= 0), now)):
            if mine.any():
                found[mine] = TEXTS + self.texts.value(time_left(example, now))
        return found

    def keys_and_values(self) -> Iterator[I64]:
        """(key, value), null for all but valueCtxs; values masked unless asked for."""
        wanted = self.of_kinds(self.columns.values)
        yield self.some(wanted, lambda mine: self.chosen(*self.columns.interfaces(mine, "key")))
        if self.encoder.values:
            yield self.some(wanted, lambda mine: self.chosen(*self.columns.interfaces(mine, "value")))
        else:
            yield self.some(wanted, lambda _: self.texts.value(MASKED))

    def of_kinds(self, numbers: NDArray[np.uint8]) -> Bools:
        """Which of the contexts are of kinds with these numbers."""
        among = np.zeros(256, np.bool_)
        among[numbers] = True
        return among[self.kind]

    def lists(self, chosen: Bools, get: Callable[[int], Sequence[int]]) -> I64:
        """Lists of goroutines, most of them empty."""
        found = np.full(len(self.indices), self.texts.literal("[]"), np.int64)
        for place in np.flatnonzero(chosen).tolist():
            found[place] = self.texts.literal(json.dumps(get(int(self.indices[place]))))
        return found
