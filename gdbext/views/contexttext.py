"""Lines of contexts by the million: columns read in bulk, each thing that is said decoded once.

The same lines as ``_contexts.details`` makes one by one; a test compares them.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gdbext.analysis.contexts.contexts import NO_DEADLINE, NO_KIND, STATES
from gdbext.compute.arrays import I64
from gdbext.report import Address, Cell, Choices, Stretch
from gdbext.report.cells import MINUTE, SECOND
from gdbext.views import verdicts
from gdbext.views.contexts import MASKED, cell, deadline, registered, sentence, waiting

if TYPE_CHECKING:
    from gdbext.analysis.contexts.columns import Text
    from gdbext.analysis.contexts.rows import Rows
    from gdbext.analysis.contexts.tree import Drawn, Forest
    from gdbext.analysis.leaks.judged import Judged
    from gdbext.compute.arrays import Bools

CHUNK = 1 << 12
"""Lines in a stretch: some hundred KB of text."""
ROOTS = {"context.backgroundCtx": "Background", "context.todoCtx": "TODO"}


def stretches(
    forest: Forest, rows: Rows, args: argparse.Namespace, drawn: Drawn, judged: Judged | None = None
) -> Iterator[Stretch]:
    """The lines of go-ctxtree, one for each context."""
    for at in range(0, len(drawn), CHUNK):
        some = drawn[at : at + CHUNK]
        indices = some.order.astype(np.int64)
        columns = [*ContextColumns(rows, args, indices, judged).all(), under(rows, indices)]
        if args.depth is not None:
            columns.append(_left_out(forest, some, args.depth))
        yield Stretch(some.depth.tolist(), some.last.tolist(), columns)


def under(rows: Rows, indices: I64) -> Choices:
    """Whose children roots are."""
    contexts = rows.contexts
    named = [f"child of {parent_name(kind.name)}" for kind in contexts.types.kinds]
    kind = contexts.parent_kind[indices].astype(np.int64)
    which = np.where(kind == NO_KIND, len(named), kind)
    return chosen([*named, "has no parent"], np.where(contexts.parent[indices] < 0, which, -1))


def parent_name(kind: str) -> str:
    """What is no context found, in words."""
    return ROOTS.get(kind, f"a {kind}")


def _left_out(forest: Forest, some: Drawn, depth: int) -> Choices:
    inner = np.where(some.depth == depth, forest.sizes[some.order] - 1, 0)
    return counted(inner.astype(np.int64), "below")


def chosen(phrases: Sequence[Cell | list[Cell]], which: I64, before: str = ", ") -> Choices:
    """A column of phrases that follow others."""
    return Choices(phrases, which.tolist(), before)


def counted(numbers: I64, what: str) -> Choices:
    """``1,234 registered``; nothing for 0."""
    different, which = np.unique(numbers, return_inverse=True)
    return chosen([f"{number:,} {what}" for number in different.tolist()], np.where(numbers > 0, which, -1))


class ContextColumns:
    """What lines say of some contexts. An index below 0 is no context: nothing is said there."""

    def __init__(self, rows: Rows, args: argparse.Namespace, indices: I64, judged: Judged | None = None) -> None:
        self.judged = judged
        self.rows, self.columns, self.contexts, self.args = rows, rows.columns, rows.contexts, args
        self.indices, self.known = indices, indices >= 0
        self.state = np.where(self.known, self.contexts.state[indices].astype(np.int64), -1)
        self.kind = np.where(self.known, self.contexts.kind[indices].astype(np.int64), -1)

    def all(self) -> Iterator[Choices]:
        """The columns, in the order they stand."""
        yield Choices(self._addresses(), np.where(self.known, np.arange(len(self.indices)), -1).tolist())
        yield chosen([kind.name for kind in self.contexts.types.kinds], self.kind, " ")
        yield chosen(STATES, self.state)
        if self.judged is not None:
            yield self._verdicts(self.judged)
        causes, which = self._causes()
        yield chosen(causes, which, ", cause: ")
        yield self._deadlines(which < 0)
        yield from self._keys_and_values()
        yield self._registered()
        yield self._waiters()

    def _verdicts(self, judged: Judged) -> Choices:
        said = [sentence(verdicts.phrases(judged, index)) if index >= 0 else [] for index in self.indices.tolist()]
        return chosen(said, np.where([bool(one) for one in said], np.arange(len(said)), -1))

    def _addresses(self) -> list[Cell]:
        return [Address(address) for address in self.contexts.address[self.indices].tolist()]

    def _causes(self) -> tuple[list[Cell], I64]:
        wanted = np.flatnonzero(self.state > 0)
        texts, found = self.columns.causes(self.indices[wanted])
        return self._spread(texts, found, wanted)

    def _deadlines(self, wanted: Bools) -> Choices:
        """Of timers that do not say why they ended."""
        mine = np.flatnonzero(wanted & self._of_kinds(self.columns.timers))
        when = self.contexts.deadline[self.indices[mine]]
        clear = (when != NO_DEADLINE) & (self.columns.now > 0)
        left, to = np.unique(_shown_part(when[clear] - self.columns.now), return_inverse=True)
        dated, dates = mine[~clear], self._dates(self.indices[mine[~clear]])
        which = np.full(len(self.indices), -1, np.int64)
        which[mine[clear]] = to
        which[dated] = len(left) + np.arange(len(dated))
        return chosen([*(deadline(one, None) for one in left.tolist()), *dates], which)

    def _dates(self, indices: I64) -> Iterable[list[Cell]]:
        """Of the few whose time is known by the calendar only."""
        for index in indices.tolist():
            row = self.rows.at(index)
            assert row.deadline_in_ns is not None
            yield deadline(row.deadline_in_ns, row.deadline_unix_ns)

    def _keys_and_values(self) -> Iterator[Choices]:
        mine = np.flatnonzero(self._of_kinds(self.columns.values))
        yield chosen(*self._spread(*self.columns.interfaces(self.indices[mine], "key"), mine))
        if self.args.values:
            yield chosen(*self._spread(*self.columns.interfaces(self.indices[mine], "value"), mine), " = ")
        else:
            which = np.full(len(self.indices), -1, np.int64)
            which[mine] = 0
            yield chosen([MASKED], which, " = ")

    def _registered(self) -> Choices:
        canceler = np.array([kind.canceler for kind in self.contexts.types.kinds], np.bool_)
        mine = np.flatnonzero(np.isin(self.kind, np.flatnonzero(canceler)) & (self.contexts.children[self.indices] > 0))
        counts = np.stack([each[self.indices[mine]] for each in (self.contexts.children, self.contexts.listed)], axis=1)
        different, which = np.unique(counts, axis=0, return_inverse=True)
        found = np.full(len(self.indices), -1, np.int64)
        found[mine] = which.reshape(-1)
        return chosen([registered(*one) for one in different.tolist()], found)

    def _waiters(self) -> Choices:
        goids = self.rows.waiters_of(self.indices)
        which = np.full(len(self.indices), -1, np.int64)
        which[list(goids)] = np.arange(len(goids))
        return chosen([waiting(one) for one in goids.values()], which)

    def _of_kinds(self, numbers: NDArray[np.uint8]) -> Bools:
        wanted: Bools = np.isin(self.kind, numbers)
        return wanted

    def _spread(self, texts: Sequence[Text], which: I64, places: I64) -> tuple[list[Cell], I64]:
        """Cells, and which of them each line has: those at ``places`` what they chose, none where that is nothing."""
        found = np.full(len(self.indices), -1, np.int64)
        silent = np.array([text is None for text in texts], np.bool_)
        found[places] = np.where(silent[which], -1, which) if len(texts) else -1
        return [text if type(text) is str else cell(text) for text in texts], found


def _shown_part(left: I64) -> I64:
    """Durations without what is not shown of them: few are different then."""
    whole = np.abs(left) // SECOND * SECOND
    return np.where(np.abs(left) >= MINUTE, np.sign(left) * whole, left)


__all__ = ["ContextColumns", "chosen", "counted", "stretches", "under"]
