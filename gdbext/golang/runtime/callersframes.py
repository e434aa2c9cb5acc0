"""Frames of recorded stacks as runtime.CallersFrames gives them (runtime/symtab.go): names as the linker has them.

A recorded stack has a pc for each call, for those too that were inlined.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from gdbext.errors import InconsistentRuntime
from gdbext.golang.reading.declarations import INT, UINT, declare
from gdbext.golang.runtime.symtabinl import (
    DEEPEST,
    FUNCDATA_INL_TREE,
    LARGEST_TREE,
    PCDATA_INL_TREE_INDEX,
)

if TYPE_CHECKING:
    from gdbext.golang.runtime.symtab import Symtab

CALL = declare("runtime.inlinedCall", funcID=UINT, nameOff=INT, parentPc=INT, startLine=INT)


@frozen
class Frame:
    """``pc``: of the call. ``entry``: of the function with the code, 0 for none. ``inlined``: that is another one."""

    pc: int
    function: str
    file: str
    line: int
    start_line: int = 0
    entry: int = 0
    inlined: bool = False


@frozen
class _Unwound:
    """A place in a function: the inlined call there, -1 for none (runtime/symtabinl.go, inlineFrame)."""

    pc: int
    call: int


def frame(symtab: Symtab, address: int) -> Frame | None:
    """The frame that a recorded address stands for; None where no Go function has it."""
    index = symtab.function(address)
    if index < 0:
        return None
    pc = address - 1 if address > symtab.entry(index) else address
    return _of(symtab, index, _Unwound(pc, symtab.pcdata(index, PCDATA_INL_TREE_INDEX, pc)))


def name(symtab: Symtab, address: int) -> str:
    """What runtime.FuncForPC calls the function at an address, which is no return address to it; "" for none."""
    index = symtab.function(address)
    if index < 0:
        return ""
    place = _Unwound(address, symtab.pcdata(index, PCDATA_INL_TREE_INDEX, address))
    return _of(symtab, index, place).function


def expanded(symtab: Symtab, addresses: Sequence[int], wrappers: Collection[int]) -> list[int]:
    """With the calls around the last one, where that was inlined: the stack may have been cut off among them
    (runtime_expandFinalInlineFrame). ``wrappers``: funcIDs of functions that stacks leave out."""
    if not addresses:
        return []
    *before, last = addresses
    index = symtab.function(last - 1)
    place = None if index < 0 else _Unwound(last - 1, symtab.pcdata(index, PCDATA_INL_TREE_INDEX, last - 1))
    if place is None or place.call < 0:
        return [*addresses]
    around: _Unwound | None = place
    for _ in range(DEEPEST):
        if around is None:
            return before
        if _func_id(symtab, index, around) not in wrappers:
            before.append(around.pc + 1)
        around = _outer(symtab, index, around)
    raise InconsistentRuntime(f"inlined calls at {last:#x} do not end")


def _outer(symtab: Symtab, index: int, place: _Unwound) -> _Unwound | None:
    if place.call < 0:
        return None
    pc = symtab.entry(index) + int(_record(symtab, index, place.call)["parentPc"])
    return _Unwound(pc, symtab.pcdata(index, PCDATA_INL_TREE_INDEX, pc))


def _func_id(symtab: Symtab, index: int, place: _Unwound) -> int:
    if place.call < 0:
        return symtab.func(index).func_id
    return int(_record(symtab, index, place.call)["funcID"])


def _record(symtab: Symtab, index: int, call: int) -> Any:
    tree, bound = symtab.funcdata(index, FUNCDATA_INL_TREE), symtab.program.bound(CALL)
    if not tree or call >= LARGEST_TREE:
        raise InconsistentRuntime(f"{symtab.name(index)}: inline tree index {call}")
    return bound.at(symtab.program, tree + call * bound.size)


def _of(symtab: Symtab, index: int, place: _Unwound) -> Frame:
    module, func = symtab.module(index), symtab.func(index)
    file, line = symtab.line(index, place.pc)
    if place.call < 0:
        called = symtab.linker_name(module, func.name_offset)
        return Frame(place.pc, called, file, line, func.start_line, func.entry)
    record = _record(symtab, index, place.call)
    called = symtab.linker_name(module, int(record["nameOff"]))
    return Frame(place.pc, called, file, line, int(record["startLine"]), func.entry, True)
