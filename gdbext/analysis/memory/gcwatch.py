"""The collections of a program that runs, as they end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from attrs import frozen

from gdbext.compute.control import CONTROL
from gdbext.golang.runtime import mgc

if TYPE_CHECKING:
    from gdbext.golang.reading.program import Program
    from gdbext.golang.runtime.mgc import Collector

LOOK_SECONDS = 0.01


@frozen(eq=False)
class Seen:
    """A collection that ended. ``pause``: (end in nanoseconds since 1970, nanoseconds). ``state``: the collector right
    after it; None where the next one had ended before anybody looked."""

    number: int
    pause: tuple[int, int]
    state: Collector | None


def collections(program: Program, most: int | None, seconds: float | None) -> Iterator[Seen]:
    """Those that end from now on, ``most`` of them, for so many seconds. Raises GdbextError when the process ends."""
    known, limit, count = mgc.ended(program), None if seconds is None else time.monotonic() + seconds, 0
    while (most is None or count < most) and (limit is None or time.monotonic() < limit):
        CONTROL.check()
        if mgc.ended(program) == known:
            time.sleep(LOOK_SECONDS)
            continue
        for seen in fresh(mgc.collector(program), known):
            known, count = seen.number, count + 1
            yield seen
            if most is not None and count >= most:
                return


def fresh(state: Collector, known: int) -> list[Seen]:
    """Those that have ended since ``known`` had, as far as the ring of pauses goes back, the first one first."""
    found = []
    for back, pause in enumerate(state.pauses.latest()):
        number = state.ended - back
        if number <= known:
            break
        found.append(Seen(number, pause, state if back == 0 else None))
    return found[::-1]
