"""What a person asks of goroutines: which of my functions each is in, who made it, which ones are alike.

The *first user frame* is the innermost frame that ``runtime.Stack`` would print and that is not plumbing: no function
of the packages in PLUMBING (nor of internal ones), which only wait on somebody's behalf. A stack of nothing but
plumbing shows its innermost printed frame, and one of the runtime's own goroutines its outermost frame.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from attrs import define, field, frozen
from numpy.typing import NDArray

from gdbext.errors import GdbextError
from gdbext.golang.reading.program import distinct
from gdbext.golang.runtime.proflabel import labels
from gdbext.golang.runtime.showframe import Shown
from gdbext.golang.runtime.symtab import Location
from gdbext.golang.runtime.symtabinl import frames
from gdbext.golang.runtime.traceback import ENDS, MOST_FRAMES, NO_FRAME, UNREADABLE
from gdbext.golang.runtime.traces import Traces

if TYPE_CHECKING:
    from gdbext.golang.runtime.proc import Goroutines
    from gdbext.golang.runtime.symtab import Symtab
    from gdbext.target.image import Image

PLUMBING = frozenset(["runtime", "sync", "syscall", "time", "reflect", "os", "io", "net", "bufio"])
INTERNAL = ("runtime/", "internal/", "sync/", "vendor/")
INNERMOST = 512
"""Frames walked to find the first user frame."""
DEEPEST = 4096
"""Frames compared when stacks are grouped: beyond that, stacks count as alike."""
NO_FRAMES = "no frames"
NO_CREATOR = Location("", "", 0)


def package(function: str) -> str:
    """The package that a function's name starts with: ``net/http`` of ``net/http.(*Server).Serve``."""
    start = function.rfind("/", 0, (function.find("(") + 1 or function.find("[") + 1 or len(function) + 1) - 1) + 1
    dot = function.find(".", start)
    return function[:dot] if dot >= 0 else ""


def is_plumbing(function: str) -> bool:
    """Whether a function only waits on somebody's behalf."""
    name = package(function)
    return name in PLUMBING or name.startswith(INTERNAL)


@frozen
class Seen:
    """What is known of a stack up to a frame, from the inside: the candidates for its one line in a list."""

    user: Location | None = None
    shown: Location | None = None
    outermost: Location | None = None
    callee: int = 0

    @property
    def best(self) -> Location | None:
        return self.user or self.shown or self.outermost


