"""Contexts as JSON by the million: columns read in bulk, rows put together by one template.

The same objects as ``_contexts.document`` makes one by one; a test compares them.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gdbext.analysis.contexts import NO_DEADLINE, STATES
from gdbext.commands._contexts import MASKED, cell
from gdbext.report import Absent

if TYPE_CHECKING:
    from gdbext.analysis.contextrows import Rows
    from gdbext.session import Session
    from gdbext.target.image import U64, Bools

CHUNK = 1 << 15
KEYS = (
    "address", "kind", "state", "cause", "parent", "parent_kind", "registered_with", "children", "deadline_in_ns",
    "deadline", "key", "value", "waiters", "goroutines",
)  # fmt: skip
NULL = "null"
I64 = NDArray[np.int64]
Column = tuple[int, I64]


def encoded(session: Session, args: argparse.Namespace, indices: I64) -> Iterator[str]:
    """JSON objects of the contexts, joined with commas, some thousand in a piece."""
    for at in range(0, len(indices), CHUNK):
        chunk = _Chunk(session.context_rows, session.context_holders, args, indices[at : at + CHUNK])
        yield chunk.encoded()


def text(value: object) -> str:
    """One value as JSON."""
    made = cell(value)
    return json.dumps({"absent": made.reason} if isinstance(made, Absent) else made)


YEAR_1, YEAR_10000 = -62135596800, 253402300800
"""Seconds since 1970: what RFC 3339 can write."""


class _Texts:
    """The distinct texts of a chunk, one after another: rows refer to them by number."""

    def __init__(self) -> None:
        self._numbers: dict[object, int] = {}
        self._parts: list[bytes] = []
        self._lengths: list[int] = []

    def literal(self, made: str) -> int:
        """The number of a text."""
        number = self._numbers.get(made)
        if number is None:
            number = self._numbers[made] = len(self._lengths)
            self._parts.append(made.encode("ascii"))
            self._lengths.append(len(self._parts[-1]))
        return number

    def value(self, value: object) -> int:
        """The number of a value's JSON."""
        number = self._numbers.get((type(value), value))
        if number is None:
            number = self._numbers[type(value), value] = self.literal(text(value))
        return number

    def dates(self, seconds: I64, nanoseconds: I64) -> I64:
        """The numbers of times in UTC, given since 1970; those before year 1 or after 9999 are no dates."""
        if not len(seconds):
            return np.zeros(0, np.int64)
        fine = (seconds >= YEAR_1) & (seconds < YEAR_10000)
        dates = np.where(fine, seconds, 0).astype("datetime64[s]").astype("S19")
        digits = np.char.zfill(nanoseconds.astype("S9"), 9)
        made = np.char.add(np.char.add(np.char.add(b'"', dates), np.char.add(b".", digits)), b'Z"')
        first, width = len(self._lengths), made.dtype.itemsize
        self._parts.append(made.tobytes())
        self._lengths.extend([width] * len(made))
        numbers = np.arange(first, first + len(made), dtype=np.int64)
        return numbers if fine.all() else np.where(fine, numbers, self.value(Absent("not a date")))

    def arrays(self) -> tuple[NDArray[np.uint8], I64]:
        """All texts joined, and where each begins."""
        start = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.array(self._lengths, np.int64))])
        return np.frombuffer(bytearray().join(self._parts), np.uint8), start


