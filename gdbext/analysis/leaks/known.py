"""What the answer is put together from: the engines of one look at a program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from gdbext.analysis.leaks.facts import Facts

if TYPE_CHECKING:
    from gdbext.analysis.contexts.contexts import Contexts
    from gdbext.analysis.contexts.reached import Reached
    from gdbext.analysis.contexts.rows import Rows
    from gdbext.analysis.heap.cost import Cost
    from gdbext.analysis.heap.flow import Flowed
    from gdbext.analysis.heap.histogram import Histogram
    from gdbext.analysis.heap.lookup import Lookup
    from gdbext.analysis.heap.paths import Paths
    from gdbext.analysis.heap.rootnames import RootNames
    from gdbext.analysis.leaks.kept import Kept
    from gdbext.analysis.leaks.leaked import Leaked
    from gdbext.analysis.leaks.proof import Proof
    from gdbext.analysis.leaks.verdicts import Verdicts
    from gdbext.analysis.leaks.waiting import Waiting
    from gdbext.golang.reading.program import Program
    from gdbext.golang.runtime.mgcmark import Roots
    from gdbext.golang.runtime.mheap import Heap
    from gdbext.golang.runtime.proc import Goroutines
    from gdbext.golang.runtime.rootwords import Part
    from gdbext.golang.runtime.special import Specials
    from gdbext.golang.runtime.symtab import Symtab


class Known(Protocol):
    """As a Session has them."""

    doing: str

    def expect(self, what: Cost) -> None: ...
    @property
    def program(self) -> Program: ...
    @property
    def symtab(self) -> Symtab: ...
    @property
    def heap(self) -> Heap: ...
    @property
    def heap_check(self) -> list[str]: ...
    @property
    def specials(self) -> Specials: ...
    @property
    def goroutines(self) -> Goroutines: ...
    @property
    def roots(self) -> Roots: ...
    @property
    def unparked_words(self) -> Part: ...
    @property
    def contexts(self) -> Contexts: ...
    @property
    def reached_contexts(self) -> Reached: ...
    @property
    def context_rows(self) -> Rows: ...
    @property
    def maybe_live(self) -> Flowed: ...
    @property
    def histogram(self) -> Histogram: ...
    @property
    def lookup(self) -> Lookup: ...
    @property
    def paths(self) -> Paths: ...
    @property
    def root_names(self) -> RootNames: ...
    @property
    def waiting(self) -> Waiting: ...
    @property
    def proof_facts(self) -> Facts: ...
    @property
    def leaked(self) -> Leaked: ...
    @property
    def proof(self) -> Proof: ...
    @property
    def kept(self) -> Kept: ...
    @property
    def verdicts(self) -> Verdicts: ...


def facts(known: Known) -> Facts:
    """What the proofs rest on. Raises GdbextError."""
    waiting, roots, more = known.waiting, known.roots, known.unparked_words
    return Facts(
        known.contexts, known.goroutines, roots, more, known.specials, known.maybe_live, waiting.frames, waiting.blocked
    )
