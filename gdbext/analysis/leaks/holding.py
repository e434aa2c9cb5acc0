"""Who can cancel a context: the function value or the frame that can, and who has that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from gdbext.analysis.leaks.verdicts import HELD

if TYPE_CHECKING:
    from gdbext.analysis.heap.rootnames import RootName
    from gdbext.analysis.leaks.known import Known


@frozen
class Holder:
    """``how``: "function value", "frame", "users' type", "running" or "" for nobody. ``closure``: the
    address of a function value, 0. ``root``: who has it; ``function``: whose frame; ``goid``: of that goroutine."""

    how: str
    closure: int = 0
    root: RootName | None = None
    function: str = ""
    goid: int | None = None


NOBODY = Holder("")


def holder(known: Known, index: int, named: bool = True) -> Holder:
    """Of one context. ``named``: with the root that has a function value."""
    proof, contexts = known.proof, known.contexts
    kind = contexts.types.kinds[int(contexts.kind[index])]
    if not kind.canceler:
        return Holder("users' type") if kind.users else NOBODY
    if known.verdicts.verdict[index] != HELD and not proof.held[index]:
        return NOBODY
    if (slot := int(proof.closure[index])) >= 0:
        return _closure(known, slot, named)
    if (row := int(proof.row[index])) >= 0:
        function = int(proof.function[index])
        name = known.symtab.name(function) if function >= 0 else ""
        return Holder("frame", function=name, goid=int(known.goroutines.goid[row]))
    return Holder("users' type" if proof.users[index] else "running")


def _closure(known: Known, slot: int, named: bool) -> Holder:
    one = known.lookup.numbered(slot)
    if not named:
        return Holder("function value", one.base)
    root, ids = known.paths.chain(slot)
    name = known.root_names.of_path(root, ids) if ids and root >= 0 else None
    return Holder("function value", one.base, name, goid=name.goid if name is not None and name.timer is None else None)


__all__ = ["NOBODY", "Holder", "holder"]
