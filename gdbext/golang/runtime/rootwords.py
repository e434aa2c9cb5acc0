"""Words that a collection starts from, by their kinds: what the parts of markroot in runtime/mgcmark.go find."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from attrs import field, frozen

from gdbext.compute.arrays import I64, U8, U64

DATA, BSS, STACK, CONSERVATIVE, CONTEXT, DEFER, PANIC = range(7)
FINALIZER, WEAK_HANDLE, CLEANUP, QUEUED, CLEANUP_QUEUE, THREAD = range(7, 13)
KINDS = (
    "data",
    "bss",
    "stack",
    "stack or register, may be no pointer",
    "closure about to be called",  # g.sched.ctxt
    "deferred call",
    "panic",
    "finalizer",
    "weak pointer's handle",
    "cleanup",
    "queued finalizer",
    "queued cleanup",
    "thread's stack or register, may be no pointer",
)
"""In words."""
OF_GOROUTINES = (STACK, CONSERVATIVE, CONTEXT, DEFER, PANIC)
"""Kinds whose owner is a goroutine."""
OF_SPECIALS = (FINALIZER, WEAK_HANDLE, CLEANUP)


@frozen(eq=False)
class Part:
    """Some words, none of which is 0, one entry of each array per word. ``notes``: what could not be read.

    ``where``: the address of the word, 0 for a register. ``owner``: a module's number (DATA, BSS), a row of the
    goroutines (``OF_GOROUTINES``), of the specials (``OF_SPECIALS``), a thread's id (THREAD); -1 for none.
    """

    where: U64
    value: U64
    kind: U8
    owner: I64
    notes: tuple[str, ...] = field(default=(), kw_only=True)

    @classmethod
    def of(cls, kind: int, owner: I64 | int, where: U64, value: U64, notes: Sequence[str] = ()) -> Part:
        """Words of one kind; those that are 0 are left out."""
        kept = np.flatnonzero(value)
        owners = np.broadcast_to(np.asarray(owner, np.int64), value.shape)
        return cls(where[kept], value[kept], np.full(len(kept), kind, np.uint8), owners[kept], notes=tuple(notes))

    @classmethod
    def none(cls, *notes: str) -> Part:
        """No words."""
        return cls.of(DATA, -1, np.zeros(0, np.uint64), np.zeros(0, np.uint64), notes)


def joined(parts: Sequence[Part]) -> Part:
    """All words of all parts."""
    parts = parts or [Part.none()]
    return Part(
        where=np.concatenate([part.where for part in parts]),
        value=np.concatenate([part.value for part in parts]),
        kind=np.concatenate([part.kind for part in parts]),
        owner=np.concatenate([part.owner for part in parts]),
        notes=tuple(note for part in parts for note in part.notes),
    )
