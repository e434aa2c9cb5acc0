"""Contexts of a program that keeps running: two looks, and what both saw alike is certain."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from attrs import evolve
from numpy.typing import NDArray

from gdbext.analysis.contexts.contexts import Contexts
from gdbext.golang.reading.words import index_in

LOOKS = 4
ENOUGH = 2
"""Collections between two looks after which a freed object cannot look alike by chance."""

Look = Callable[[], Contexts]
Count = Callable[[], int]


def steady(look: Look, collections: Count) -> Contexts:
    """The last look, with what it has in common with the one before.

    Two looks prove something when no collection began between them (nothing was freed) or at least two did (what was
    garbage at the first is gone at the second). With exactly one another look is taken.
    """
    began = collections()
    before = look()
    for _ in range(LOOKS):
        contexts, ended = look(), collections()
        if ended == began or ended - began >= ENOUGH:
            return evolve(contexts, certain=alike(before, contexts), notes=_noted(contexts))
        before, began = contexts, ended
    notes = (*_noted(contexts), "no two looks were far enough apart for certainty")
    return evolve(contexts, certain=np.zeros(len(contexts), np.bool_), notes=notes)


def _noted(contexts: Contexts) -> tuple[str, ...]:
    return (*contexts.notes, "read while the program runs: rows that are not certain are momentary")


def alike(before: Contexts, contexts: Contexts) -> NDArray[np.bool_]:
    """Which contexts were there before with the same kind and the same parent."""
    if not len(before):
        return np.zeros(len(contexts), np.bool_)
    at = index_in(before.address, contexts.address)
    same = (at >= 0) & (before.kind[at] == contexts.kind)
    same &= before.parent_kind[at] == contexts.parent_kind
    found: NDArray[np.bool_] = same & (_parents(before)[at] == _parents(contexts))
    return found


def _parents(contexts: Contexts) -> NDArray[np.uint64]:
    """The parents' addresses, 0 for none."""
    known = contexts.parent >= 0
    return np.where(known, contexts.address[np.where(known, contexts.parent, 0)], np.uint64(0))
