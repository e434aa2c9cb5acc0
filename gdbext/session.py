"""One stopped target (or one look at a running one) and everything decoded from it: a table of engines.

The only place where what was decoded is kept: each engine is made when it is first asked for, of those above it. A
front end drops the whole Session when the target may have changed; nothing else has to be forgotten.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar, overload

from gdbext.later import later

with later("gdbext"):
    from gdbext import errors
    from gdbext.analysis.contexts import chain, columns, reached, roots, rows, search, searched, steady
    from gdbext.analysis.goroutines import frameranges, nativeframes
    from gdbext.analysis.heap import (
        cost,
        cycles,
        dominators,
        fields,
        flow,
        histogram,
        index,
        live,
        lookup,
        paths,
        rootnames,
        selfcheck,
        variables,
    )
    from gdbext.analysis.leaks import facts, judged, kept, known, leaked, leaks, piles, proof, verdicts, waiting
    from gdbext.compute import control, malloc
    from gdbext.golang import plugins
    from gdbext.golang.reading import opening
    from gdbext.golang.runtime import mgcmark, mheap, proc, rootwords, special, symtab as functions
    from gdbext.golang.runtime.mgcstack import unparked
    from gdbext.golang.std import context, contextread
    from gdbext.golang.types import rtype, values
    from gdbext.golang.types.flat import table
    from gdbext.golang.types.printed import form, functions as printedfunctions
    from gdbext.golang.unstopped import heap as unstopped

if TYPE_CHECKING:
    from gdbext.analysis.contexts.contexts import Contexts
    from gdbext.golang.reading.program import Program
    from gdbext.target import Target
    from gdbext.target.image import Image

T = TypeVar("T")


class Engine(Generic[T]):
    """A part of a Session. ``doing``: what the line of progress says while it is made."""

    def __init__(self, make: Callable[[Session], T], doing: str = "") -> None:
        self.make, self.doing = make, doing

    def __set_name__(self, owner: type[Session], name: str) -> None:
        self.name = name

    @overload
    def __get__(self, session: None, owner: type[Session]) -> Engine[T]: ...
    @overload
    def __get__(self, session: Session, owner: type[Session]) -> T: ...
    def __get__(self, session: Session | None, owner: type[Session]) -> Engine[T] | T:
        """Makes it; from then on the session's own attribute hides this."""
        if session is None:
            return self
        session.doing = self.doing or session.doing
        made = session.__dict__[self.name] = self.make(session)
        return made


def _heap(session: Session) -> mheap.Heap:
    session.forget("counters")
    if not session.target.memory.stable:
        _ = session.counters  # to be compared with those after it
    found = mheap.Heap.of(session.program) if session.target.memory.stable else unstopped.read_heap(session.program)
    malloc.trim()
    return found


def _heap_check(session: Session) -> list[str]:
    heap, before = session.heap, session.counters
    after = before if session.target.memory.stable else selfcheck.counters(session.program)
    if isinstance(before, selfcheck.Counters) and isinstance(after, selfcheck.Counters):
        return selfcheck.notes(heap, before, after)
    why = before if isinstance(before, str) else after
    return [f"the heap was not compared with what the runtime itself counts: {why}"]


def _search(session: Session) -> Contexts:
    needed = session.symtab, session.types, session.context_types, session.heap, session.goroutines
    session.doing = "searching the heap for contexts"
    found = search.contexts(session.program, *needed)
    malloc.trim()
    return found


def _look_again(session: Session) -> Contexts:
    """All contexts as they are now; what was decoded for them is kept, so that a report is of one moment."""
    session.forget("heap", "goroutines")
    return _search(session)


def _searched(session: Session) -> searched.Searched:
    def steadily() -> Contexts:
        return steady.steady(lambda: _look_again(session), lambda: unstopped.collections(session.program))

    stable = session.target.memory.stable
    return searched.Searched((lambda: _search(session)) if stable else steadily, stable)


def _memory(session: Session) -> Image:
    """The heap's memory: a core has it at no cost, of a process it is copied."""
    return session.program.whole_image() or session.heap.image


def _context_rows(session: Session) -> rows.Rows:
    found = columns.Columns(session.contexts, session.context_reader, session.heap.image, session.goroutines.now.ns)
    return rows.Rows(found, session.goroutines)


def _chains(session: Session) -> chain.Chains:
    return chain.Chains(session.context_reader, session.goroutines, lambda: _memory(session), session.searched)


def _lookup(session: Session, found: flow.Flowed) -> lookup.Lookup:
    printed = values.Values(session.program, session.types)
    return lookup.Lookup(found, fields.Fields(found.table, printed, session.function_values))


