"""Channels and who waits on them (runtime/chan.go). Lists are walked by reading: channels of pointerless elements are
invisible to the heap's bitmaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from gdbext.errors import GdbextError
from gdbext.golang.reading.declarations import UINT, declare, optional
from gdbext.golang.runtime.runtime2 import SUDOG

if TYPE_CHECKING:
    from gdbext.compute.arrays import U64, Bools
    from gdbext.golang.reading.program import Program

HCHAN = declare(
    "runtime.hchan",
    qcount=UINT,
    dataqsiz=UINT,
    buf=UINT,
    elemsize=UINT,
    closed=UINT,
    timer=optional(UINT),  # Go 1.23
    elemtype=UINT,
    sendx=UINT,
    recvx=UINT,
    recv_first=UINT("recvq.first"),
    recv_last=UINT("recvq.last"),
    send_first=UINT("sendq.first"),
    send_last=UINT("sendq.last"),
)
POINTERS = {
    "buf": "buf",
    "timer": "timer",
    "elemtype": "elemtype",
    "recv_first": "recvq.first",
    "recv_last": "recvq.last",
    "send_first": "sendq.first",
    "send_last": "sendq.last",
}
"""What the runtime calls the words that refer to something."""
MOST_SUDOGS = 1 << 24


def queue(program: Program, first: int) -> tuple[int, ...]:
    """The g's of a wait queue, from its first sudog; as many as can be read, each sudog once."""
    found: list[int] = []
    seen: set[int] = set()
    try:
        while first and first not in seen and len(seen) < MOST_SUDOGS:
            seen.add(first)
            row = program.record(SUDOG, first)
            found.append(int(row["g"]))
            first = int(row["next"])
    except GdbextError:
        pass  # a torn list: what was read of it is true
    return tuple(found)


@frozen(eq=False)
class Waits:
    """Each place of a goroutine (``row``) in the queue of a channel (``channel``): its ``sudog``. ``queued``: whether
    the queue has it still; one that was taken out of it is about to wake its goroutine."""

    row: NDArray[np.int64]
    channel: U64
    sudog: U64
    queued: Bools


def wait_channels(program: Program, gs: U64, waiting: U64) -> tuple[NDArray[np.int64], U64]:
    """(row of the goroutine, hchan) of every channel that a goroutine waits on.

    ``gs``: the goroutines' addresses; ``waiting``: the first sudog of each.
    """
    rows, channels, *_ = _sudogs(program, gs, waiting)
    return _each_once(rows, channels)


def waits(program: Program, gs: U64, waiting: U64) -> Waits:
    """The same, each sudog apart, and whether it is queued."""
    rows, channels, sudogs, before = _sudogs(program, gs, waiting)
    queues, known = program.records(HCHAN, channels)
    first = (queues["recv_first"] == sudogs) | (queues["send_first"] == sudogs)
    previous, readable = program.records(SUDOG, before)
    queued = np.where(before == 0, known & first, readable & (previous["next"] == sudogs))
    return Waits(rows, channels, sudogs, queued)


def _sudogs(program: Program, gs: U64, waiting: U64) -> tuple[NDArray[np.int64], U64, U64, U64]:
    """(row, hchan, sudog, the sudog before it in the queue): ``g.waiting`` and its waitlinks.

    Semaphores are no channels: their sudogs have none. All goroutines are followed at once, a sudog per round.
    """
    rows = np.flatnonzero(waiting)
    sudogs = waiting[rows]
    found = [(np.zeros(0, np.int64), *[np.zeros(0, np.uint64)] * 3)]
    total, seen = 0, np.zeros(0, np.uint64)
    while len(rows) and total < MOST_SUDOGS:
        total += len(rows)
        links, readable = program.records(SUDOG, sudogs)
        own = readable & (links["g"] == gs[rows])
        at = np.flatnonzero(own & (links["c"] != 0))
        found.append((rows[at], links["c"][at], sudogs[at], links["prev"][at]))
        seen = np.union1d(seen, sudogs)
        go_on = own & (links["waitlink"] != 0) & ~np.isin(links["waitlink"], seen)
        rows, sudogs = rows[go_on], links["waitlink"][go_on]
    row, channel, sudog, before = (np.concatenate(column) for column in zip(*found, strict=True))
    return row, channel, sudog, before


def _each_once(rows: NDArray[np.int64], channels: U64) -> tuple[NDArray[np.int64], U64]:
    """A select may name one channel twice."""
    order = np.lexsort((channels, rows))
    rows, channels = rows[order], channels[order]
    fresh = np.ones(len(rows), np.bool_)
    fresh[1:] = (rows[1:] != rows[:-1]) | (channels[1:] != channels[:-1])
    return rows[fresh], channels[fresh]
