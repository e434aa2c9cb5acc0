"""Timers that are to fire: what each will do and when, who waits for it, and which code made it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from attrs import field, frozen

from gdbext.compute.distinct import distinct, members
from gdbext.golang.reading.declarations import UINT, declare
from gdbext.golang.runtime import funcvals, time
from gdbext.golang.std import context

if TYPE_CHECKING:
    from gdbext.analysis.memory.samples import Samples
    from gdbext.compute.arrays import I64, U8, U64
    from gdbext.golang.reading.program import Program
    from gdbext.golang.runtime.symtab import Location, Symtab

G = declare("runtime.g", goid=UINT)
CALL, SEND, SLEEP, DEADLINE, OTHER = range(5)
KINDS = ("function", "channel", "sleep", "i/o deadline", "runtime")
"""What a timer does: calls a function on a goroutine of its own (time.AfterFunc), sends on a channel (time.NewTimer,
NewTicker), wakes a goroutine (time.Sleep), ends waiting for the network, or something of the runtime's own."""
BY_FUNCTION = {
    "time.goFunc": CALL,
    "time.sendTime": SEND,
    "runtime.goroutineReady": SLEEP,
    "runtime.netpollDeadline": DEADLINE,
    "runtime.netpollReadDeadline": DEADLINE,
    "runtime.netpollWriteDeadline": DEADLINE,
}
TIMEOUTS = "context.WithDeadline"
"""What the functions that end contexts at their deadlines are called at first."""


@frozen(eq=False)
class Timers:
    """Pending timers, the next one first; arrays with an entry for each.

    ``kind``: in KINDS. ``function``: in ``names``: what will be called. ``arg``: what the timer is about: a function
    value, a channel, a g, a pollDesc. ``goid``: who sleeps, 0 for nobody. ``context``: what it will cancel, 0 for none.
    ``bucket``: of the profile's sample of the timer, of its function or of the context; 0 for none.
    ``stopped``: how many wait to be thrown out; ``broken``: how many could not be read.
    """

    timer: U64 = field(repr=False)
    owner: I64 = field(repr=False)
    when: I64 = field(repr=False)
    period: I64 = field(repr=False)
    kind: U8 = field(repr=False)
    function: I64 = field(repr=False)
    names: tuple[str, ...]
    arg: U64 = field(repr=False)
    goid: U64 = field(repr=False)
    context: U64 = field(repr=False)
    bucket: U64 = field(repr=False)
    stacks: dict[int, Sequence[Location]] = field(repr=False)
    stopped: int
    broken: int

    def __len__(self) -> int:
        return len(self.timer)

    def site(self, row: int) -> Sequence[Location]:
        """The stack that made one; none where it was not sampled."""
        return self.stacks.get(int(self.bucket[row]), ())


@frozen(eq=False)
class Calls:
    """What timers do: ``kind``, ``function`` and ``names`` as ``Timers`` has them. ``asked``: the functions that users
    gave, none for timers of other kinds than CALL."""

    kind: U8
    function: I64
    names: tuple[str, ...]
    asked: funcvals.Functions

    @classmethod
    def of(cls, program: Program, symtab: Symtab, f: U64, data: U64) -> Calls:
        """By what the runtime calls (``f``), and with what."""
        called = funcvals.functions(program, symtab, f)
        kind = _kinds(called)
        asked = funcvals.functions(program, symtab, np.where(kind == CALL, data, 0).astype(np.uint64))
        function = np.where(kind == CALL, asked.which + len(called.names), called.which)
        return cls(kind, function, (*called.names, *asked.names), asked)

    def known(self, row: int) -> str:
        """The function of one, "" where nobody knows it."""
        name = self.names[int(self.function[row])]
        return name if name != funcvals.UNKNOWN else ""


def timers(program: Program, symtab: Symtab, samples: Samples) -> Timers:
    """All that processors look after. Raises MissingSymbol, MemoryFault, MissingField."""
    heaps = time.heaps(program)
    running = np.flatnonzero(~heaps.stopped)
    found = time.rows(program, heaps.timer[running])
    order = np.argsort(found.when, kind="stable")
    order = order[found.readable[order]]
    timer, data = found.timer[order], found.data[order]
    calls = Calls.of(program, symtab, found.f[order], data)
    kind = calls.kind
    ends = _contexts(program, timer, calls.asked)
    bucket = _buckets(samples, timer, np.where(kind == CALL, data, 0).astype(np.uint64), ends)
    return Timers(
        timer, heaps.owner[running][order], found.when[order], found.period[order], kind, calls.function, calls.names,
        data, _sleepers(program, np.where(kind == SLEEP, data, 0).astype(np.uint64)), ends, bucket,
        samples.stacks(bucket), int(np.count_nonzero(heaps.stopped)), heaps.broken,
    )  # fmt: skip


def _kinds(called: funcvals.Functions) -> U8:
    kinds = np.array([BY_FUNCTION.get(name, OTHER) for name in called.names], np.uint8)
    found: U8 = kinds[called.which]
    return found


def _sleepers(program: Program, gs: U64) -> U64:
    records, readable = program.records(G, gs)
    return np.where(readable & (gs != 0), records["goid"], 0).astype(np.uint64)


def _contexts(program: Program, timer: U64, asked: funcvals.Functions) -> U64:
    """What functions of package context captured, where that context has this very timer."""
    none = np.zeros(len(timer), np.uint64)
    if not program.has(context.TIMER_CTX):
        return none
    ends = [number for number, name in enumerate(asked.names) if name.startswith(TIMEOUTS)]
    captured = np.where(np.isin(asked.which, ends), asked.captured, 0).astype(np.uint64)
    records, readable = program.records(context.TIMER_CTX, captured)
    own = readable & (captured != 0) & (records["timer"] + np.uint64(time.inside(program)) == timer)
    return np.where(own, captured, 0).astype(np.uint64)


def _buckets(samples: Samples, *objects: U64) -> U64:
    """Of the first object that was sampled."""
    found = np.zeros(len(objects[0]), np.uint64)
    for addresses in objects:
        found = np.where(found != 0, found, samples.buckets(addresses))
    return found.astype(np.uint64)


@frozen(eq=False)
class Group:
    """Timers of one kind that do the same and were made by the same stack. ``rows``: which, the next one first."""

    kind: int
    function: str
    site: Sequence[Location]
    rows: I64 = field(repr=False)

    def __len__(self) -> int:
        return len(self.rows)


def groups(found: Timers) -> list[Group]:
    """The largest one first."""
    buckets, bucket = np.unique(found.bucket, return_inverse=True)
    places = [tuple(found.stacks.get(one, ())) for one in buckets.tolist()]
    same: dict[tuple[Location, ...], int] = {}
    site = np.array([same.setdefault(place, len(same)) for place in places], np.int64)[bucket.reshape(-1)]
    labels = {name: at for at, name in enumerate(dict.fromkeys(found.names))}
    function = np.array([labels[name] for name in found.names], np.int64)[found.function]
    keys = np.stack([found.kind.astype(np.int64), function, site], axis=1)
    names, number = distinct(keys)
    made = [_group(found, rows) for rows in members(number, len(names))]
    return sorted(made, key=lambda group: (-len(group), group.kind, group.function))


def _group(found: Timers, rows: I64) -> Group:
    first = int(rows[0])
    return Group(int(found.kind[first]), found.names[int(found.function[first])], found.site(first), rows)
