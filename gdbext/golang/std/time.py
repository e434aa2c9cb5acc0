"""What a time.Time says (time/time.go): two words, of one time and of many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gdbext.golang.reading.declarations import INT, UINT, declare

if TYPE_CHECKING:
    from gdbext.compute.arrays import I64, U64, Bools
    from gdbext.golang.reading.program import Program

TIME = declare("time.Time", wall=UINT, ext=INT)
TIMER = declare(
    "runtime.timeTimer",
    "time.Timer",  # until Go 1.22 the runtime's half is in the open
    when=INT("timer.when", "r.when"),
)

HAS_MONOTONIC = 1 << 63  # time.hasMonotonic
NANOSECOND_BITS = (1 << 30) - 1  # time.nsecMask
YEAR_ONE_TO_UNIX = -(1969 * 365 + 1969 // 4 - 1969 // 100 + 1969 // 400) * 86400  # time.internalToUnix
WALL_TO_UNIX = (1884 * 365 + 1884 // 4 - 1884 // 100 + 1884 // 400) * 86400 + YEAR_ONE_TO_UNIX  # time.wallToUnix
SECOND = 10**9


def unix(wall: int, ext: int) -> tuple[int, int]:
    """The wall clock time of a time.Time: seconds since 1970, nanoseconds of the second."""
    if wall & HAS_MONOTONIC:
        return ((wall << 1 & (1 << 64) - 1) >> 31) + WALL_TO_UNIX, wall & NANOSECOND_BITS
    return ext + YEAR_ONE_TO_UNIX, wall & NANOSECOND_BITS


def unix_of(wall: U64, ext: U64) -> tuple[I64, I64]:
    """The same of many."""
    since_1885 = (wall << np.uint64(1) >> np.uint64(31)).astype(np.int64) + WALL_TO_UNIX
    seconds = np.where(has_monotonic(wall), since_1885, ext.astype(np.int64) + YEAR_ONE_TO_UNIX)
    return seconds, (wall & np.uint64(NANOSECOND_BITS)).astype(np.int64)


def has_monotonic(wall: U64) -> Bools:
    """Which of many have a reading of the monotonic clock: ``ext``, since ``start_nano``."""
    found: Bools = wall & np.uint64(HAS_MONOTONIC) != 0
    return found


def start_nano(program: Program) -> int:
    """What monotonic readings of time.Time count from (time.startNano), on CLOCK_MONOTONIC in ns."""
    return int.from_bytes(program.read(program.symbol("time.startNano"), 8), "little", signed=True)
