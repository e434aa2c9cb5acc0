"""Where a program's variables and functions are, by name. A Program is handed one of these, and asks nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from attrs import frozen

from gdbext.errors import MissingSymbol

if TYPE_CHECKING:
    from gdbext.binary.executable import Binary


class Symbols(Protocol):
    """What a Program asks."""

    def address(self, name: str) -> int:
        """The run-time address of a global variable or function. Raises MissingSymbol."""


@frozen
class ElfSymbols:
    """As the linker wrote them, in the executable or its debug file. ``bias``: how far it was moved when loaded."""

    binary: Binary
    bias: int

    def address(self, name: str) -> int:
        """The run-time address of a global variable or function. Raises MissingSymbol."""
        return self.binary.symbol(name) + self.bias


class NoSymbols:
    """Of a program in which they are searched."""

    def address(self, name: str) -> int:
        """Raises MissingSymbol."""
        raise MissingSymbol(name)
