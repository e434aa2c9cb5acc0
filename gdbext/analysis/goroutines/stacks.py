"""Stacks as ``runtime.Stack`` tells them: which calls are shown, their arguments, and which stacks are the same."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from gdbext.analysis.goroutines.grouping import Group, Overview, by_stack, group
from gdbext.errors import InconsistentRuntime
from gdbext.golang.reading.program import distinct
from gdbext.golang.runtime.printargs import UNKNOWN, Arguments, arguments
from gdbext.golang.runtime.showframe import Shown
from gdbext.golang.runtime.symtab import Location
from gdbext.golang.runtime.synctest import Bubble, bubble, idle
from gdbext.golang.runtime.traceback import Frame

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gdbext.analysis.goroutines.grouping import Places
    from gdbext.golang.reading.declarations import Reader
    from gdbext.golang.runtime.symtab import Symtab

WAITING = 4
MEMO = 1 << 12
"""Stacks whose calls are remembered at a time."""
USERS = ("runtime.main", "runtime.corostart", "runtime.handleAsyncEvent")
"""Functions of the runtime that goroutines of the program start in."""


@frozen
class Call:
    """One call on a stack, the same in all stacks that share the frame. Inlined calls share their caller's frame."""

    location: Location
    pc: int
    """As the stack has it: the return address, unless the frame was interrupted."""
    looked_up: int
    """The pc that the line is looked up by: inside the call."""
    entry: int
    offset: int
    """Of the frame from the stack's first SP."""
    argp: int
    """Of the arguments from the stack's first SP."""
    arguments: Arguments = UNKNOWN

    @property
    def function(self) -> str:
        """The name as it is printed."""
        return printed_name(self.location)

    def printed_arguments(self, memory: Reader, sp: int) -> str:
        """What stands between the brackets; ``...`` for an inlined call. ``sp``: the stack's first SP."""
        return "..." if self.location.inlined else self.arguments.text(memory, sp + self.argp)


def printed_name(location: Location) -> str:
    """The runtime calls gopanic by what the program wrote (printFuncName)."""
    return "panic" if location.function == "runtime.gopanic" else location.function


def frame_calls(symtab: Symtab, locations: Sequence[Location], frame: Frame, first: int = 0) -> list[Call]:
    """The calls of one frame, inlined ones first, as ``locations`` has them. ``first``: the stack's first SP."""
    entry = symtab.entry(frame.function)
    looked_up = frame.pc if frame.trapped or frame.pc == entry else frame.pc - 1
    argp = frame.cfa + symtab.program.arch.arguments
    where = (frame.pc, looked_up, entry, frame.sp - first, argp - first)
    *inlined, outer = locations
    made = [Call(each, *where) for each in inlined]
    return [*made, Call(outer, *where, _arguments(symtab, frame.function, looked_up))]


def _arguments(symtab: Symtab, function: int, pc: int) -> Arguments:
    try:
        return arguments(symtab, function, pc)
    except InconsistentRuntime:
        return UNKNOWN