class _Chunk:
    """Encodes some contexts: each column as numbers, or as numbers of texts."""

    def __init__(
        self, rows: Rows, holders: Mapping[int, Sequence[int]], args: argparse.Namespace, indices: I64
    ) -> None:
        self.rows, self.holders, self.args, self.indices = rows, holders, args, indices
        self.contexts, self.columns, self.texts = rows.contexts, rows.columns, _Texts()
        self.kind = self.contexts.kind[indices]

    def encoded(self) -> str:
        from gdbext.analysis import rowkernels

        columns = [*self.cells()]
        literals = np.array([self.texts.literal(one) for one in self.literals()], np.int64)
        forms, cells = np.array([form for form, _ in columns], np.int64), np.stack([column for _, column in columns])
        made = rowkernels.rows(forms, cells, literals, *self.texts.arrays())
        return str(made.tobytes(), "ascii").removesuffix(",\n")

    def literals(self) -> Iterator[str]:
        """What stands before each column, and after the last."""
        yield '{"address": '
        yield from (f', "{key}": ' for key in KEYS[1:])
        if self.contexts.certain is not None:
            yield ', "certain": '
        yield "},\n"

    def cells(self) -> Iterator[Column]:
        """The columns in the order of ``KEYS``."""
        from gdbext.analysis.rowkernels import ADDRESS, NUMBER, TEXT

        contexts, indices = self.contexts, self.indices
        state = contexts.state[indices]
        yield ADDRESS, contexts.address[indices].astype(np.int64)
        yield TEXT, self.kinds(self.kind)
        yield TEXT, np.array([self.texts.value(name) for name in STATES])[state]
        yield TEXT, self.some(state != 0, lambda mine: map(self.texts.value, self.columns.causes(mine)))
        yield ADDRESS, self.addresses(self.columns.parents(indices))
        yield TEXT, self.kinds(contexts.parent_kind[indices])
        yield ADDRESS, self.registered(contexts.registered_with[indices])
        yield NUMBER, self.children()
        yield from zip((NUMBER, TEXT), self.deadlines(), strict=True)
        yield from ((TEXT, column) for column in self.keys_and_values())
        yield TEXT, self.lists(np.isin(indices, contexts.waits[:, 0]), self.rows.waiters)
        yield TEXT, self.lists(np.isin(indices, list(self.holders)), self.holders.__getitem__)
        if contexts.certain is not None:
            yield TEXT, np.where(contexts.certain[indices], self.texts.literal("true"), self.texts.literal("false"))

    def kinds(self, numbers: NDArray[np.uint8]) -> I64:
        """The names of kinds, null for NO_KIND."""
        names = np.full(256, self.texts.literal(NULL), np.int64)
        for number, kind in enumerate(self.contexts.types.kinds):
            names[number] = self.texts.value(kind.name)
        return names[numbers]

    def null(self) -> int:
        """null among numbers."""
        from gdbext.analysis.rowkernels import TEXTS

        return int(TEXTS) + self.texts.literal(NULL)

    def addresses(self, addresses: U64) -> I64:
        """Addresses, null for 0."""
        return np.where(addresses != 0, addresses.astype(np.int64), self.null())

    def registered(self, indices: NDArray[np.int32]) -> I64:
        """The addresses of other contexts, null for -1."""
        return np.where(indices >= 0, self.contexts.address[np.maximum(indices, 0)].astype(np.int64), self.null())

    def children(self) -> I64:
        canceler = np.array([kind.canceler for kind in self.contexts.types.kinds])
        return np.where(canceler[self.kind], self.contexts.children[self.indices].astype(np.int64), self.null())

    def some(self, chosen: Bools, of: Callable[[I64], Iterable[int]]) -> I64:
        """null but for the chosen ones."""
        found = np.full(len(self.indices), self.texts.literal(NULL), np.int64)
        found[chosen] = np.fromiter(of(self.indices[chosen]), np.int64)
        return found

    def deadlines(self) -> tuple[I64, I64]:
        """(nanoseconds left, RFC 3339), null for all but timers."""
        left = np.full(len(self.indices), self.null())
        timers = np.isin(self.kind, self.columns.timers)
        left[timers] = self.left(self.contexts.deadline[self.indices[timers]])
        return left, self.some(timers, lambda mine: self.texts.dates(*self.columns.dates(mine)))

    def left(self, when: I64) -> I64:
        """Nanoseconds until times on the monotonic clock, or why that is not known."""
        from gdbext.analysis.rowkernels import TEXTS

        found = when - self.columns.now
        for why in np.flatnonzero((when == NO_DEADLINE) | (self.columns.now <= 0)).tolist():
            found[why] = TEXTS + self.texts.value(self.columns.left(int(when[why])))
        return found

    def keys_and_values(self) -> Iterator[I64]:
        """(key, value), null for all but valueCtxs; values masked unless asked for."""
        mine = np.isin(self.kind, self.columns.values)
        value = self.texts.value
        both = [(value(k), value(v)) for k, v in self.columns.keys(self.indices[mine], self.args.values)]
        yield self.some(mine, lambda _: (key for key, _ in both))
        masked = self.texts.literal(text(MASKED))
        yield self.some(mine, lambda _: (shown if self.args.values else masked for _, shown in both))

    def lists(self, chosen: Bools, get: Callable[[int], Sequence[int]]) -> I64:
        """Lists of goroutines, most of them empty."""
        found = np.full(len(self.indices), self.texts.literal("[]"), np.int64)
        for place in np.flatnonzero(chosen).tolist():
            found[place] = self.texts.literal(json.dumps(get(int(self.indices[place]))))
        return found
