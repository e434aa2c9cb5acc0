"""What go-ctxchain shows: the chains of parents above the contexts that goroutines hold, as lines and as JSON."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, islice
from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from gdbext.report import Absent, Address, Cell, Choices, Rows, Stretch
from gdbext.report.jsontext import encoded
from gdbext.views import verdicts
from gdbext.views.contextrows import document
from gdbext.views.contexts import Phrase, cell, details, sentence
from gdbext.views.contexttext import ContextColumns

if TYPE_CHECKING:
    from gdbext.analysis.contexts.chain import Held
    from gdbext.analysis.contexts.lineage import Lineage, Link
    from gdbext.analysis.contexts.rows import Row
    from gdbext.session import Session

MOST_LINKS = 30
"""Links of one chain shown at a prompt; the rest folds in the middle."""
SHARED = 4
"""From so many contexts on that an earlier chain showed, one line stands for them."""
TOGETHER = 512
"""Lines made at once."""
MEMO = 1 << 16
"""Contexts whose JSON is remembered: some ten megabytes."""


@frozen
class Chain:
    """A context found, by whom it is held (None: asked for by address) and its number in the lineage."""

    goid: int | None
    held: Held
    number: int


def outermost(lineage: Lineage, chains: Sequence[Chain]) -> list[tuple[Chain, list[Chain]]]:
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
    step: Step
    where: str | None


def stretches(session: Session, args: argparse.Namespace, chains: Sequence[Chain]) -> Iterator[Stretch]:
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

    links = session.chains.lineage.links
    known = [_index(session, links[line.step.number]) if not line.step.more else -1 for line in lines]
    alone = [place for place, index in enumerate(known) if index < 0]
    which = np.full(len(lines), -1, np.int64)
    which[alone] = np.arange(len(alone))
    yield Choices([_cells(session, args, lines[place].step) for place in alone], which.tolist())
    if len(alone) < len(lines):
        judged = session.judged if args.verdict else None
        yield from ContextColumns(session.context_rows, args, np.array(known, np.int64), judged).all()


def _index(session: Session, link: Link) -> int:
    return session.searched.index(link.kind, link.address)


def _lines(session: Session, args: argparse.Namespace, chains: Sequence[Chain]) -> Iterator[_Line]:
    """Parents hang below their children, Background last."""
    lineage, shown = session.chains.lineage, set[int]()
    for _, mine in groupby(chains, lambda chain: chain.goid):
        for chain, parts in outermost(lineage, list(mine)):
            said = {part.number: part.held.where for part in (chain, *parts)} if chain.goid is not None else {}
            title: str | None = _title(session, chain)
            for level, step in enumerate(_folded(list(steps(lineage, chain.number, said, shown)), args)):
                yield _Line(level, title, step, said.get(step.number) if not step.more else None)
                title = None


@frozen
class Step:
    """A line of a chain: the context with that number, or ``more`` contexts that are not shown; ``above``: for they
    were, from the context ``number`` on."""

    number: int
    more: int = 0
    above: bool = False


def steps(lineage: Lineage, number: int, said: Mapping[int, str], shown: set[int]) -> Iterator[Step]:
    """A chain without what earlier ones showed of it, but for what this goroutine holds. Takes as long as it is."""
    while number >= 0 and number not in shown:
        shown.add(number)
        yield Step(number)
        number = lineage.parent[number]
    depth = lineage.depth[number] if number >= 0 else -1
    held = sorted((one for one in said if lineage.depth[one] <= depth), key=lambda one: -lineage.depth[one])
    for mark in (*held, -1):
        length = depth - (lineage.depth[mark] if mark >= 0 else -1)
        if length >= SHARED:
            yield Step(number, length, above=True)
        else:
            yield from map(Step, islice(lineage.chain(number), length))
        if mark >= 0:
            yield Step(mark)
            number, depth = lineage.parent[mark], lineage.depth[mark] - 1


def _folded(steps: list[Step], args: argparse.Namespace) -> list[Step]:
    """A long chain without its middle, unless all of it is asked for."""
    if args.all or len(steps) <= MOST_LINKS:
        return steps
    half = MOST_LINKS // 2
    middle = steps[half:-half]
    return [*steps[:half], Step(-1, sum(step.more or 1 for step in middle)), *steps[-half:]]


def _cells(session: Session, args: argparse.Namespace, step: Step) -> list[Cell]:
    chains = session.chains
    if step.above:
        return [f"… {step.more:,} more, as above from", Address(chains.lineage.links[step.number].address)]
    if step.more:
        return [f"… {step.more:,} more"]
    row = chains.row(step.number)
    return sentence([*_head(row), *details(row, args)])


def _title(session: Session, chain: Chain) -> str:
    if chain.goid is None:
        return chain.held.where
    goroutines = session.goroutines
    row = goroutines.rows[chain.goid]
    reason = goroutines.reason(row) or goroutines.status_name(row)
    return f"goroutine {chain.goid} [{reason}]"


def _head(row: Row) -> list[Phrase]:
    roots = {"context.backgroundCtx": "context.Background()", "context.todoCtx": "context.TODO()"}
    return [[roots[row.kind]]] if row.kind in roots else [[Address(row.address), row.kind], [cell(row.state)]]


def documents(session: Session, args: argparse.Namespace, chains: Sequence[Chain]) -> Iterator[dict[str, object]]:
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
        self._session, self._chains, self._args, self._holders = session, session.chains, args, holders
        self._known: dict[int, str] = {}

    def _verdict(self, address: int) -> dict[str, object]:
        """What becomes of it, where that is asked for."""
        index = self._session.contexts.index(address) if self._args.verdict else -1
        return verdicts.members(self._session.judged, index) if index >= 0 else {}

    def encoded(self, number: int) -> str:
        """One context's object."""
        text = self._known.get(number)
        if text is None:
            address = self._chains.lineage.links[number].address
            row = self._chains.row(number, self._holders.get(address, ()))
            text = encoded({**document(row, self._args), **self._verdict(address)})
            if len(self._known) < MEMO:
                self._known[number] = text
        return text
