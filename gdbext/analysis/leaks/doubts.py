"""Why a proof is none: what it rests on was not whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gdbext.analysis.heap.flow import foreign_note
from gdbext.golang.runtime.mgcstack import stacks
from gdbext.golang.runtime.os_linux import NO_TRACE
from gdbext.golang.runtime.traceback import ENDS, SWITCHES_STACK
from gdbext.golang.unstopped.goroutines import LARGEST

if TYPE_CHECKING:
    from gdbext.analysis.leaks.known import Known


def doubts(known: Known) -> list[str]:
    """In sentences; none where all was whole."""
    return list(dict.fromkeys([*_of_the_heap(known), *_of_contexts(known)]))


def doubts_of_leaked(known: Known) -> list[str]:
    """The same of goroutines that nothing wakes, whatever contexts there are."""
    return list(dict.fromkeys([*_of_the_heap(known), *known.leaked.notes]))


def _of_the_heap(known: Known) -> Iterator[str]:
    """Of what both proofs follow: the heap, and the roots, whose notes come with what is maybe live."""
    if not known.program.target.memory.stable:
        yield "the program ran while its memory was read"
    yield from known.heap_check
    covered = _covered(known)
    yield from (note for note in known.maybe_live.notes if _without_number(note) not in covered)


def _covered(known: Known) -> set[str]:
    """Notes that are no doubts: of objects all of whose words were followed; of goroutines whose threads are elsewhere,
    in code of -race or of C, or in a function that switches stacks. A collection could not follow those; the proof's
    roots have each word that could matter."""
    g = known.goroutines.g
    size = (g["high"] - g["low"]).astype(np.int64)
    if not ((size > 0) & (size <= LARGEST)).all():
        return {_without_number(foreign_note(0))}
    said = foreign_note(0), stacks.unknown(0, NO_TRACE), stacks.ended(0, ENDS[SWITCHES_STACK])
    return set(map(_without_number, said))


def _without_number(note: str) -> str:
    """Such notes begin with how many there are."""
    return note.partition(" ")[2]


def _of_contexts(known: Known) -> Iterator[str]:
    yield from known.contexts.notes
    yield from known.proof.notes
    yield from _modules(known.symtab.modules)


def _modules(modules: Sequence[object]) -> Iterator[str]:
    if len(modules) > 1:
        yield f"the program has {len(modules) - 1:,} plugins: how they share package context is not known"
