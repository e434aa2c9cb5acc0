"""The chain of goroutines that made each other, as far up as anything remembers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from gdbext.analysis.goroutines.grouping import NO_CREATOR, creator, locations
from gdbext.golang.runtime.ancestors import Origin, origin, origins
from gdbext.golang.runtime.showframe import Shown
from gdbext.golang.runtime.symtab import Location

if TYPE_CHECKING:
    from gdbext.golang.runtime.proc import Goroutines

FIRST = 1
"""The main goroutine, which nobody made."""
ALIVE, KEPT, SAVED, FORGOTTEN = "alive", "its record is still there", "GODEBUG=tracebackancestors", ""
"""How a goroutine is known."""


@frozen
class Ancestor:
    """One goroutine of a chain. ``created``: the function with its ``go`` statement; no name where nobody knows it."""

    goid: int
    alive: bool
    created: Location
    known_by: str
    gopc: int = 0
    start: str = ""
    """The function that it began in, "" where that is forgotten."""
    stack: tuple[Location, ...] = ()
    """Of one that is remembered by its descendant: where it was at the ``go`` statement."""
    pcs: tuple[int, ...] = ()


def ancestry(goroutines: Goroutines, goid: int) -> list[Ancestor]:
    """The chain from a goroutine up. Raises GdbextError where there is no list of goroutines; KeyError for no such."""
    records = origins(goroutines.program)
    found = list(_chain(goroutines, records, goid))
    return [_described(goroutines, each, how) for each, how in found]


def _chain(goroutines: Goroutines, records: Mapping[int, Any], goid: int) -> Iterator[tuple[Origin, str]]:
    """What is known of each goroutine, each once: damaged records may go round in circles."""
    saved: dict[int, Origin] = {}
    now, how = origin(goroutines.program, records[goid]), ALIVE
    seen: set[int] = set()
    while now.goid not in seen:
        seen.add(now.goid)
        saved.update({each.goid: each for each in now.saved if each.goid not in saved})
        remembered = saved.get(now.goid)
        yield (evolve(now, pcs=remembered.pcs) if remembered else now), how
        if not now.parent:
            return
        now, how = _known(goroutines, records, saved, now.parent)


def _known(
    goroutines: Goroutines, records: Mapping[int, Any], saved: Mapping[int, Origin], goid: int
) -> tuple[Origin, str]:
    if goid in records:
        found = origin(goroutines.program, records[goid])
        return found, ALIVE if found.alive else KEPT
    if goid in saved:
        return saved[goid], SAVED
    return Origin(goid, 0, 0), FORGOTTEN


def _described(goroutines: Goroutines, each: Origin, how: str) -> Ancestor:
    symtab = goroutines.symtab
    start = symtab.function(each.startpc) if each.startpc else -1
    return Ancestor(
        goid=each.goid,
        alive=each.alive,
        created=NO_CREATOR if each.goid == FIRST else creator(goroutines, each.gopc),
        known_by=how,
        gopc=each.gopc,
        start=symtab.name(start) if start >= 0 else "",
        stack=_stack(goroutines, each.pcs),
        pcs=each.pcs,
    )


def _stack(goroutines: Goroutines, pcs: tuple[int, ...]) -> tuple[Location, ...]:
    """One pc per call, inlined ones too (tracebackPCs): the innermost function at each; those that are shown."""
    symtab, shown = goroutines.symtab, Shown(goroutines.symtab)
    calls = [locations(symtab, pc, False)[0] for pc in pcs if symtab.function(pc) >= 0]
    return tuple(shown.frames(calls)) or tuple(calls)
