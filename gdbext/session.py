"""One stopped target (or one look at a running one) and everything decoded from it.

The only place of caching and of lazy imports: each property imports what it needs when it is first asked. A front end
drops the whole Session when the target may have changed; nothing else has to be forgotten.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gdbext.golang.program import Program
    from gdbext.golang.proc import Goroutines
    from gdbext.golang.symtab import Symtab
    from gdbext.target import Target


class Session:
    """What a command asks."""

    def __init__(self, target: Target) -> None:
        self.target = target

    @cached_property
    def program(self) -> Program:
        from gdbext.golang.program import Program

        return Program(self.target)

    @cached_property
    def symtab(self) -> Symtab:
        """Functions, files and lines (pclntab)."""
        from gdbext.golang.symtab import Symtab

        return Symtab.of(self.program)

    @cached_property
    def goroutines(self) -> Goroutines:
        """Every goroutine of the program, dead ones left out."""
        from gdbext.golang.proc import Goroutines

        return Goroutines.of(self.program, self.symtab)

    def close(self) -> None:
        """Give back what the target holds."""
        self.target.close()
