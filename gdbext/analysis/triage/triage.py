"""Everything that stands out, the gravest first, and what was not looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from attrs import field, frozen

from gdbext.analysis.memory import advice
from gdbext.analysis.memory.figures import Figures, figures
from gdbext.analysis.triage import contexts, deadlocks, goroutines, memory, objects, unused
from gdbext.analysis.triage.finding import GRAVEST, Finding
from gdbext.errors import GdbextError

if TYPE_CHECKING:
    from gdbext.analysis.triage.asked import Asked

LEAKS = (contexts.LOST, goroutines.WAITING, goroutines.LEAKED, contexts.UNTIL_DEADLINE, contexts.AFTERFUNCS)
SUSPICIONS = (contexts.PILE, contexts.CROWD, goroutines.QUEUE)
UNUSED = (unused.SLICES, unused.MAPS)
AT_ITS_LIMIT = (advice.LIMIT, memory.COLLECTOR)
RUNS = "the program runs, and nothing can be proved of it: python -m gdbext live PID go-triage copies it first"


@frozen
class Looked:
    """``what`` was looked at; ``why`` not, "" where it was."""

    what: str
    why: str = ""


@frozen(eq=False)
class Triage:
    """``findings``: the gravest first. ``memory``: None where the runtime's counters cannot be had."""

    findings: Sequence[Finding]
    looked: Sequence[Looked]
    memory: Figures | None = field(repr=False)


def triage(asked: Asked) -> Triage:
    """Of a program. What cannot be looked at is said, and never an error."""
    found: list[Finding] = []
    looked: list[Looked] = []

    def look(what: str, ask: Callable[[], Iterable[Finding]], why: str = "") -> None:
        try:
            found.extend(() if why else list(ask()))
        except GdbextError as error:
            why = str(error)
        looked.append(Looked(what, why))

    rests_on = _memory(asked)  # first: reading brings in pages that the program had never touched
    runs = "" if asked.target.memory.stable else RUNS
    look("contexts that nothing cancels", lambda: contexts.findings(asked), runs)
    look("goroutines that nothing wakes or that queue", lambda: goroutines.findings(asked), runs)
    look("locks that are waited for in a circle", lambda: deadlocks.findings(asked), runs)
    look("the collector and memory that is no heap", lambda: _of_memory(asked, rests_on))
    look("slices and maps that keep more than they use", lambda: unused.findings(asked), runs)
    look("types and variables that dominate", lambda: objects.findings(asked), runs)
    return Triage(sorted(found, key=gravity), looked, None if isinstance(rests_on, GdbextError) else rests_on)


def _memory(asked: Asked) -> Figures | GdbextError:
    try:
        return figures(asked)
    except GdbextError as error:
        return error


def _of_memory(asked: Asked, found: Figures | GdbextError) -> Iterable[Finding]:
    if isinstance(found, GdbextError):
        raise found
    return memory.findings(asked, found)


def gravity(one: Finding) -> tuple[int, int]:
    """Smaller is graver: what stands still, leaks that keep a good part of the heap, then what is at its limit, then
    other leaks."""
    if one.kind == deadlocks.DEADLOCK:
        return -1, -one.bytes
    if one.kind in LEAKS + SUSPICIONS and one.share >= GRAVEST:
        return 0 if one.kind in LEAKS else 1, -one.bytes
    order = (AT_ITS_LIMIT, LEAKS, SUSPICIONS, UNUSED)
    return next((2 + at for at, kinds in enumerate(order) if one.kind in kinds), 2 + len(order)), -one.bytes
