"""go-ctxchain: the contexts of a goroutine, or one context, with the chain of parents above."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gdbext import report
from gdbext.analysis.contexts import chain
from gdbext.analysis.goroutines import numbered
from gdbext.commands import Command, _selected, _verdict, goid
from gdbext.commands._contextvalue import context_at, context_behind, evaluated
from gdbext.errors import UsageError
from gdbext.report import counts
from gdbext.views import contextchains

if TYPE_CHECKING:
    from gdbext.session import Session


def arguments(parser: argparse.ArgumentParser) -> None:
    """go-ctxchain's own options."""
    parser.add_argument("--verdict", action="store_true", help=_verdict.HELP)
    parser.add_argument("-g", "--goroutine", type=goid, metavar="N", help="the contexts that goroutine N holds")


def run(session: Session, args: argparse.Namespace) -> report.Report:
    """One chain for each context found."""
    _verdict.check(session, args)
    found = list(_found(session, args))
    if not found:
        raise UsageError(*_nothing(session, args))
    lineage = session.chains.lineage
    kept, cut = counts.limited(found, args.limit, "{:,} more chains: --limit N or --all".format)
    shown = [contextchains.Chain(goid, held, lineage.add(held.kind, held.address)) for goid, held in kept]
    blocks: list[report.Block] = [] if args.json else [report.Outline(contextchains.stretches(session, args, shown))]
    rows = report.Rows(contextchains.documents(session, args, shown))
    notes = [*session.context_types.notes, *_verdict.notes(session, args), *([cut] if cut else [])]
    return report.Report({"chains": rows}, blocks, notes)


def _found(session: Session, args: argparse.Namespace) -> Iterator[tuple[int | None, chain.Held]]:
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
        return numbered.find(session.goroutines, wanted)
    thread = next((thread for thread in session.target.threads() if thread.selected), None)
    if thread is None:
        raise UsageError("which goroutine?", "go-ctxchain -g N, go-ctxchain 0xADDR or go-ctxchain --all")
    return _selected.on_thread(session, thread.tid, "go-ctxchain -g N; go-goroutines lists them")


def _by_rows(session: Session, rows: Sequence[int]) -> Iterator[tuple[int | None, chain.Held]]:
    for row, every in session.chains.held_by(np.array(rows, np.int64)):
        goid = int(session.goroutines.goid[row])
        yield from ((goid, held) for held in every)


def _by_expression(session: Session, expression: str) -> Iterator[tuple[int | None, chain.Held]]:
    if re.fullmatch(r"0[xX][0-9a-fA-F]{1,16}", expression):
        yield (
            None,
            chain.Held(*context_at(session, int(expression, 16)), [chain.Way("address", f"address {expression}")]),
        )
        return
    found = context_behind(session, evaluated(session, expression))
    yield None, chain.Held(*found, [chain.Way("expression", f"expression {expression}")])


def _nothing(session: Session, args: argparse.Namespace) -> tuple[str, str]:
    if args.all:
        return "no goroutine holds a context that can be found on its stack", "go-ctxtree searches the heap"
    row = _row(session, args)
    goid, trouble = int(session.goroutines.goid[row]), session.goroutines.trouble.get(row)
    if trouble:
        return f"goroutine {goid}: {trouble}", "go-ctxtree lists all contexts"
    return f"no context found in goroutine {goid}", "go-ctxtree lists all contexts"


def complete(session: Session | None, text: str, word: str) -> Iterator[str]:
    """Goroutine numbers after -g."""
    if session is not None and session.made("goroutines") and re.search(r"(-g|--goroutine)\s+\S*$", text):
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
