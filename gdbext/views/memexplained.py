"""From Alloc to Sys to RSS with a process's own figures, for a person who has met the words and not what they count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gdbext.analysis.memory.breakdown import C_HEAP, DEAD, MAPPED, OTHER, PROGRAM, RELEASED, RESERVED
from gdbext.report.cells import human_bytes
from gdbext.report.counts import plural

if TYPE_CHECKING:
    from gdbext.analysis.memory.breakdown import Breakdown
    from gdbext.golang.runtime.mstats import MemStats


def explained(stats: MemStats, found: Breakdown | None) -> Iterator[str]:
    """Paragraphs."""
    yield _alloc(stats, found)
    yield _idle(stats)
    yield _sys(stats)
    if found is not None:
        yield _rss(stats, found) if found.measured else _core(found)
        yield _mapped(found)


def _alloc(stats: MemStats, found: Breakdown | None) -> str:
    free = stats.value("HeapInuse") - stats.value("HeapAlloc")
    dead = found.of(DEAD).mapped if found is not None else 0
    waiting = f", {human_bytes(dead)} of them dead and not swept yet" if dead else ""
    return (
        f"Alloc (HeapAlloc) {_of(stats, 'HeapAlloc')}: {plural(stats.value('HeapObjects'), 'object')}{waiting}. They "
        f"lie in spans of {_of(stats, 'HeapInuse')} (HeapInuse); {human_bytes(max(free, 0))} of those are free slots, "
        "each for objects of its span's size class only, and what is left over at the ends of spans."
    )


def _idle(stats: MemStats) -> str:
    kept = stats.value("HeapIdle") - stats.value("HeapReleased")
    return (
        f"HeapIdle {_of(stats, 'HeapIdle')}: pages of the heap with no span in use. {_of(stats, 'HeapReleased')} of "
        f"them were given back to the system (HeapReleased); {human_bytes(max(kept, 0))} are kept for what comes next. "
        f"HeapInuse and HeapIdle are HeapSys, {_of(stats, 'HeapSys')}."
    )


def _sys(stats: MemStats) -> str:
    metadata = sum(stats.value(name) for name in ("MSpanSys", "MCacheSys", "BuckHashSys", "GCSys", "OtherSys"))
    return (
        f"Sys {_of(stats, 'Sys')}: HeapSys, stacks of {_of(stats, 'StackSys')} and {human_bytes(metadata)} that the "
        "runtime keeps of all that. It counts addresses, not RAM: what was given back is still in it, and so is what "
        "was never touched."
    )


def _rss(stats: MemStats, found: Breakdown) -> str:
    others = {name: found.of(name).resident for name in (PROGRAM, C_HEAP, MAPPED)}
    go = found.resident - sum(others.values())
    listed = ", ".join(f"{name} {human_bytes(size)}" for name, size in others.items() if size)
    given = found.of(RELEASED).resident
    still = f" ({human_bytes(given)} of that was given back, and the kernel has not taken it yet)" if given else ""
    missing = max(stats.value("Sys") - go, 0)
    start = f"RSS {human_bytes(found.resident)}: pages in RAM."
    if found.unread:
        return (
            f"{start} At least {human_bytes(go)} of them are Go's{still}: at most {human_bytes(missing)} of Sys are in "
            f"no RAM. The rest is {listed or 'nothing'}: other mappings hold what no figure of runtime.MemStats has, "
            f"and a part of {_named(found.unread)}, which cannot be told from it here."
        )
    return (
        f"{start} {human_bytes(go)} of them are Go's{still}: {human_bytes(missing)} of Sys are in no RAM. The rest is "
        f"in no figure of runtime.MemStats: {listed or 'nothing'}."
    )


def _core(found: Breakdown) -> str:
    return f"RSS: {found.how}. That is {human_bytes(found.resident)}."


def _mapped(found: Breakdown) -> str:
    reserved = found.of(RESERVED).mapped
    small = "interface tables, network descriptors, finalizers and profiles of single objects"
    size = human_bytes(found.of(OTHER).mapped)
    if OTHER in found.unread:
        more = f"What small structures are taken from ({small}) is not all known here: {size} of it is in other runtime"
        more += ", the rest in other mappings"
    else:
        more = f"Other runtime ({size}) is what small structures are taken from: {small}"
    return (
        f"Mapped {human_bytes(found.mapped)} (VSZ): {human_bytes(reserved)} of that is address space which Go reserved "
        f"and has no memory. {more}."
    )


def _named(categories: Sequence[str]) -> str:
    *others, last = categories
    return f"{', '.join(others)} and {last}" if others else last


def _of(stats: MemStats, name: str) -> str:
    return human_bytes(stats.value(name))
