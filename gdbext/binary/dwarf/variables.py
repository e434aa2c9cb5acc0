"""A function's parameters and local variables, those of functions inlined into it too, and where each is at a pc."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from attrs import field, frozen

from gdbext.binary.dwarf import constants as dw, locations
from gdbext.binary.dwarf.locations import Piece

if TYPE_CHECKING:
    from gdbext.binary.dwarf.skimmer import Dwarf, Entry

UNSIGNED = 0xFFFFFFFFFFFFFFFF


@frozen
class Variable:
    """A parameter or local variable at one pc.

    ``function`` declares it, maybe one that was inlined. ``pieces`` is empty where it is optimised out at this pc.
    """

    name: str
    type_name: str
    size: int
    is_parameter: bool
    is_result: bool
    function: str
    pieces: tuple[Piece, ...]
    type_entry: int = 0
    """The entry of its type; 0 for none."""

    @property
    def placed(self) -> Iterator[tuple[int, Piece]]:
        """Each piece, and where in the variable it begins."""
        at = 0
        for piece in self.pieces:
            yield at, piece
            at += piece.size


@frozen(eq=False)
class Subprogram:
    """A function with code: [low, high) are link-time addresses."""

    name: str
    low: int
    high: int
    entries: Sequence[Entry] = field(repr=False)
    """The function's entry and all below it."""

    @classmethod
    def at(cls, dwarf: Dwarf, pc: int) -> Subprogram | None:
        """The function that holds ``pc``; None without one. Raises UnsupportedTarget for damaged information."""
        row = dwarf.function_at(pc)
        if row is None:
            return None
        entries = dwarf.subtree(int(row[dw.DIE]))
        low, high = (int(row[column]) & UNSIGNED for column in (dw.FIRST_VALUE, dw.SECOND_VALUE))
        return cls(entries[0].name, low, high, entries)

    def variables_at(self, pc: int) -> list[Variable]:
        """Every variable in scope at ``pc``, outer scopes first. Raises UnsupportedTarget for damaged information.

        For a caller's frame pass the return address less one. In code compiled with ``-N`` a variable counts as in
        scope before its declaration ran; its bytes are then what the stack held before.
        """
        return [self._variable(entry, owner, pc) for entry, owner in self._in_scope(pc)]

    def _in_scope(self, pc: int) -> Iterator[tuple[Entry, str]]:
        """The variables' entries whose scopes hold ``pc``, each with the function that declares it."""
        owners, closed = {0: self.name}, None
        for entry in self.entries[1:]:
            if closed is not None and entry.depth > closed:
                continue
            closed = None
            if entry.tag in (dw.TAG_BLOCK, dw.TAG_INLINED):
                if not any(low <= pc < high for low, high in locations.ranges(entry)):
                    closed = entry.depth
                owner = owners[entry.depth - 1]
                owners[entry.depth] = entry.name if entry.tag == dw.TAG_INLINED and closed is None else owner
            elif entry.tag in (dw.TAG_VARIABLE, dw.TAG_PARAMETER):
                yield entry, owners[entry.depth - 1]
            else:
                closed = entry.depth

    def _variable(self, entry: Entry, owner: str, pc: int) -> Variable:
        dwarf = entry.dwarf
        origin = entry.reference(dw.ORIGIN) or entry
        kind = entry.type
        size = dwarf.type_size(kind)
        return Variable(
            name=entry.name,
            type_name=kind.own_name if kind is not None else "",
            size=size,
            is_parameter=entry.tag == dw.TAG_PARAMETER,
            is_result=bool(entry.number(dw.IS_RESULT) or origin.number(dw.IS_RESULT)),
            function=owner,
            pieces=self._pieces(entry, pc, size),
            type_entry=kind.offset if kind is not None else 0,
        )

    def _pieces(self, entry: Entry, pc: int, size: int) -> tuple[Piece, ...]:
        expression = locations.expression_at(entry, pc)
        if not expression:
            return ()
        base = self.entries[0].block(dw.FRAME_BASE) or b""
        found = locations.pieces(entry, expression, base, size)
        return found if any(piece.kind != "missing" for piece in found) else ()
