"""The goroutine profile: how many goroutines share each stack (runtime/pprof, runtime_goroutineProfileWithLabels)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from attrs import frozen

from gdbext.golang.runtime.symtab import Location

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gdbext.analysis.goroutines.stacks import Call, Stacks

BOTTOM = "runtime.goexit"
"""Profiles leave the bottom of every stack out."""


@frozen
class Sample:
    """Goroutines with the same stack and labels. ``frames``: the address of each call and whose code it is."""

    count: int
    frames: tuple[tuple[int, tuple[Location, ...]], ...]
    labels: Mapping[str, str]


def samples(stacks: Stacks, rows: NDArray[np.int64]) -> Iterator[Sample]:
    """The samples, largest first; the runtime's own goroutines are left out, as in the program's own profile.

    Those whose stacks cannot be had are left out too.
    """
    rows = rows[stacks.places.nodes[rows] >= 0]
    users = rows[[not stacks.is_system(row) for row in rows.tolist()]]
    labels = stacks.overview.labels
    for each in stacks.fold_with(users, lambda row: int(stacks.goroutines.g["labels"][row])):
        found = labels(int(each.rows[0]))
        frames = tuple(_frames(stacks.calls(int(each.rows[0]), True), stacks))
        yield Sample(len(each), frames, found if isinstance(found, dict) else {})


def _frames(calls: tuple[Call, ...], stacks: Stacks) -> Iterator[tuple[int, tuple[Location, ...]]]:
    """Calls that share a frame together. Without what the compiler made, as profiles have it."""
    gathered: list[Location] = []
    for call in calls:
        if not stacks.is_made(call):
            gathered.append(call.location)
        if call.location.inlined:
            continue
        if gathered and call.location.function != BOTTOM:
            yield call.looked_up, tuple(gathered)
        gathered = []
