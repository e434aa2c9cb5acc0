"""Inlined calls at a pc (runtime/symtabinl.go)."""

from __future__ import annotations

from gdbext.errors import InconsistentRuntime
from gdbext.golang.reading.declarations import INT, UINT, declare
from gdbext.golang.runtime.symtab import Location, Symtab

INLINED_CALL = declare("runtime.inlinedCall", funcID=UINT, nameOff=INT, parentPc=INT)
PCDATA_INL_TREE_INDEX = 2
FUNCDATA_INL_TREE = 3
DEEPEST = 1 << 10
LARGEST_TREE = 1 << 20


def frames(symtab: Symtab, pc: int, is_return_address: bool = True) -> list[Location]:
    """The functions at ``pc``, innermost first, the last one not inlined; one with function "?" outside of Go code.

    ``is_return_address``: look up the call before ``pc``, as for every frame that was not interrupted.
    """
    index = symtab.function(pc)
    if index < 0:
        return [Location("?", "?", 0)]
    if is_return_address and pc > symtab.entry(index):
        pc -= 1
    return _expand(symtab, index, pc)


def _expand(symtab: Symtab, index: int, pc: int) -> list[Location]:
    """The calls inlined at ``pc`` of a function, innermost first, then the function itself. Raises MemoryFault."""
    tree = symtab.funcdata(index, FUNCDATA_INL_TREE)
    found: list[Location] = []
    while tree and (call := symtab.pcdata(index, PCDATA_INL_TREE_INDEX, pc)) >= 0:
        if call >= LARGEST_TREE or len(found) == DEEPEST:
            raise InconsistentRuntime(f"{symtab.name(index)}: inline tree index {call}")
        bound = symtab.program.bound(INLINED_CALL)
        row = bound.at(symtab.program, tree + call * bound.size)
        name = symtab.name_at(symtab.module(index), int(row["nameOff"]))
        found.append(Location(name, *symtab.line(index, pc), inlined=True, func_id=int(row["funcID"])))
        pc = symtab.entry(index) + int(row["parentPc"])
    func_id = symtab.func(index).func_id
    return [*found, Location(symtab.name(index), *symtab.line(index, pc), func_id=func_id)]
