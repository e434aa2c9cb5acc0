"""Contexts as JSON by the million: columns read in bulk, rows put together by one template.

The same objects as ``_contexts.document`` makes one by one; a test compares them.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gdbext.commands._contexts import MASKED, cell
from gdbext.report import Absent

if TYPE_CHECKING:
    from gdbext.analysis.contextrows import Rows
    from gdbext.analysis.contexts import Contexts
    from gdbext.session import Session

CHUNK = 1 << 14
ROW = (
    '{"address": "0x%x", %s, "parent": %s, "parent_kind": %s, "registered_with": %s, "children": %s, '
    '"deadline_in_ns": %s, "deadline": %s, "key": %s, "value": %s, "waiters": %s, "goroutines": %s%s}'
)
NULL = "null"


def encoded(session: Session, args: argparse.Namespace, indices: NDArray[np.int64]) -> Iterator[str]:
    """JSON objects of the contexts, joined with commas, some thousand in a piece."""
    encoder = _Encoder(session.contexts, session.context_rows, session.context_holders, args)
    for at in range(0, len(indices), CHUNK):
        yield ",\n".join(encoder.chunk(indices[at : at + CHUNK]))


def text(value: object) -> str:
    """One value as JSON."""
    made = cell(value)
    return json.dumps({"absent": made.reason} if isinstance(made, Absent) else made)


class _Encoder:
    """Encodes chunks; remembers what repeats: kinds, causes, keys."""

    def __init__(
        self, contexts: Contexts, rows: Rows, holders: Mapping[int, Sequence[int]], args: argparse.Namespace
    ) -> None:
        self.contexts, self.rows, self.holders, self.args = contexts, rows, holders, args
        self.columns = rows.columns
        self.waited = frozenset(contexts.waits[:, 0].tolist())
        self.heads: dict[tuple[int, int, str], str] = {}
        self.kinds = [json.dumps(kind.name) for kind in contexts.types.kinds]

    def chunk(self, indices: NDArray[np.int64]) -> Iterator[str]:
        contexts = self.contexts
        columns: Sequence[Sequence[Any]] = (
            contexts.address[indices].tolist(),
            self.kind_state_cause(indices),
            self.parents(indices),
            [self.kinds[kind] if kind < len(self.kinds) else NULL for kind in contexts.parent_kind[indices].tolist()],
            self.addresses(contexts.registered_with[indices]),
            self.children(indices),
            *self.deadlines(indices),
            *self.keys_and_values(indices),
            self.lists(indices, self.waited, self.rows.waiters),
            self.lists(indices, self.holders, self.holders.__getitem__),
            self.certain(indices),
        )
        return map(ROW.__mod__, zip(*columns, strict=True))

    def kind_state_cause(self, indices: NDArray[np.int64]) -> list[str]:
        contexts = self.contexts
        made = []
        kinds, states = contexts.kind[indices].tolist(), contexts.state[indices].tolist()
        causes = self.columns.causes(indices[contexts.state[indices] != 0])
        for kind, state in zip(kinds, states, strict=True):
            made.append(self.head(kind, state, text(next(causes)) if state else NULL))
        return made

    def head(self, kind: int, state: int, cause: str) -> str:
        key = (kind, state, cause)
        found = self.heads.get(key)
        if found is None:
            named = "cancelled" if state else "live"
            found = self.heads[key] = f'"kind": {self.kinds[kind]}, "state": "{named}", "cause": {cause}'
        return found

    def addresses(self, indices: NDArray[np.int32]) -> list[str]:
        """The addresses of other contexts, null for -1."""
        known = indices >= 0
        found = self.contexts.address[np.where(known, indices, 0)] if len(self.contexts) else indices
        return [f'"0x{a:x}"' if k else NULL for a, k in zip(found.tolist(), known.tolist(), strict=True)]

    def parents(self, indices: NDArray[np.int64]) -> list[str]:
        return [f'"0x{parent:x}"' if parent else NULL for parent in self.columns.parents(indices).tolist()]

    def children(self, indices: NDArray[np.int64]) -> list[str]:
        canceler = [kind.canceler for kind in self.contexts.types.kinds]
        kinds, counts = self.contexts.kind[indices].tolist(), self.contexts.children[indices].tolist()
        return [str(count) if canceler[kind] else NULL for kind, count in zip(kinds, counts, strict=True)]

    def deadlines(self, indices: NDArray[np.int64]) -> tuple[list[str], list[str]]:
        left, at = [NULL] * len(indices), [NULL] * len(indices)
        timers = np.flatnonzero(np.isin(self.contexts.kind[indices], self.columns.timers))
        if len(timers):
            for place, (in_ns, date) in zip(timers.tolist(), self.columns.deadlines(indices[timers]), strict=True):
                left[place], at[place] = text(in_ns), text(date)
        return left, at

    def keys_and_values(self, indices: NDArray[np.int64]) -> tuple[list[str], list[str]]:
        keys, values = [NULL] * len(indices), [NULL] * len(indices)
        mine = np.flatnonzero(np.isin(self.contexts.kind[indices], self.columns.values))
        masked = text(MASKED)
        for place, (key, value) in zip(mine.tolist(), self.columns.keys(indices[mine], self.args.values), strict=True):
            keys[place] = text(key)
            values[place] = text(value) if self.args.values else masked
        return keys, values

    def certain(self, indices: NDArray[np.int64]) -> list[str]:
        known = self.contexts.certain
        if known is None:
            return [""] * len(indices)
        return [', "certain": true' if sure else ', "certain": false' for sure in known[indices].tolist()]

    @staticmethod
    def lists(indices: NDArray[np.int64], some: Any, get: Any) -> list[str]:
        return [json.dumps(get(index)) if index in some else "[]" for index in indices.tolist()]