@define(eq=False)
class Places:
    """The first user frame of every stack. ``whole``: walk the stacks to their end, as groups and searches need it.

    ``only``: the rows whose stacks are walked; None for all. The others have no frame.
    """

    goroutines: Goroutines
    whole: bool = False
    only: NDArray[np.int64] | None = None
    deepest: int = DEEPEST
    """Frames of a whole stack that are walked at most."""
    _stacks: Image = field(init=False)
    _memory: dict[int, Image] = field(factory=dict, init=False)
    traces: Traces = field(init=False)
    nodes: NDArray[np.int64] = field(init=False)
    """The outermost node walked, by row; -1: no frame."""
    ends: NDArray[np.uint8] = field(init=False)
    _seen: dict[int, Seen] = field(factory=dict, init=False)
    _frames: dict[tuple[int, bool], tuple[Location, ...]] = field(factory=dict, init=False)
    _shown: Shown = field(init=False)

    def __attrs_post_init__(self) -> None:
        goroutines = self.goroutines
        self.traces, self._shown = Traces(goroutines.symtab), Shown(goroutines.symtab)
        self._stacks = goroutines.stacks(self.only, 1 << 30) if self.whole else goroutines.stacks(self.only)
        enough = None if self.whole else self._has_user_frame
        limit = self.deepest if self.whole else INNERMOST
        nodes, ends = self.traces.walk(self._stacks, goroutines.start(self.only), limit, enough)
        self.nodes, self.ends = (nodes, ends) if self.only is None else self._spread(nodes, ends, self.only)
        if self.whole:
            self._walk_cut_ones()

    def _walk_cut_ones(self) -> None:
        """Of a program that runs only so much of each stack was copied: the rest of those that need it."""
        rows = self.goroutines.cut_stacks()
        rows = rows[self.ends[rows] == UNREADABLE]
        if len(rows) == 0:
            return
        image, rows = self.goroutines.whole_stacks(rows)
        self.nodes[rows], self.ends[rows] = self.traces.walk(image, self.goroutines.start(rows), self.deepest)
        self._memory.update(dict.fromkeys(rows.tolist(), image))

    def memory(self, row: int) -> Image:
        """Where a goroutine's stack can be read."""
        return self._memory.get(row, self._stacks)

    def _spread(
        self, nodes: NDArray[np.int64], ends: NDArray[np.uint8], rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """What some rows have, as columns of all of them."""
        every = np.full(len(self.goroutines), -1, np.int64), np.full(len(self.goroutines), NO_FRAME, np.uint8)
        every[0][rows], every[1][rows] = nodes, ends
        return every

    def _has_user_frame(self, node: int) -> bool:
        return self.seen(node).user is not None

    def seen(self, node: int) -> Seen:
        """What is known of the stack whose outermost frame is that node."""
        todo = []
        while node >= 0 and node not in self._seen:
            todo.append(node)
            node = self.traces.callee[node]
        seen = self._seen[node] if node >= 0 else Seen()
        for inner in reversed(todo):
            seen = self._seen[inner] = self._extend(seen, inner)
        return seen

    def _extend(self, seen: Seen, node: int) -> Seen:
        """``seen`` and one frame more, with the calls inlined in it."""
        for frame in self.locations(node):
            user, shown = seen.user, seen.shown
            if self._shown.shows(frame, shown is None, seen.callee):
                shown = shown or frame
                user = user or (None if is_plumbing(frame.function) else frame)
            passed = seen.outermost and (self._is_bottom(node) or self._shown.is_wrapper(frame))
            seen = Seen(user, shown, seen.outermost if passed else frame, frame.func_id)
        return seen

    def _is_bottom(self, node: int) -> bool:
        return self.traces.table.info(self.traces.pc[node]).top

    def locations(self, node: int) -> tuple[Location, ...]:
        """The functions at a node, inlined ones first; where a table cannot be read, the function without a line."""
        pc, trapped = self.traces.pc[node], self.traces.trapped[node]
        found = self._frames.get((pc, trapped))
        if found is None:
            found = self._frames[pc, trapped] = tuple(locations(self.goroutines.symtab, pc, trapped))
        return found

    def place(self, row: int) -> Location | None:
        """The first user frame of a goroutine; None where there are no frames."""
        return self.seen(int(self.nodes[row])).best

    def why_absent(self, row: int) -> str:
        """Why a goroutine has no frames."""
        return self.goroutines.trouble.get(row) or ENDS[int(self.ends[row])] or NO_FRAMES

    def stack(self, row: int) -> list[Location]:
        """The frames that ``runtime.Stack`` would print, innermost first; all of them where it would print none."""
        frames = [frame for node in self.traces.path(int(self.nodes[row])) for frame in self.locations(node)]
        return list(self._shown.frames(frames)) or frames

    def passes(self, accept: Callable[[Location], bool]) -> NDArray[np.bool_]:
        """Which goroutines have a frame that is accepted, anywhere in their stacks."""
        hit: list[bool] = []
        for node, callee in enumerate(self.traces.callee):
            hit.append((callee >= 0 and hit[callee]) or any(accept(frame) for frame in self.locations(node)))
        hits = np.array([*hit, False], np.bool_)  # node -1 is the last one
        return hits[self.nodes]


def locations(symtab: Symtab, pc: int, trapped: bool) -> list[Location]:
    """The functions at a frame's pc, inlined ones first; where a table cannot be read, the function without a line."""
    try:
        return frames(symtab, pc, not trapped)
    except GdbextError:
        return [Location(symtab.name(symtab.function(pc)), "?", 0)]


@define(eq=False)
class Overview:
    """The columns of a list of goroutines that take working out, by row."""

    goroutines: Goroutines
    whole: bool = False
    only: NDArray[np.int64] | None = None
    deepest: int = DEEPEST

    @cached_property
    def places(self) -> Places:
        """Where each goroutine is."""
        return Places(self.goroutines, self.whole, self.only, self.deepest)

    @cached_property
    def waited(self) -> NDArray[np.int64]:
        """Nanoseconds that each goroutine has waited at least, -1 where unknown."""
        return self.goroutines.waited()

    @cached_property
    def _creators(self) -> dict[int, Location]:
        return {pc: creator(self.goroutines, pc) for pc in distinct(self.goroutines.g["gopc"]).tolist()}

    def created_by(self, row: int) -> Location:
        """The function with the ``go`` statement, as the runtime names it; an empty name for the main goroutine."""
        if self.goroutines.goid[row] == 1:  # assembly made it
            return NO_CREATOR
        return self._creators[int(self.goroutines.g["gopc"][row])]

    @cached_property
    def _labels(self) -> dict[int, dict[str, str] | str]:
        addresses = distinct(self.goroutines.g["labels"]).tolist()
        return {address: _read_labels(self.goroutines, address) for address in addresses}

    def labels(self, row: int) -> dict[str, str] | str:
        """The profiler labels of a goroutine, or why they cannot be read."""
        return self._labels[int(self.goroutines.g["labels"][row])]


def creator(goroutines: Goroutines, pc: int) -> Location:
    """The function around a ``go`` statement and its line, as ``runtime.Stack`` prints it: inlining is not undone."""
    symtab = goroutines.symtab
    index = symtab.function(pc) if pc else -1
    if index < 0:
        return NO_CREATOR
    try:
        file, line = symtab.line(index, pc - 1 if pc > symtab.entry(index) else pc)
        return Location(symtab.name(index), file, line)
    except GdbextError:
        return Location("?", "?", 0)


def _read_labels(goroutines: Goroutines, address: int) -> dict[str, str] | str:
    try:
        return labels(goroutines.program, address)
    except GdbextError as error:
        return error.message


@frozen
class Wanted:
    """Which goroutines to list; an empty value does not restrict."""

    status: str = ""
    reason: str = ""
    """Part of the wait reason, in any case."""
    function: str = ""
    """Part of the name of any function on the stack."""
    labels: Sequence[tuple[str, str | None]] = ()
    """(key, value), value None for any."""


def select(overview: Overview, wanted: Wanted) -> NDArray[np.int64]:
    """The rows of the goroutines wanted, by goid, unreadable ones last. ``function`` needs ``whole``."""
    goroutines = overview.goroutines
    keep = np.ones(len(goroutines), np.bool_)
    if wanted.status:
        keep &= np.array([goroutines.status_name(row) == wanted.status for row in range(len(keep))], np.bool_)
    if wanted.reason:
        part = wanted.reason.lower()
        keep &= np.array([part in goroutines.reason(row).lower() for row in range(len(keep))], np.bool_)
    if wanted.function:
        keep &= overview.places.passes(lambda frame: wanted.function in frame.function)
    for key, value in wanted.labels:
        keep &= np.array([_has_label(overview.labels(row), key, value) for row in range(len(keep))], np.bool_)
    rows = np.flatnonzero(keep)
    goids = goroutines.goid[rows]
    return rows[np.lexsort((goids, goids == 0))]


def _has_label(found: dict[str, str] | str, key: str, value: str | None) -> bool:
    return isinstance(found, dict) and key in found and value in (None, found[key])


@frozen
class Group:
    """Goroutines that are alike. ``rows`` by goid."""

    rows: NDArray[np.int64] = field(eq=False)

    def __len__(self) -> int:
        return len(self.rows)


def group(rows: NDArray[np.int64], key: Callable[[int], Hashable]) -> list[Group]:
    """The rows by a key, largest group first, then the one with the oldest goroutine."""
    found: dict[Hashable, list[int]] = {}
    for row in rows.tolist():
        found.setdefault(key(row), []).append(row)
    groups = [Group(np.array(members, np.int64)) for members in found.values()]
    return sorted(groups, key=lambda each: -len(each))


def by_stack(overview: Overview) -> Callable[[int], Hashable]:
    """Alike: the same frames at the same instructions, waiting for the same reason. Needs ``whole``."""
    goroutines, nodes = overview.goroutines, overview.places.nodes
    return lambda row: (int(nodes[row]), goroutines.status_name(row), goroutines.reason(row))


def by_creator(overview: Overview) -> Callable[[int], Hashable]:
    """Alike: made by the same ``go`` statement."""
    return lambda row: overview.created_by(row)


def by_reason(overview: Overview) -> Callable[[int], Hashable]:
    """Alike: the same status, waiting for the same reason."""
    goroutines = overview.goroutines
    return lambda row: (goroutines.status_name(row), goroutines.reason(row))


def deepest(function: str, folded: bool) -> int:
    """How many frames to walk: a search for a function looks at all that can be, folding compares the first ones."""
    return DEEPEST if folded and not function else MOST_FRAMES


__all__ = [
    "NO_CREATOR",
    "Group",
    "Overview",
    "Places",
    "Wanted",
    "by_creator",
    "by_reason",
    "by_stack",
    "group",
    "package",
    "select",
]
