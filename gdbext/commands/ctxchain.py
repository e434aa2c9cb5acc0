"""go-ctxchain: the contexts of a goroutine, or one context, with the chain of parents above."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, islice
from typing import TYPE_CHECKING

from attrs import frozen

from gdbext.commands import Command, _selected, goid
from gdbext.commands._contexts import Phrase, cell, details, document, sentence
from gdbext.errors import UsageError
from gdbext.report import Absent, Address, Block, Cell, Choices, Outline, Report, Rows, Stretch

if TYPE_CHECKING:
    from gdbext.analysis.contextchain import Held
    from gdbext.analysis.contextlineage import Lineage, Link
    from gdbext.analysis.contextrows import Row
    from gdbext.session import Session

MOST_LINKS = 30
"""Links of one chain shown at a prompt; the rest folds in the middle."""
SHARED = 4
"""From so many contexts on that an earlier chain showed, one line stands for them."""
TOGETHER = 512
"""Lines made at once."""
MEMO = 1 << 16
"""Contexts whose JSON is remembered: some ten megabytes."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """go-ctxchain's own options."""
    parser.add_argument("-g", "--goroutine", type=goid, metavar="N", help="the contexts that goroutine N holds")


def run(session: Session, args: argparse.Namespace) -> Report:
    """One chain for each context found."""
    found = list(_found(session, args))
    if not found:
        raise UsageError(*_nothing(session, args))
    lineage = session.chains.lineage
    shown = [_Chain(goid, held, lineage.add(held.kind, held.address)) for goid, held in found[: args.limit]]
    blocks: list[Block] = [] if args.json else [Outline(_stretches(session, args, shown))]
    notes = [f"{len(found) - len(shown):,} more chains: --limit N or --all"] if len(shown) < len(found) else []
    return Report({"chains": Rows(_documents(session, args, shown))}, blocks, notes)


@frozen
class _Chain:
    """A context found, by whom it is held (None: asked for by address) and its number in the lineage."""

    goid: int | None
    held: Held
    number: int


def _found(session: Session, args: argparse.Namespace) -> Iterator[tuple[int | None, Held]]:
    if args.expression:
        yield from _by_expression(session, args.expression)
    elif args.all and args.goroutine is None:
        yield from _by_rows(session, range(len(session.goroutines)))
    else:
        yield from _by_rows(session, [_row(session, args)])


def _row(session: Session, args: argparse.Namespace) -> int:
    """The goroutine asked for, else the one selected (go-goroutine), else that of the selected thread."""
    wanted = args.goroutine
    if wanted is None and args.frames is not None:
        wanted = args.frames.goid or None
    if wanted is not None:
        return _selected.named(session, wanted)
    thread = next((thread for thread in session.target.threads() if thread.selected), None)
    if thread is None:
        raise UsageError("which goroutine?", "go-ctxchain -g N, go-ctxchain 0xADDR or go-ctxchain --all")
    return _selected.on_thread(session, thread.tid, "go-ctxchain -g N; go-goroutines lists them")


def _by_rows(session: Session, rows: Sequence[int]) -> Iterator[tuple[int | None, Held]]:
    import numpy as np

    for row, every in session.chains.held_by(np.array(rows, np.int64)):
        goid = int(session.goroutines.goid[row])
        yield from ((goid, held) for held in every)


def _by_expression(session: Session, expression: str) -> Iterator[tuple[int | None, Held]]:
    from gdbext.analysis.contextchain import Held, Way
    from gdbext.commands._contextvalue import context_at, context_behind

    if re.fullmatch(r"0[xX][0-9a-fA-F]{1,16}", expression):
        yield None, Held(*context_at(session, int(expression, 16)), [Way("address", f"address {expression}")])
        return
    found = context_behind(session, session.target.evaluate(expression))
    yield None, Held(*found, [Way("expression", f"expression {expression}")])


def _nothing(session: Session, args: argparse.Namespace) -> tuple[str, str]:
    if args.all:
        return "no goroutine holds a context that can be found on its stack", "go-ctxtree searches the heap"
    row = _row(session, args)
    goid, trouble = int(session.goroutines.goid[row]), session.goroutines.trouble.get(row)
    if trouble:
        return f"goroutine {goid}: {trouble}", "go-ctxtree lists all contexts"
    return f"no context found in goroutine {goid}", "go-ctxtree lists all contexts"


