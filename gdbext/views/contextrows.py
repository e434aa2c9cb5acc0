"""A context as a row, each column declared once: of one ``Row``, and of some thousand contexts read in bulk.

A test compares the two.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdbext.analysis.contexts.columns import time_left
from gdbext.analysis.contexts.contexts import NO_DEADLINE, STATES
from gdbext.compute import parallel
from gdbext.compute.arrays import I64
from gdbext.report.columns import Column, Schema
from gdbext.report.values import Choice, Flags, Kind, Numbers, Times, Values, each
from gdbext.views import verdicts
from gdbext.views.contexts import MASKED, cell, moment, shown_value

if TYPE_CHECKING:
    from gdbext.analysis.contexts.columns import Text
    from gdbext.analysis.contexts.rows import Row, Rows
    from gdbext.analysis.leaks.judged import Judged
    from gdbext.compute.arrays import U64, Bools
    from gdbext.session import Session

CHUNK = 1 << 13
"""Contexts in a piece: its text should fit the processor's cache."""


class Shown(NamedTuple):
    """One context, whether its value may be shown, and whether anything reaches it where that was asked."""

    row: Row
    values: bool
    reachable: bool | None = None


def document(row: Row, args: argparse.Namespace) -> dict[str, object]:
    """One context with the keys of the interface."""
    return schema(row.certain is not None).object(Shown(row, args.values))


def encoded(
    session: Session,
    args: argparse.Namespace,
    indices: I64,
    reached: Bools | None = None,
    judged: Judged | None = None,
) -> Iterator[str]:
    """JSON objects of the contexts, joined with commas, some thousand in a piece; with ``reached`` whether each is,
    with ``judged`` what becomes of each."""
    every = Found(session.context_rows, session.context_holders, args.values, reached, judged)
    chunks = (Chunk(every, indices[at : at + CHUNK]) for at in range(0, len(indices), CHUNK))
    known = schema(session.contexts.certain is not None, reached is not None)
    pieces = (JUDGED if judged is not None else known).encoded(chunks)
    yield from parallel.ahead(pieces) if session.target.memory.whole() is not None else pieces


class Found:
    """What all pieces share: which contexts somebody waits on or holds, and whether values may be shown.

    ``reached``: which ones anything reaches, where that was asked.
    """

    def __init__(
        self,
        rows: Rows,
        holders: Mapping[int, Sequence[int]],
        values: bool,
        reached: Bools | None = None,
        judged: Judged | None = None,
    ) -> None:
        self.rows, self.holders, self.values, self.reached, self.judged = rows, holders, values, reached, judged
        self.contexts, self.columns = rows.contexts, rows.columns
        self.waited, self.held = np.zeros((2, len(rows.contexts)), np.bool_)
        self.waited[rows.contexts.waits[:, 0]] = True
        self.held[list(holders)] = True
        self.names = [kind.name for kind in rows.contexts.types.kinds]
        self.cancelers = np.array([kind.canceler for kind in rows.contexts.types.kinds], np.bool_)


