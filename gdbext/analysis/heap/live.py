"""Which objects are reachable, and of which type: what the traversal is made of, as a Session has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from attrs import evolve

from gdbext.analysis.heap import cost, finalized, flow, objects, stackvariables
from gdbext.golang.types.flat import beginnings
from gdbext.golang.types.flat.closures import Closures

if TYPE_CHECKING:
    from gdbext.analysis.heap.flow import Flowed
    from gdbext.analysis.heap.index import Index
    from gdbext.analysis.heap.variables import Variables
    from gdbext.golang.runtime.special import Specials
    from gdbext.golang.runtime.symtab import Symtab
    from gdbext.golang.types.flat.closures import Told
    from gdbext.golang.types.flat.table import TypeTable


class Known(stackvariables.Known, Protocol):
    """What it is made of."""

    doing: str

    @property
    def symtab(self) -> Symtab: ...
    @property
    def variables(self) -> Variables: ...
    @property
    def specials(self) -> Specials: ...
    @property
    def index(self) -> Index: ...
    @property
    def live(self) -> Flowed: ...

    def expect(self, what: cost.Cost) -> None: ...


def live(known: Known) -> Flowed:
    """Of all objects. Of what is garbage no types are searched."""
    program, modules, typed = known.program, known.symtab.modules, known.variables
    laid = objects.lay_out(program, known.heap, typed.table)
    known.doing = "comparing the core with what was found of it before"
    if kept := known.index.flowed(laid, typed.table, _closures(known, typed.told)):
        return kept
    made = _closures(known, typed.told)
    roots, known.doing = known.roots, "following the heap's pointers"
    known.expect(cost.following(known.heap))
    stacks = stackvariables.stack_variables(known, _table(known, typed.table), made.told)
    rows = np.concatenate([typed.rows, finalized.values(program, known.specials, typed.table)])
    found = flow.flow(program, laid, stacks.table, modules, roots, rows, made, stacks)
    known.index.found(found)
    return found


def with_garbage(known: Known) -> Flowed:
    """The same, and the types of garbage as well."""
    found, known.doing = known.live, "following the pointers of garbage"
    found = evolve(found, table=_table(known, found.table))
    return flow.with_garbage(known.program, found, known.symtab.modules, _closures(known, found.told))


def _table(known: Known, table: TypeTable) -> TypeTable:
    return beginnings.with_beginnings(known.program, known.symtab, table, objects.slot_sizes())


def _closures(known: Known, told: Sequence[Told]) -> Closures:
    """They make the same rows each time, whatever was made from what is told before."""
    return Closures(known.symtab, [one.again() for one in told])
