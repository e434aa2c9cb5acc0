"""The contexts of a moment: of which kind, with which others registered, under which key, and what becomes of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from attrs import field, frozen

from gdbext.analysis.leaks import kept as keeping
from gdbext.analysis.leaks.doubts import doubts
from gdbext.analysis.leaks.groups import keys_of
from gdbext.analysis.leaks.known import Known as KnownProofs
from gdbext.analysis.leaks.verdicts import NONE, PROVED, VERDICTS, above_of
from gdbext.compute.arrays import I32, I64, U8, U64
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
    was proved. ``kept``: by verdict what only the contexts of it keep, rows of objects and bytes, of those that nothing
    can cancel (``verdicts.PROVED``); no rows where nothing was proved. ``doubts``: what the verdicts rest on and is not
    whole.
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
    kept: I64 = field(factory=lambda: np.zeros((0, 2), np.int64), repr=False)
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
    mine, found = np.flatnonzero(mask), _fates(known, contexts)
    keys, key = keys_of(contexts, known.context_rows.columns, mine)
    above = found.above[mine]
    return ContextRows(
        address=contexts.address[mine],
        kind=contexts.kind[mine].astype(np.int32),
        above=np.where(above >= 0, contexts.address[above], np.uint64(0)),
        key=key.astype(np.int32),
        verdict=found.verdict[mine],
        kinds=[one.name for one in contexts.types.kinds],
        keys=[str(one) for one in keys or ()],
        doubts=found.doubts if len(mine) else (),
        keyed=keys is not None,
        kept=found.kept,
        notes=(*contexts.notes, *found.notes),
    )


class _Fates(NamedTuple):
    """Of each context its verdict and what it ends with; the rest as of ContextRows."""

    verdict: U8
    above: I32
    kept: I64
    doubts: Sequence[str]
    notes: Sequence[str]


def _fates(known: Known, contexts: Contexts) -> _Fates:
    if known.target.memory.stable:
        try:
            return _Fates(known.verdicts.verdict, known.verdicts.above, _kept(known), tuple(doubts(known)), ())
        except GdbextError as error:
            why = f"what becomes of contexts is not known: {error}"
    else:
        why = RUNS
    cancelers = np.array([kind.canceler for kind in contexts.types.kinds], np.bool_)[contexts.kind]
    unknown, none = np.full(len(contexts), NONE, np.uint8), np.zeros((0, 2), np.int64)
    return _Fates(unknown, above_of(contexts, cancelers), none, (), (why,) if len(contexts) else ())


def _kept(known: Known) -> I64:
    found, verdict = np.zeros((len(VERDICTS), 2), np.int64), known.verdicts.verdict
    none = np.full(len(verdict), -1, np.int32)
    if np.isin(verdict, PROVED).any():
        sets = [verdict == number for number in PROVED]
        found[list(PROVED)] = keeping.measured(known.kept, known.proof, sets, none, 0).kept
    return found