class Chunk:
    """Some contexts: columns of them, read in bulk."""

    def __init__(self, every: Found, indices: I64) -> None:
        self.every, self.indices = every, indices
        self.contexts, self.columns = every.contexts, every.columns
        self.kind = self.contexts.kind[indices]

    def named(self, numbers: NDArray[np.uint8]) -> Choice:
        """Kinds by name, None for NO_KIND."""
        names = self.every.names
        return Choice(names, np.where(numbers < len(names), numbers.astype(np.int64), -1))

    def counted(self, counts: NDArray[np.int32]) -> Numbers:
        """Counts of what is registered, None for contexts with which nothing can be."""
        return Numbers(counts[self.indices], [(~self.every.cancelers[self.kind], None)])

    def spread(self, wanted: Bools, of: Callable[[I64], tuple[Sequence[Text], I64]]) -> Choice:
        """Texts of the contexts that are wanted, None for the others."""
        texts, found = of(self.indices[wanted])
        which = np.full(len(self.indices), -1, np.int64)
        which[wanted] = found
        return Choice([text if type(text) is str else cell(text) for text in texts], which)

    def of_kinds(self, numbers: NDArray[np.uint8]) -> Bools:
        """Which of the contexts are of kinds with these numbers."""
        among = np.zeros(256, np.bool_)
        among[numbers] = True
        return among[self.kind]

    def lists(self, some: Bools, get: Callable[[int], Sequence[int]]) -> Choice:
        """Lists of goroutines, most of them empty."""
        places = np.flatnonzero(some[self.indices])
        which = np.zeros(len(self.indices), np.int64)
        which[places] = 1 + np.arange(len(places))
        return Choice([(), *(get(index) for index in self.indices[places].tolist())], which)

    @cached_property
    def verdicts(self) -> Sequence[Mapping[str, Any]]:
        """What becomes of each."""
        judged = self.every.judged
        assert judged is not None
        return [verdicts.members(judged, index) for index in self.indices.tolist()]

    @cached_property
    def timers(self) -> Bools:
        """Which have deadlines."""
        return self.of_kinds(self.columns.timers)


def _address(chunk: Chunk) -> Values:
    return Numbers(chunk.contexts.address[chunk.indices])


def _state(chunk: Chunk) -> Values:
    return Choice(STATES, chunk.contexts.state[chunk.indices].astype(np.int64))


def _cause(chunk: Chunk) -> Values:
    return chunk.spread(chunk.contexts.state[chunk.indices] != 0, chunk.columns.causes)


def _parent(chunk: Chunk) -> Values:
    addresses: U64 = chunk.columns.parents(chunk.indices)
    return Numbers(addresses, [(addresses == 0, None)])


def _parent_kind(chunk: Chunk) -> Values:
    return chunk.named(chunk.contexts.parent_kind[chunk.indices])


def _registered_with(chunk: Chunk) -> Values:
    indices = chunk.contexts.registered_with[chunk.indices]
    return Numbers(chunk.contexts.address[np.maximum(indices, 0)], [(indices < 0, None)])


def _deadline_in(chunk: Chunk) -> Values:
    """Nanoseconds until times on the monotonic clock, or why that is not known."""
    when, now, timers = chunk.contexts.deadline[chunk.indices], chunk.columns.now, chunk.timers
    ended = timers & (when == NO_DEADLINE)
    instead: list[tuple[Bools, object]] = [(~timers, None)]
    for mine, example in ((ended, NO_DEADLINE), (timers & ~ended & (now <= 0), now)):
        if mine.any():
            instead.append((mine, cell(time_left(example, now))))
    return Numbers(when - now, instead)


def _deadline(chunk: Chunk) -> Values:
    seconds, nanoseconds = np.zeros((2, len(chunk.indices)), np.int64)
    seconds[chunk.timers], nanoseconds[chunk.timers] = chunk.columns.dates(chunk.indices[chunk.timers])
    return Times(seconds, nanoseconds, [(~chunk.timers, None)])


def _key(chunk: Chunk) -> Values:
    wanted = chunk.of_kinds(chunk.columns.values)
    return chunk.spread(wanted, lambda mine: chunk.columns.interfaces(mine, "key"))


def _value(chunk: Chunk) -> Values:
    """Not even read where it is not to be shown."""
    wanted = chunk.of_kinds(chunk.columns.values)
    if not chunk.every.values:
        return Choice([MASKED], np.where(wanted, 0, -1))
    return chunk.spread(wanted, lambda mine: chunk.columns.interfaces(mine, "value"))


def _certain(chunk: Chunk) -> Values:
    assert chunk.contexts.certain is not None
    return Flags(chunk.contexts.certain[chunk.indices])


def _reachable(chunk: Chunk) -> Values:
    assert chunk.every.reached is not None
    return Flags(chunk.every.reached[chunk.indices])