def _outermost(lineage: Lineage, chains: Sequence[_Chain]) -> list[tuple[_Chain, list[_Chain]]]:
    """The chains of one goroutine that are no part of another one, each with those that are part of it."""
    order = sorted(range(len(chains)), key=lambda i: lineage.place(chains[i].number))
    parts: dict[int, list[int]] = {}
    above: list[int] = []
    inner: set[int] = set()
    for one in order:
        while above and not lineage.is_above(chains[above[-1]].number, chains[one].number):
            above.pop()
        inner.update(above[-1:])  # those above it were noted before
        parts[one] = [*above]
        above.append(one)
    return [(chain, [chains[i] for i in parts[one]]) for one, chain in enumerate(chains) if one not in inner]


@frozen
class _Line:
    """A line of the answer: how deep, the heading in front of it, what it shows, and how the goroutine holds that."""

    level: int
    title: str | None
    step: _Step
    where: str | None


def _stretches(session: Session, args: argparse.Namespace, chains: Sequence[_Chain]) -> Iterator[Stretch]:
    """The lines of all chains, some hundred at a time."""
    lines = _lines(session, args, chains)
    while some := list(islice(lines, TOGETHER)):
        titles = {place: line.title for place, line in enumerate(some) if line.title is not None}
        columns = [*_columns(session, args, some), Choices([line.where for line in some], _given(some), ", ")]
        yield Stretch([line.level for line in some], [True] * len(some), columns, titles)


def _given(lines: Sequence[_Line]) -> list[int]:
    return [place if line.where else -1 for place, line in enumerate(lines)]


def _columns(session: Session, args: argparse.Namespace, lines: Sequence[_Line]) -> Iterator[Choices]:
    """What lines say of contexts: in bulk of those that the search of the heap found, where there was one."""
    import numpy as np

    from gdbext.commands._contexttext import ContextColumns

    links = session.chains.lineage.links
    known = [_index(session, links[line.step.number]) if not line.step.more else -1 for line in lines]
    alone = [place for place, index in enumerate(known) if index < 0]
    which = np.full(len(lines), -1, np.int64)
    which[alone] = np.arange(len(alone))
    yield Choices([_cells(session, args, lines[place].step) for place in alone], which.tolist())
    if len(alone) < len(lines):
        yield from ContextColumns(session.context_rows, args, np.array(known, np.int64)).all()


def _index(session: Session, link: Link) -> int:
    return session.found_context(link.kind, link.address)


def _lines(session: Session, args: argparse.Namespace, chains: Sequence[_Chain]) -> Iterator[_Line]:
    """Parents hang below their children, Background last."""
    lineage, shown = session.chains.lineage, set[int]()
    for _, mine in groupby(chains, lambda chain: chain.goid):
        for chain, parts in _outermost(lineage, list(mine)):
            said = {part.number: part.held.where for part in (chain, *parts)} if chain.goid is not None else {}
            title: str | None = _title(session, chain)
            for level, step in enumerate(_folded(list(_steps(lineage, chain.number, said, shown)), args)):
                yield _Line(level, title, step, said.get(step.number) if not step.more else None)
                title = None


@frozen
class _Step:
    """A line of a chain: the context with that number, or ``more`` contexts that are not shown; ``above``: for they
    were, from the context ``number`` on."""

    number: int
    more: int = 0
    above: bool = False


def _steps(lineage: Lineage, number: int, said: Mapping[int, str], shown: set[int]) -> Iterator[_Step]:
    """A chain without what earlier ones showed of it, but for what this goroutine holds. Takes as long as it is."""
    while number >= 0 and number not in shown:
        shown.add(number)
        yield _Step(number)
        number = lineage.parent[number]
    depth = lineage.depth[number] if number >= 0 else -1
    held = sorted((one for one in said if lineage.depth[one] <= depth), key=lambda one: -lineage.depth[one])
    for mark in (*held, -1):
        length = depth - (lineage.depth[mark] if mark >= 0 else -1)
        if length >= SHARED:
            yield _Step(number, length, above=True)
        else:
            yield from map(_Step, islice(lineage.chain(number), length))
        if mark >= 0:
            yield _Step(mark)
            number, depth = lineage.parent[mark], lineage.depth[mark] - 1


