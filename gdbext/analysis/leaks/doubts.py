"""Why a proof is none: what it rests on was not whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gdbext.analysis.leaks.known import Known


def doubts(known: Known) -> list[str]:
    """In sentences; none where all was whole."""
    return list(dict.fromkeys([*_of_the_heap(known), *_doubts(known)]))


def doubts_of_leaked(known: Known) -> list[str]:
    """The same of goroutines that nothing wakes, whatever contexts there are."""
    return list(dict.fromkeys([*_of_the_heap(known), *known.leaked.notes]))


def _of_the_heap(known: Known) -> Iterator[str]:
    if not known.program.target.memory.stable:
        yield "the program ran while its memory was read"
    yield from known.heap_check
    yield from known.maybe_live.notes


def _doubts(known: Known) -> Iterator[str]:
    yield from known.contexts.notes
    yield from known.proof.notes
    yield from _modules(known.symtab.modules)


def _modules(modules: Sequence[object]) -> Iterator[str]:
    if len(modules) > 1:
        yield f"the program has {len(modules) - 1:,} plugins: how they share package context is not known"