def _column(key: str, kind: Kind, one: Callable[[Row], Any], many: Callable[[Chunk], Values]) -> Column[Shown, Chunk]:
    return Column(key, kind, one=lambda shown: cell(one(shown.row)), many=many)


CONTEXT: Schema[Shown, Chunk] = Schema(
    (
        _column("address", Kind.ADDRESS, lambda row: row.address, _address),
        _column("kind", Kind.TEXT, lambda row: row.kind, lambda chunk: chunk.named(chunk.kind)),
        _column("state", Kind.TEXT, lambda row: row.state, _state),
        _column("cause", Kind.HOSTILE, lambda row: row.cause, _cause),
        _column("parent", Kind.ADDRESS, lambda row: row.parent or None, _parent),
        _column("parent_kind", Kind.TEXT, lambda row: row.parent_kind or None, _parent_kind),
        _column("registered_with", Kind.ADDRESS, lambda row: row.registered_with or None, _registered_with),
        _column("children", Kind.COUNT, lambda row: row.children, lambda chunk: chunk.counted(chunk.contexts.children)),
        _column(
            "children_listed",
            Kind.COUNT,
            lambda row: row.children_listed,
            lambda chunk: chunk.counted(chunk.contexts.listed),
        ),
        _column("deadline_in_ns", Kind.DURATION, lambda row: row.deadline_in_ns, _deadline_in),
        _column("deadline", Kind.TIME, lambda row: moment(row.deadline_unix_ns), _deadline),
        _column("key", Kind.HOSTILE, lambda row: row.key, _key),
        Column("value", Kind.HOSTILE, one=lambda shown: shown_value(shown.row, shown.values), many=_value),
        _column(
            "waiters",
            Kind.LIST,
            lambda row: list(row.waiters),
            lambda chunk: chunk.lists(chunk.every.waited, chunk.every.rows.waiters),
        ),
        _column(
            "goroutines",
            Kind.LIST,
            lambda row: list(row.goroutines),
            lambda chunk: chunk.lists(chunk.every.held, chunk.every.holders.__getitem__),
        ),
    )
)
"""A context, column by column: to add one, add it here."""
CERTAIN = _column("certain", Kind.FLAG, lambda row: row.certain, _certain)
SEEN_TWICE: Schema[Shown, Chunk] = Schema((*CONTEXT.columns, CERTAIN))
"""A context of a program that was running."""


REACHABLE: Column[Shown, Chunk] = Column("reachable", Kind.FLAG, one=lambda shown: shown.reachable, many=_reachable)
WITH_GARBAGE: Schema[Shown, Chunk] = Schema((*CONTEXT.columns, REACHABLE))
"""A context that may be garbage."""


def _judged(key: str, kind: Kind) -> Column[Shown, Chunk]:
    return Column(key, kind, many=lambda chunk: each([kind.cell(one[key]) for one in chunk.verdicts]))


JUDGED: Schema[Shown, Chunk] = Schema(
    (
        *CONTEXT.columns,
        _judged("reachable", Kind.FLAG),
        _judged("verdict", Kind.TEXT),
        _judged("stoppable", Kind.FLAG),
        _judged("proved", Kind.FLAG),
        _judged("ends_with", Kind.ADDRESS),
        _judged("woken", Kind.FLAG),
        _judged("woken_by_several", Kind.FLAG),
        _judged("holder", Kind.MAPPING),
        _judged("retained_bytes", Kind.BYTES),
    )
)
"""A context and what becomes of it."""


def schema(seen_twice: bool, with_garbage: bool = False) -> Schema[Shown, Chunk]:
    """The columns of a context. Of a program that was running nobody knows what is garbage."""
    if seen_twice:
        return SEEN_TWICE
    return WITH_GARBAGE if with_garbage else CONTEXT


__all__ = ["CONTEXT", "Chunk", "Found", "Shown", "document", "encoded", "schema"]
