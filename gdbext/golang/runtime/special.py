"""Specials: what the runtime noted of single objects (runtime/mheap.go): finalizers, cleanups, weak pointers, profiles.

Each span has a list of them. Their kinds are numbered anew with nearly every release.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from gdbext.golang.reading.declarations import UINT, declare, enumerate_constants, optional
from gdbext.golang.reading.lists import elements
from gdbext.golang.runtime.mheap import IN_USE, MHEAP, mheap, span_pointers

if TYPE_CHECKING:
    from gdbext.compute.arrays import I64, U64, Bools
    from gdbext.golang.reading.declarations import Struct
    from gdbext.golang.reading.program import Program

SPAN = declare("runtime.mspan", base=UINT("startAddr"), elemsize=UINT, state=UINT, specials=UINT)
SPECIAL = declare("runtime.special", next=UINT, offset=UINT, kind=UINT)
FINALIZER = declare("runtime.specialfinalizer", fn=UINT)
WEAK_HANDLE = declare("runtime.specialWeakHandle", missing_ok=True, handle=UINT)  # Go 1.23
CLEANUP = declare(  # Go 1.24
    "runtime.specialCleanup",
    missing_ok=True,
    fn=UINT("cleanup.fn", "fn"),
    call=optional(UINT("cleanup.call")),  # Go 1.26
    arg=optional(UINT("cleanup.arg")),
)
FINALIZED = declare("runtime.specialfinalizer", ot=UINT)
"""Of a finalizer what is no root: the type of the pointer that it is given."""
KINDS = enumerate_constants(
    "runtime._KindSpecial",
    *("Finalizer", "WeakHandle", "Profile", "Reachable", "PinCounter", "Cleanup"),
    *("TinyBlock", "CheckFinalizer", "Bubble", "Secret"),
)
PIECE = 1 << 16
"""Spans asked at a time."""


@frozen(eq=False)
class Specials:
    """All specials, one entry of each array per special; those of a span side by side, by their offsets in it."""

    address: U64
    """Of the record."""
    object: U64
    """What it is of: as the program named it, which may be inside of the slot."""
    slot: U64
    """Where that object's slot begins."""
    kind: NDArray[np.uint8]
    kinds: dict[str, int] = field(repr=False)
    """The numbers of the kinds that this release has."""
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.address)

    def rows(self, kind: str) -> I64:
        """Those of a kind ("Finalizer", "WeakHandle" …); none where the release has no such kind."""
        return np.flatnonzero(self.kind == self.kinds[kind]) if kind in self.kinds else np.zeros(0, np.int64)

    def records(self, program: Program, struct: Struct, rows: I64) -> tuple[NDArray[Any], Bools]:
        """The whole records of some rows, and a mask of those that could be read."""
        return program.records(struct, self.address[rows])


def read_specials(program: Program) -> Specials:
    """The specials of every span in use. Raises MissingField, MissingSymbol, MemoryFault, InconsistentRuntime."""
    kinds, spans = KINDS.numbers(program.binary), _spans(program)
    bound = program.bound(SPECIAL)
    found = elements(program, spans["specials"], bound.offset("next"), bound.size)
    rows, readable = program.records(SPECIAL, found.address)
    of = spans[found.owner]
    offset = rows["offset"].astype(np.uint64)
    size = np.maximum(of["elemsize"], np.uint64(1))
    return Specials(
        address=found.address,
        object=of["base"] + offset,
        slot=of["base"] + offset // size * size,
        kind=np.where(readable, rows["kind"], 0).astype(np.uint8),
        kinds=kinds,
        notes=tuple(_notes(rows["kind"][readable], kinds, found.broken)),
    )


def _spans(program: Program) -> NDArray[Any]:
    """The spans that have specials."""
    pointers = span_pointers(program, program.record(MHEAP, mheap(program))["allspans"])
    parts = [_with_specials(program, pointers[at : at + PIECE]) for at in range(0, max(len(pointers), 1), PIECE)]
    return np.concatenate(parts)


def _with_specials(program: Program, pointers: U64) -> NDArray[Any]:
    records, readable = program.records(SPAN, pointers)
    kept: NDArray[Any] = records[readable & (records["state"] == IN_USE) & (records["specials"] != 0)]
    return kept


def _notes(seen: NDArray[Any], kinds: dict[str, int], broken: int) -> list[str]:
    unknown = int(np.count_nonzero(~np.isin(seen, list(kinds.values()))))
    found = [f"the specials of {broken:,} heap spans cannot be read to the end"] if broken else []
    return [*found, f"{unknown:,} specials are of no kind that is known"] if unknown else found
