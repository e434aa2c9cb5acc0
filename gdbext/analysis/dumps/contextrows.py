"""The contexts of a moment: of which kind, with which others registered, under which key, and what becomes of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from attrs import field, frozen

from gdbext.analysis.leaks.doubts import doubts
from gdbext.analysis.leaks.groups import keys_of
from gdbext.analysis.leaks.known import Known as KnownProofs
from gdbext.analysis.leaks.verdicts import NONE, above_of
from gdbext.compute.arrays import I32, U8, U64
from gdbext.errors import GdbextError

if TYPE_CHECKING:
    from gdbext.analysis.contexts.contexts import Contexts
    from gdbext.analysis.contexts.reached import Reached
    from gdbext.target import Target

NO_KEY = -1
RUNS = "the program ran: what becomes of contexts cannot be proved of it"


@frozen(eq=False)
class ContextRows:
    """The reachable ones, by rising address.

    ``kind``, ``key``: which of ``kinds`` and ``keys``; ``key``: that of the value right above, NO_KEY for none;
    ``keyed`` False: there are too many to tell apart, and none has one. ``above``: the address of what each is
    registered with or ends with, 0 for nothing. ``verdict``: as ``verdicts.VERDICTS`` numbers them, NONE where nothing
    was proved. ``doubts``: what the verdicts rest on and is not whole.
    """

    address: U64 = field(repr=False)
    kind: I32 = field(repr=False)
    above: U64 = field(repr=False)
    key: I32 = field(repr=False)
    verdict: U8 = field(repr=False)
    kinds: Sequence[str]
    keys: Sequence[str]
    doubts: Sequence[str] = ()
    keyed: bool = True
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.address)

    @classmethod
    def none(cls, *notes: str) -> ContextRows:
        """Where there are none, or nobody can say which."""
        numbers, addresses = np.zeros(0, np.int32), np.zeros(0, np.uint64)
        return cls(addresses, numbers, addresses, numbers, np.zeros(0, np.uint8), (), (), notes=notes)

    @classmethod
    def of(cls, known: Known) -> ContextRows:
        """Of a program; a note says what cannot be had."""
        try:
            return _rows(known)
        except GdbextError as error:
            return cls.none(f"contexts are left out: {error}")


class Known(KnownProofs, Protocol):
    """As a Session has them."""

    target: Target

    @property
    def reached_contexts(self) -> Reached: ...


def _rows(known: Known) -> ContextRows:
    contexts, mask = known.contexts, known.reached_contexts.mask
    mine = np.flatnonzero(mask)
    verdict, above, told, notes = _verdicts(known, contexts)
    keys, key = keys_of(contexts, known.context_rows.columns, mine)
    return ContextRows(
        address=contexts.address[mine],
        kind=contexts.kind[mine].astype(np.int32),
        above=np.where(above[mine] >= 0, contexts.address[above[mine]], np.uint64(0)),
        key=key.astype(np.int32),
        verdict=verdict[mine],
        kinds=[one.name for one in contexts.types.kinds],
        keys=[str(one) for one in keys or ()],
        doubts=told,
        keyed=keys is not None,
        notes=(*contexts.notes, *notes),
    )


def _verdicts(known: Known, contexts: Contexts) -> tuple[U8, I32, Sequence[str], Sequence[str]]:
    """(of each context the verdict, what it ends with; doubts; notes)."""
    if known.target.memory.stable:
        try:
            return known.verdicts.verdict, known.verdicts.above, tuple(doubts(known)), ()
        except GdbextError as error:
            why = f"what becomes of contexts is not known: {error}"
    else:
        why = RUNS
    cancelers = np.array([kind.canceler for kind in contexts.types.kinds], np.bool_)[contexts.kind]
    unknown = np.full(len(contexts), NONE, np.uint8)
    return unknown, above_of(contexts, cancelers), (), (why,) if len(contexts) else ()