def _folded(steps: list[_Step], args: argparse.Namespace) -> list[_Step]:
    """A long chain without its middle, unless all of it is asked for."""
    if args.all or len(steps) <= MOST_LINKS:
        return steps
    half = MOST_LINKS // 2
    middle = steps[half:-half]
    return [*steps[:half], _Step(-1, sum(step.more or 1 for step in middle)), *steps[-half:]]


def _cells(session: Session, args: argparse.Namespace, step: _Step) -> list[Cell]:
    chains = session.chains
    if step.above:
        return [f"… {step.more:,} more, as above from", Address(chains.lineage.links[step.number].address)]
    if step.more:
        return [f"… {step.more:,} more"]
    row = chains.row(step.number)
    return sentence([*_head(row), *details(row, args)])


def _title(session: Session, chain: _Chain) -> str:
    if chain.goid is None:
        return chain.held.where
    goroutines = session.goroutines
    row = goroutines.rows[chain.goid]
    reason = goroutines.reason(row) or goroutines.status_name(row)
    return f"goroutine {chain.goid} [{reason}]"


def _head(row: Row) -> list[Phrase]:
    roots = {"context.backgroundCtx": "context.Background()", "context.todoCtx": "context.TODO()"}
    return [[roots[row.kind]]] if row.kind in roots else [[Address(row.address), row.kind], [cell(row.state)]]


def _documents(session: Session, args: argparse.Namespace, chains: Sequence[_Chain]) -> Iterator[dict[str, object]]:
    import numpy as np

    lineage = session.chains.lineage
    holders = session.chains.holders(np.array(sorted({link.address for link in lineage.links}), np.uint64))
    contexts = _Contexts(session, args, holders)
    for chain in chains:
        yield {
            "found": chain.held.where,
            "found_by": [{"how": way.how, "where": way.where} for way in chain.held.ways],
            "goid": chain.goid if chain.goid is not None else Absent("asked for by address"),
            "chain": Rows(map(contexts.encoded, lineage.chain(chain.number)), encoded=True, mended=True),
        }


class _Contexts:
    """Contexts as JSON. Those that several chains share are remembered, as many as are no burden."""

    def __init__(self, session: Session, args: argparse.Namespace, holders: Mapping[int, Sequence[int]]) -> None:
        self._chains, self._args, self._holders = session.chains, args, holders
        self._known: dict[int, str] = {}

    def encoded(self, number: int) -> str:
        """One context's object."""
        from gdbext.report.json import encoded

        text = self._known.get(number)
        if text is None:
            address = self._chains.lineage.links[number].address
            row = self._chains.row(number, self._holders.get(address, ()))
            text = encoded(document(row, self._args))
            if len(self._known) < MEMO:
                self._known[number] = text
        return text


def complete(session: Session | None, text: str, word: str) -> Iterator[str]:
    """Goroutine numbers after -g."""
    if session is not None and "goroutines" in session.__dict__ and re.search(r"(-g|--goroutine)\s+\S*$", text):
        yield from (str(int(number)) for number in session.goroutines.goid)


COMMAND = Command(
    name="go-ctxchain",
    help="Show a goroutine's contexts and the chain of parents above each.",
    description=(
        "Without arguments: the contexts of the goroutine that go-goroutine selected, else of the selected\n"
        "thread's. They are found in the arguments and locals of its frames, in the words of its stack, and as\n"
        "what it waits on; each says which way. Above each stands its parent, up to Background or TODO. EXPR is an\n"
        "expression of the debugger with a context for a value, or the address of one. A context that only a stack\n"
        "word names may be a leftover of an earlier call."
    ),
    examples=(
        ("go-ctxchain", "the contexts of the selected goroutine"),
        ("go-ctxchain -g 18", "those of goroutine 18"),
        ("go-ctxchain ctx", "the chain above the variable ctx of the selected frame"),
        ("go-ctxchain 0xc000112000 --json", "the chain above one context, for a program"),
    ),
    usage="[EXPR | 0xADDR | -g N | --all] [options]",
    arguments=arguments,
    run=run,
    expression=True,
    values=True,
    all_help="the contexts of all goroutines, chains unfolded",
    complete=complete,
)