def _reached(session: Session) -> reached.Reached:
    if not session.target.memory.stable:
        return reached.Reached.unknown(session.contexts)
    try:
        return reached.Reached.of(session.contexts, session.maybe_live)
    except errors.GdbextError as error:
        return reached.Reached.unknown(session.contexts, f"which contexts are garbage is not known: {error}")


def _paths(session: Session) -> paths.Paths:
    laid, order = session.live.laid, paths.order_of(session.roots)
    if (kept := session.index.parents(laid, order)) is not None:
        return paths.Paths(order, kept)
    taking, doing = cost.searching(session.heap), "searching paths from the roots"
    found = paths.Paths.of(session.live, session.roots, lambda: session.expect(taking, doing))
    session.index.found_paths(laid, found)
    return found


class Session:
    """What a command asks."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.doing = "reading the program"
        """What takes long right now, for a line of progress."""
        self.expected = ""
        """What the last long pass was to take, before it began; "" before the first."""

    @property
    def progress(self) -> str:
        """``doing``, and how far it is where that is known."""
        share = control.CONTROL.share
        return self.doing if share is None else f"{self.doing}, {100 * share:.0f} %"

    def expect(self, what: cost.Cost, doing: str = "") -> None:
        """That is what begins now, and what a line of progress says of it."""
        self.doing = doing or self.doing
        if what.is_long:
            self.expected = str(what)

    program: Engine[Program] = Engine(lambda s: opening.open_program(s.target), "reading the program")

    symtab: Engine[functions.Symtab] = Engine(lambda s: functions.Symtab.of(s.program), "reading symbols")
    """Functions, files and lines (pclntab)."""

    files: Engine[plugins.LoadedFiles] = Engine(lambda s: plugins.LoadedFiles.of(s.program, s.symtab.modules))
    """The program's file and those of its plugins."""

    types: Engine[rtype.Types] = Engine(lambda s: rtype.Types(s.program, s.symtab.modules))
    """The program's type descriptors."""

    goroutines: Engine[proc.Goroutines] = Engine(
        lambda s: proc.Goroutines.of(s.program, s.symtab), "reading goroutines"
    )
    """Every goroutine of the program, dead ones left out."""

    native_code: Engine[nativeframes.Code] = Engine(lambda s: nativeframes.Code.of(s.symtab))
    """What a debugger's own unwinder has to know of the runtime's code."""

    heap: Engine[mheap.Heap] = Engine(_heap, "reading the heap's spans")
    """The heap's spans and which of their slots are allocated."""

    counters: Engine[selfcheck.Counters | str] = Engine(lambda s: selfcheck.counters(s.program))
    """What the runtime has counted, or why that is not known."""

    heap_check: Engine[list[str]] = Engine(_heap_check)
    """What does not add up in the heap, in sentences."""

    specials: Engine[special.Specials] = Engine(lambda s: special.read_specials(s.program), "reading specials")
    """What the runtime noted of single objects: finalizers, weak pointers, profiles."""

    roots: Engine[mgcmark.Roots] = Engine(
        lambda s: mgcmark.roots(s.program, s.goroutines, s.specials), "reading the roots"
    )
    """What the garbage collector starts from."""

    type_table: Engine[table.TypeTable] = Engine(
        lambda s: table.type_table(s.program, s.types, s.symtab.modules), "reading types"
    )
    """The program's type descriptors as arrays."""

    variables: Engine[variables.Variables] = Engine(lambda s: variables.variables(s.program, s.type_table, s.files))
    """Global variables and their types."""

    index: Engine[index.Index] = Engine(lambda s: index.Index(s.target))
    """What earlier sessions found of the same core."""

    frames: Engine[frameranges.FrameRanges] = Engine(lambda s: frameranges.FrameRanges.of(s.roots.walked))
    """Where the frames of all stacks lie."""
    live: Engine[flow.Flowed] = Engine(lambda s: live.live(s))
    """Which objects are reachable, and of which type."""
    with_garbage: Engine[flow.Flowed] = Engine(lambda s: live.with_garbage(s))
    """The same, and of which type garbage is."""

    unparked_words: Engine[rootwords.Part] = Engine(lambda s: rootwords.joined(list(unparked.unparked(s.goroutines))))
    """What a stop anywhere hides from a collection."""

    maybe_live: Engine[flow.Flowed] = Engine(
        lambda s: flow.wider(s.program, s.live, s.symtab.modules, s.unparked_words)
    )
    """The same with what a stop anywhere hides from a collection: what is not reachable then is garbage for sure."""

    heap_notes: Engine[list[str]] = Engine(lambda s: [*s.heap_check, *s.live.notes])
    """What every answer about reachable objects has to say of itself."""

    garbage: Engine[histogram.Histogram] = Engine(lambda s: histogram.Histogram.of(s.with_garbage), "counting objects")
    """How many objects of each type there are, garbage too."""

    histogram: Engine[histogram.Histogram] = Engine(lambda s: histogram.Histogram.of(s.live), "counting objects")
    """The same, with no types of garbage."""

    garbage_lookup: Engine[lookup.Lookup] = Engine(lambda s: _lookup(s, s.with_garbage))
    """Single objects, where garbage has its types too."""

    lookup: Engine[lookup.Lookup] = Engine(lambda s: _lookup(s, s.live))
    """Single objects, and what their words are called."""

    forms: Engine[form.Forms] = Engine(lambda s: form.Forms(s.types, s.files.files))
    """What types consist of."""

    function_values: Engine[printedfunctions.Functions] = Engine(
        lambda s: printedfunctions.Functions(s.symtab, s.forms, s.files)
    )
    """What function values say."""

    paths: Engine[paths.Paths] = Engine(_paths)
    """Shortest paths from roots to every object."""

    dominators: Engine[dominators.Dominators] = Engine(lambda s: dominators.asked(s))
    """What would become garbage with each object, goroutine or variable."""

    cycles: Engine[cycles.Cycles] = Engine(lambda s: cycles.Cycles.of(s.dominators), "searching rings")
    """What leads to itself."""

    root_names: Engine[rootnames.RootNames] = Engine(
        lambda s: rootnames.RootNames(s.roots, s.goroutines, s.specials, s.forms, s.files, s.heap)
    )
    """What roots are called."""

    context_types: Engine[context.ContextTypes] = Engine(lambda s: context.ContextTypes.of(s.types))
    """Every type that implements context.Context."""

    context_reader: Engine[contextread.ContextReader] = Engine(
        lambda s: contextread.ContextReader(s.program, s.types, s.context_types)
    )

    searched: Engine[searched.Searched] = Engine(_searched)
    """The search of the heap for contexts, done or not."""

    contexts: Engine[Contexts] = Engine(lambda s: s.searched.contexts)
    """Every context of the program."""

    context_rows: Engine[rows.Rows] = Engine(_context_rows)
    """What is said of each context."""

    chains: Engine[chain.Chains] = Engine(_chains)
    """The contexts of goroutines and what is above them."""

    reached_contexts: Engine[reached.Reached] = Engine(_reached)
    """Which contexts are reachable, as far as that is known."""

    young_contexts: Engine[int] = Engine(lambda s: s.heap.younger(s.contexts.address))
    """How many contexts no collection has seen reachable yet."""

    waiting: Engine[waiting.Waiting] = Engine(
        lambda s: waiting.Waiting.of(s.goroutines, s.frames, s.roots, s.unparked_words)
    )
    """Who waits for what."""

    proof_facts: Engine[facts.Facts] = Engine(lambda s: known.facts(s))

    proof: Engine[proof.Proof] = Engine(lambda s: proof.prove(s.proof_facts), "proving which contexts are lost")
    """Which contexts nothing but a registration can end."""

    leaked: Engine[leaked.Leaked] = Engine(lambda s: leaked.leaked(s.proof_facts), "searching leaked goroutines")
    """Which goroutines nothing that runs can wake."""

    verdicts: Engine[verdicts.Verdicts] = Engine(
        lambda s: verdicts.Verdicts.of(s.contexts, s.proof, s.reached_contexts.mask)
    )
    """What becomes of each context."""

    kept: Engine[kept.Kept] = Engine(lambda s: kept.Kept.of(s.proof_facts, s.proof, s.verdicts.proved))
    """What is alive without what only registers contexts."""

    judged: Engine[judged.Judged] = Engine(lambda s: judged.Judged.of(s))
    """What is said of single contexts."""

    leaks: Engine[leaks.Leaks] = Engine(lambda s: leaks.leaks(s))
    """What lost contexts keep, and what would end them; what is not lost and there by the thousand."""
    piles: Engine[piles.Piles] = Engine(lambda s: piles.piles(s), "searching contexts that are there by the thousand")

    context_holders: Engine[dict[int, list[int]]] = Engine(
        lambda s: roots.holding_goids(s.goroutines, s.contexts.address)
    )
    """Which goroutines have a context's address on their stacks: goids by context."""

    def made(self, name: str) -> bool:
        """Whether that engine was made already."""
        return name in self.__dict__

    def forget(self, *names: str) -> None:
        """Let these engines be made anew."""
        for name in names:
            self.__dict__.pop(name, None)

    def keep(self) -> None:
        """Let later sessions have what took long to find. After an answer, for nobody waits for this."""
        if self.made("index"):
            self.index.keep()

    def close(self) -> None:
        """Give back what the target holds."""
        self.target.close()
