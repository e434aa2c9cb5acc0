"""What is said of one context, as commands show it and as JSON has it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from gdbext.analysis.contexts.columns import Columns, time_left
from gdbext.analysis.contexts.contexts import NO_DEADLINE, NO_KIND, STATES
from gdbext.golang.runtime.proc import Goroutines
from gdbext.golang.std.contextread import Absence, Deadline, Detail


@frozen
class Row:
    """One context in full. Times in ns; ``parent`` 0: none; an Absence stands where something could not be read."""

    address: int
    kind: str
    state: str | Absence
    cause: str | Absence | None
    parent: int
    parent_kind: str
    registered_with: int
    children: int | None
    children_listed: int | None
    """How many of them are among the contexts found; None where nobody searched for them."""
    deadline_in_ns: int | Absence | None
    deadline_unix_ns: int | Absence | None
    key: str | Absence | None
    value: str | Absence | None
    waiters: Sequence[int]
    goroutines: Sequence[int]
    certain: bool | None = None
    """Seen alike in two looks at a running program; None where the program stands still."""


def row_of(
    detail: Detail,
    now: int,
    *,
    state: str | Absence,
    cause: str | Absence | None,
    parent_kind: str,
    registered_with: int,
    children: int | None,
    listed: int | None,
    waiters: Sequence[int],
    goroutines: Sequence[int],
    certain: bool | None,
) -> Row:
    """A context's own fields with what others say of it. ``now``: CLOCK_MONOTONIC when the program was looked at."""
    left, deadline = deadline_of(detail, now)
    return Row(
        detail.address,
        detail.kind.name,
        state,
        cause,
        detail.parent[1] if detail.parent is not None else 0,
        parent_kind,
        registered_with,
        children if detail.kind.canceler else None,
        listed if detail.kind.canceler else None,
        left,
        deadline,
        detail.key,
        detail.value,
        waiters,
        goroutines,
        certain,
    )


def deadline_of(detail: Detail, now: int) -> tuple[int | Absence | None, int | Absence | None]:
    """(nanoseconds left, nanoseconds since 1970) of a timerCtx; None for others."""
    found = detail.deadline
    if not isinstance(found, Deadline):
        return found, found
    when = NO_DEADLINE if found.monotonic_ns is None else found.monotonic_ns
    return time_left(when, now), found.unix_ns


class Rows:
    """Makes rows of the contexts of one program."""

    def __init__(self, columns: Columns, goroutines: Goroutines) -> None:
        self.columns, self.goroutines = columns, goroutines
        self.contexts, self.reader, self.now = columns.contexts, columns.reader, columns.now

    def at(self, index: int, goids: Sequence[int] = ()) -> Row:
        """The context ``index``; ``goids``: the goroutines whose stacks hold it."""
        contexts = self.contexts
        kind = contexts.types.kinds[int(contexts.kind[index])]
        registered = int(contexts.registered_with[index])
        return row_of(
            self.reader.tried(kind, int(contexts.address[index])),
            self.now,
            state=STATES[int(contexts.state[index])],
            cause=self.cause(index),
            parent_kind=self.parent_kind(index),
            registered_with=int(contexts.address[registered]) if registered >= 0 else 0,
            children=int(contexts.children[index]),
            listed=int(contexts.listed[index]),
            waiters=self.waiters(index),
            goroutines=goids,
            certain=None if contexts.certain is None else bool(contexts.certain[index]),
        )

    def parent_kind(self, index: int) -> str:
        """The dynamic type of the parent; "" for none or one that is not known."""
        kind = int(self.contexts.parent_kind[index])
        return self.contexts.types.kinds[kind].name if kind != NO_KIND else ""

    def waiters(self, index: int) -> list[int]:
        """The goroutines blocked on the context's Done channel."""
        return sorted(int(self.goroutines.goid[g]) for g in self.contexts.waiters(index))

    def waiters_of(self, indices: NDArray[np.int64]) -> dict[int, list[int]]:
        """The same for many contexts: goids by place in ``indices``, where anybody waits."""
        waits = self.contexts.waits
        low, high = (np.searchsorted(waits[:, 0], indices, side) for side in ("left", "right"))
        goid = self.goroutines.goid
        some = np.flatnonzero(high > low).tolist()
        return {place: np.sort(goid[waits[low[place] : high[place], 1]]).tolist() for place in some}

    def cause(self, index: int) -> str | Absence | None:
        """Why it ended: its own cause, or that of the nearest ancestor that has one."""
        if not self.contexts.state[index]:
            return None
        texts, which = self.columns.causes(np.array([index], np.int64))
        return texts[which[0]] if which[0] >= 0 else None

    def left(self, monotonic_ns: int) -> int | None:
        """Nanoseconds until a time on the monotonic clock, None where there is none."""
        return None if monotonic_ns == NO_DEADLINE or self.now <= 0 else monotonic_ns - self.now
