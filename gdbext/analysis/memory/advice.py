"""What a person can do about a process's memory, where its figures say so; never without them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from attrs import frozen

from gdbext.analysis.memory import breakdown
from gdbext.analysis.memory.settings import Unknown

if TYPE_CHECKING:
    from gdbext.analysis.memory.settings import Settings
    from gdbext.golang.runtime.mstats import MemStats

IDLE, RELEASED, STACKS, OUTSIDE, FRAGMENTS, LIMIT, OFF = KINDS = (
    *("idle", "released", "stacks", "outside", "fragments", "limit", "off"),
)
"""Kinds of advice: each has its sentence in ``views/memrows.py``."""
LEAST_BYTES = 16 << 20
LEAST_SHARE = 0.2
"""What is less than either is not worth a word."""
NEAR = 0.9
"""Of the memory limit."""


@frozen
class Advice:
    """``kind``: in KINDS. ``bytes``, ``of``: the evidence.

    ``more``: what says more, or what to do. ``counted``: as the runtime or the kernel counts them; else bytes of pages
    that are not all zeros, which is what a core says of what is in RAM. ``estimated``: what is counted was told apart
    from the rest by guess.
    """

    kind: str
    bytes: int
    of: int
    more: str
    counted: bool = True
    estimated: bool = False


def advice(stats: MemStats, found: breakdown.Breakdown | None, settings: Settings) -> Iterator[Advice]:
    """What the figures say; nothing of what is not known."""
    if found is not None:
        yield from _resident(stats, found, settings)
    used = stats.value("Sys") - stats.value("HeapReleased")
    limit = settings.known_limit
    if limit is not None and used >= NEAR * limit:
        yield Advice(LIMIT, used, limit, "")
    if settings.gogc == -1 and limit is None and not isinstance(settings.limit, Unknown):
        yield Advice(OFF, stats.value("HeapAlloc"), 0, "")


METADATA = ("MSpanSys", "MCacheSys", "BuckHashSys", "GCSys", "OtherSys")
"""What may lie in other mappings where it could not be read."""


def _resident(stats: MemStats, found: breakdown.Breakdown, settings: Settings) -> Iterator[Advice]:
    for kind, names in (
        (IDLE, (breakdown.IDLE,)),
        (STACKS, (breakdown.STACKS,)),
        (FRAGMENTS, (breakdown.FREE,)),
        (OUTSIDE, (breakdown.C_HEAP, breakdown.MAPPED)),
    ):
        estimated = found.measured and not all(found.of(name).exact for name in names)
        size = sum(found.of(name).resident for name in names)
        if kind == OUTSIDE and (found.unread or found.moved):
            size -= sum(map(stats.value, METADATA))
        if _much(size, found):
            yield Advice(kind, size, found.resident, "", found.measured, estimated)
    released = found.of(breakdown.RELEASED)
    size = min(released.resident, stats.value("HeapReleased"))
    if found.measured and _much(size, found):
        yield Advice(RELEASED, size, found.resident, _why_released(settings), estimated=not released.exact)


def _why_released(settings: Settings) -> str:
    if settings.flag("madvdontneed") == 0:
        return "with GODEBUG=madvdontneed=0 the kernel takes them when it needs them (MADV_FREE)"
    return "the kernel has not taken them, or they lie in huge pages"


def _much(size: int, found: breakdown.Breakdown) -> bool:
    return size >= LEAST_BYTES and size >= LEAST_SHARE * found.resident
