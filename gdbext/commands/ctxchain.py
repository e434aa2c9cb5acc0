"""go-ctxchain: the contexts of a goroutine, or one context, with the chain of parents above."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from gdbext.commands import Command, _selected, goid
from gdbext.commands._contexts import Phrase, cell, details, document, sentence
from gdbext.errors import UsageError
from gdbext.report import Absent, Address, Block, Node, Report, Rows, Text, Tree

if TYPE_CHECKING:
    from gdbext.analysis.contextchain import Held, Link
    from gdbext.analysis.contextrows import Row
    from gdbext.session import Session

MOST_LINKS = 30
"""Links of one chain shown at a prompt; the rest folds in the middle."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """go-ctxchain's own options."""
    parser.add_argument("-g", "--goroutine", type=goid, metavar="N", help="the contexts that goroutine N holds")


def run(session: Session, args: argparse.Namespace) -> Report:
    """One chain for each context found."""
    found = list(_found(session, args))
    if not found:
        raise UsageError(*_nothing(session, args))
    chains = [_Chain(goid, held, session.chains.links(held.kind, held.address)) for goid, held in found]
    shown = chains if args.limit is None else chains[: args.limit]
    blocks: list[Block] = [] if args.json else list(_blocks(session, args, _outermost(shown)))
    notes = [f"{len(chains) - len(shown):,} more chains: --limit N or --all"] if len(shown) < len(chains) else []
    return Report({"chains": Rows(_documents(session, args, shown))}, blocks, notes)


class _Chain:
    """A context found, by whom it is held (None: asked for by address) and what is above it."""

    def __init__(self, goid: int | None, held: Held, links: Sequence[Link]) -> None:
        self.goid, self.held, self.links = goid, held, links

    @property
    def addresses(self) -> frozenset[tuple[int, int]]:
        return frozenset((link.kind, link.address) for link in self.links[1:])


def _found(session: Session, args: argparse.Namespace) -> Iterator[tuple[int | None, Held]]:
    if args.expression:
        yield from _by_expression(session, args.expression)
    elif args.all and args.goroutine is None:
        for row in range(len(session.goroutines)):
            yield from _by_row(session, row)
    else:
        yield from _by_row(session, _row(session, args))


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


def _by_row(session: Session, row: int) -> Iterator[tuple[int | None, Held]]:
    goid = int(session.goroutines.goid[row])
    yield from ((goid, held) for held in session.chains.held(row))


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


def _outermost(chains: Sequence[_Chain]) -> list[tuple[_Chain, list[_Chain]]]:
    """The chains that are no part of another one of the same goroutine, each with those that are part of it."""
    made: list[tuple[_Chain, list[_Chain]]] = []
    inner = [
        any(other.goid == chain.goid and (chain.held.kind, chain.held.address) in other.addresses for other in chains)
        for chain in chains
    ]
    for chain, is_inner in zip(chains, inner, strict=True):
        if not is_inner:
            parts = [
                one
                for one, skip in zip(chains, inner, strict=True)
                if skip and one.goid == chain.goid and (one.held.kind, one.held.address) in chain.addresses
            ]
            made.append((chain, parts))
    return made


def _blocks(
    session: Session, args: argparse.Namespace, chains: Sequence[tuple[_Chain, list[_Chain]]]
) -> Iterator[Block]:
    for chain, parts in chains:
        said = {(part.held.kind, part.held.address): part.held.where for part in (chain, *parts)}
        yield Text(_title(session, chain), "heading")
        yield Tree([_node(session, args, chain, said)])


def _title(session: Session, chain: _Chain) -> str:
    if chain.goid is None:
        return chain.held.where
    goroutines = session.goroutines
    row = goroutines.rows[chain.goid]
    reason = goroutines.reason(row) or goroutines.status_name(row)
    return f"goroutine {chain.goid} [{reason}]"


def _node(session: Session, args: argparse.Namespace, chain: _Chain, said: dict[tuple[int, int], str]) -> Node:
    """The chain as a tree with one branch: parents hang below their children, Background last."""
    states = session.chains.states(chain.links)
    places = _places(len(chain.links), args)
    node: Node | None = None
    for place in reversed(places):
        below = [node] if node is not None else []
        if place < 0:
            node = Node([f"… {-place:,} more"], below)
            continue
        row = session.chains.row(chain.links, place, states[place], ())
        link = chain.links[place]
        where = said.get((link.kind, link.address)) if chain.goid is not None else None
        found: list[Phrase] = [[where]] if where else []
        node = Node(sentence([*_head(row), *details(row, args), *found]), below)
    assert node is not None
    return node


def _head(row: Row) -> list[Phrase]:
    roots = {"context.backgroundCtx": "context.Background()", "context.todoCtx": "context.TODO()"}
    return [[roots[row.kind]]] if row.kind in roots else [[Address(row.address), row.kind], [cell(row.state)]]


def _places(length: int, args: argparse.Namespace) -> list[int]:
    """Which links to show; a negative number stands for that many left out."""
    if args.all or length <= MOST_LINKS:
        return list(range(length))
    half = MOST_LINKS // 2
    return [*range(half), -(length - 2 * half), *range(length - half, length)]


def _documents(session: Session, args: argparse.Namespace, chains: Iterable[_Chain]) -> Iterator[dict[str, object]]:
    import numpy as np

    kept = list(chains)
    every = sorted({link.address for chain in kept for link in chain.links})
    holders = session.chains.holders(np.array(every, np.uint64))
    for chain in kept:
        rows = session.chains.rows(chain.links, holders)
        yield {
            "found": chain.held.where,
            "found_by": [{"how": way.how, "where": way.where} for way in chain.held.ways],
            "goid": chain.goid if chain.goid is not None else Absent("asked for by address"),
            "chain": [document(row, args) for row in rows],
        }


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