class Stacks:
    """The calls of many goroutines' stacks. The overview has whole stacks."""

    def __init__(self, overview: Overview) -> None:
        self.overview = overview
        self.goroutines = overview.goroutines
        self._shown = Shown(overview.goroutines.symtab)
        self._known: dict[tuple[int, bool], tuple[Call, ...]] = {}
        self._at: dict[int, tuple[Call, ...]] = {}

    @property
    def places(self) -> Places:
        return self.overview.places

    def calls(self, row: int, full: bool = False) -> tuple[Call, ...]:
        """A goroutine's calls, innermost first: those that ``runtime.Stack`` prints, or all (``full``)."""
        key = int(self.places.nodes[row]), full
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= MEMO:
                self._known.clear()
            found = self._known[key] = self._whole(*key)
        return found

    def _whole(self, node: int, full: bool) -> tuple[Call, ...]:
        every = [call for each in self.places.traces.path(node) for call in self._node_calls(each)]
        if full:
            return tuple(every)
        # Where nothing would be shown the runtime shows everything.
        shown = self._shown.chosen([call.location for call in every])
        return tuple(every[index] for index in shown) or tuple(every)

    def _node_calls(self, node: int) -> tuple[Call, ...]:
        found = self._at.get(node)
        if found is None:
            if len(self._at) >= MEMO:
                self._at.clear()
            found = self._at[node] = tuple(self._make(node))
        return found

    def _make(self, node: int) -> list[Call]:
        traces = self.places.traces
        pc, offset = traces.pc[node], traces.offset[node]
        info = traces.table.info(pc)
        frame = Frame(info.function, pc, offset, offset + info.size, traces.trapped[node])
        return frame_calls(self.goroutines.symtab, self.places.locations(node), frame)

    def bubble(self, rows: Sequence[int]) -> Bubble | None:
        """The bubble of testing/synctest that all of the goroutines are in."""
        if not self._bubbles:
            return None
        g = self.goroutines.g[rows]
        same = all(len(distinct(g[name])) == 1 for name in self._bubbles)
        return bubble(self.goroutines.program, g[0]) if same else None

    def is_durable(self, row: int) -> bool:
        """Whether a goroutine waits for what only its own bubble can do.

        Go 1.24 does not tell; Go 1.25 also tells it of one that was woken and has not yet waited again.
        """
        goroutines = self.goroutines
        waits = "bubble" in self._bubbles and bool(goroutines.g["bubble"][row]) and goroutines.status[row] == WAITING
        return bool(waits) and int(goroutines.wait_reason[row]) in self._idle

    @cached_property
    def _bubbles(self) -> frozenset[str]:
        """The fields of this release that name bubbles, where any goroutine is in one."""
        g = self.goroutines.g
        return frozenset(name for name in ("bubble", "syncGroup") if name in (g.dtype.names or ()) and g[name].any())

    @cached_property
    def _idle(self) -> frozenset[int]:
        return idle(self.goroutines.program, distinct(self.goroutines.wait_reason).tolist())

    def shows_creator(self, creator: Location, full: bool = False) -> bool:
        """Whether the runtime says who made a goroutine: not where it made it itself, unless asked for its own too."""
        return bool(creator.function) and (full or self._shown.shows(creator, first=False))

    def is_made(self, call: Call) -> bool:
        """Whether the compiler made the function, so that a call fits."""
        return self._shown.is_wrapper(call.location)

    def is_system(self, row: int) -> bool:
        """Whether the goroutine is one of the runtime's own: it works for the collector or waits to run finalizers."""
        symtab, pc = self.goroutines.symtab, int(self.goroutines.g["startpc"][row])
        index = symtab.function(pc)
        name = symtab.name(index) if index >= 0 else ""
        if not name.startswith("runtime.") or name in USERS:
            return False
        return all(call.location.function.startswith("runtime.") for call in self.calls(row, True))

    def fold(self, rows: NDArray[np.int64]) -> list[Group]:
        """The goroutines with the same stack in the same state, largest group first."""
        return group(rows, by_stack(self.overview))

    def fold_with(self, rows: NDArray[np.int64], key: Callable[[int], Hashable]) -> list[Group]:
        """The goroutines with the same stack and the same key."""
        nodes = self.places.nodes
        return group(rows, lambda row: (int(nodes[row]), key(row)))


def creators(overview: Overview, rows: Sequence[int]) -> list[tuple[Location, list[int]]]:
    """Who made the goroutines: each ``go`` statement with the goids of the goroutines that ran it, commonest first."""
    found: dict[Location, dict[int, None]] = {}
    goroutines = overview.goroutines
    parents = goroutines.parent_goid
    for row in rows:
        found.setdefault(overview.created_by(row), {})[int(parents[row])] = None
    return sorted(((made, list(by)) for made, by in found.items() if made.function), key=lambda each: -len(each[1]))
