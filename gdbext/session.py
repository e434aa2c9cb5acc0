"""One stopped target (or one look at a running one) and everything decoded from it.

The only place of caching and of lazy imports: each property imports what it needs when it is first asked. A front end
drops the whole Session when the target may have changed; nothing else has to be forgotten.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gdbext.analysis.contexts.chain import Chains
    from gdbext.analysis.contexts.contexts import Contexts
    from gdbext.analysis.contexts.rows import Rows
    from gdbext.analysis.goroutines.nativeframes import Code
    from gdbext.golang.reading.program import Program
    from gdbext.golang.runtime.mheap import Heap
    from gdbext.golang.runtime.proc import Goroutines
    from gdbext.golang.runtime.symtab import Symtab
    from gdbext.golang.std.context import ContextTypes
    from gdbext.golang.types.rtype import Types
    from gdbext.target import Target
    from gdbext.target.image import Image


class Session:
    """What a command asks."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.doing = "reading the program"
        """What takes long right now, for a line of progress."""

    @cached_property
    def program(self) -> Program:
        from gdbext.golang.reading.opening import open_program

        return open_program(self.target)

    @cached_property
    def symtab(self) -> Symtab:
        """Functions, files and lines (pclntab)."""
        self.doing = "reading symbols"
        from gdbext.golang.runtime.symtab import Symtab

        return Symtab.of(self.program)

    @cached_property
    def goroutines(self) -> Goroutines:
        """Every goroutine of the program, dead ones left out."""
        return self._read_goroutines()

    @cached_property
    def native_code(self) -> Code:
        """What a debugger's own unwinder has to know of the runtime's code."""
        from gdbext.analysis.goroutines.nativeframes import Code

        return Code.of(self.symtab)

    @cached_property
    def types(self) -> Types:
        """The program's type descriptors."""
        from gdbext.golang.types.rtype import Types

        return Types(self.program, self.symtab.modules)

    @cached_property
    def heap(self) -> Heap:
        """The heap's spans and which of their slots are allocated."""
        return self._read_heap()

    @cached_property
    def context_types(self) -> ContextTypes:
        """Every type that implements context.Context."""
        from gdbext.golang.std.context import ContextTypes

        return ContextTypes.of(self.types)

    @cached_property
    def contexts(self) -> Contexts:
        """Every context of the program."""
        if self.target.memory.stable:
            return self._search(self.heap, self.goroutines)
        from gdbext.analysis.contexts.steady import steady
        from gdbext.golang.unstopped.heap import collections

        return steady(self._look_again, lambda: collections(self.program))

    def _look_again(self) -> Contexts:
        """All contexts as they are now; what was decoded for them is kept, so that a report is of one moment."""
        self.heap, self.goroutines = self._read_heap(), self._read_goroutines()
        return self._search(self.heap, self.goroutines)

    def _read_heap(self) -> Heap:
        self.doing = "reading the heap's spans"
        from gdbext.compute import malloc
        from gdbext.golang.runtime.mheap import Heap
        from gdbext.golang.unstopped.heap import read_heap

        heap = Heap.of(self.program) if self.target.memory.stable else read_heap(self.program)
        malloc.trim()
        return heap

    def _read_goroutines(self) -> Goroutines:
        symtab = self.symtab
        self.doing = "reading goroutines"
        from gdbext.golang.runtime.proc import Goroutines

        return Goroutines.of(self.program, symtab)

    def _search(self, heap: Heap, goroutines: Goroutines) -> Contexts:
        self.doing = "searching the heap for contexts"
        from gdbext.analysis.contexts import search
        from gdbext.compute import malloc

        types = self.context_types
        found = search.contexts(self.program, self.symtab, self.types, types, heap, goroutines)
        malloc.trim()
        return found

    @cached_property
    def context_rows(self) -> Rows:
        """What is said of each context."""
        from gdbext.analysis.contexts.columns import Columns
        from gdbext.analysis.contexts.rows import Rows
        from gdbext.golang.std.contextread import ContextReader

        reader = ContextReader(self.program, self.types, self.context_types)
        return Rows(Columns(self.contexts, reader, self.heap.image, self.goroutines.now.ns), self.goroutines)

    @cached_property
    def chains(self) -> Chains:
        """The contexts of goroutines and what is above them."""
        from gdbext.analysis.contexts.chain import Chains
        from gdbext.golang.std.contextread import ContextReader

        reader = ContextReader(self.program, self.types, self.context_types)
        return Chains(reader, self.goroutines, self._memory, self._blocked_on, self._certain, self.found_context)

    def _certain(self, address: int) -> bool | None:
        """Whether two looks at a running program saw the context alike; None where it stands still."""
        if self.target.memory.stable:
            return None
        index, certain = self.contexts.index(address), self.contexts.certain
        return index >= 0 and certain is not None and bool(certain[index])

    def found_context(self, kind: int, address: int) -> int:
        """The context of that kind at an address, -1 where there is none or no search of the heap was made yet."""
        found = self.__dict__.get("contexts")
        index = found.index(address) if found is not None else -1
        return index if index >= 0 and int(self.contexts.kind[index]) == kind else -1

    def _blocked_on(self, row: int) -> list[tuple[int, int]]:
        """The (kind, address) of the contexts whose Done channels a goroutine waits on. Searches the heap."""
        found = self.contexts
        mine = self._waited_on.get(row, ())
        return [(int(found.kind[index]), int(found.address[index])) for index in mine]

    @cached_property
    def _waited_on(self) -> dict[int, list[int]]:
        """The contexts that each goroutine waits on, by row."""
        found: dict[int, list[int]] = {}
        for index, row in self.contexts.waits.tolist():
            found.setdefault(row, []).append(index)
        return found

    def _memory(self) -> Image:
        """The heap's memory: a core has it at no cost, of a process it is copied."""
        return self.program.whole_image() or self.heap.image

    @cached_property
    def young_contexts(self) -> int:
        """How many contexts no collection has seen reachable yet."""
        return self.heap.younger(self.contexts.address)

    @cached_property
    def context_holders(self) -> dict[int, list[int]]:
        """Which goroutines have a context's address on their stacks: goids by context."""
        from gdbext.analysis.contexts import roots

        return roots.holding_goids(self.goroutines, self.contexts.address)

    def close(self) -> None:
        """Give back what the target holds."""
        self.target.close()
