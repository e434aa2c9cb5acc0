"""go-ctxtree: the forest of all contexts."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from gdbext import report
from gdbext.analysis.contexts import contexts, tree
from gdbext.commands import Command, _pictures, _verdict, address, count
from gdbext.errors import UsageError
from gdbext.report import counts, dot
from gdbext.views import contextlines, contextrows, verdicts

if TYPE_CHECKING:
    from gdbext.session import Session


def arguments(parser: argparse.ArgumentParser) -> None:
    """go-ctxtree's own options."""
    parser.add_argument("root", nargs="?", type=address, metavar="0xADDR", help="this context and what is below it")
    parser.add_argument("--depth", type=count, metavar="N", help="at most N levels below the roots")
    parser.add_argument("--state", choices=("live", "cancelled"), help="contexts in this state and what leads there")
    parser.add_argument(
        "--garbage", action="store_true", help="garbage that was not collected yet, and what leads to it"
    )
    parser.add_argument("--verdict", action="store_true", help=_verdict.HELP)
    _pictures.arguments(parser, "the folded tree")


def run(session: Session, args: argparse.Namespace) -> report.Report:
    """The forest below the roots, or below one context."""
    _pictures.check(args)
    _verdict.check(session, args)
    every = session.contexts
    reached = session.reached_contexts
    state = contexts.STATES.index(args.state) if args.state else None
    judged = _verdict.judged(session, args)
    labels = verdicts.labels(judged) if judged is not None else None
    forest = tree.Forest.of(every, state, ~reached.mask if args.garbage else reached.mask, labels)
    start = _start(session, args)
    roots = forest.roots() if start is None else [start]
    notes = _verdict.notes(session, args) or [*every.notes, *reached.notes]
    if args.garbage and not reached.known and not reached.notes:
        notes.append("the program runs: which contexts are garbage is not known")
    notes += _pictures.write(args, lambda room: _drawn(session, args, forest, start, room))
    addresses = [hex(one) for one in every.address[roots].tolist()]
    garbage = reached.garbage if reached.known else None
    document = {"contexts": _rows(session, args, forest, start), "roots": addresses, "garbage": garbage}
    return report.Report(document, [] if args.json else list(_blocks(session, args, forest, start)), notes)


def _start(session: Session, args: argparse.Namespace) -> int | None:
    if args.root is None:
        return None
    index = session.contexts.index(args.root)
    if index < 0:
        raise UsageError(
            f"no context lies at {args.root:#x}", "go-ctxtree lists them; an address inside one does not do"
        )
    if not args.garbage and not session.reached_contexts.mask[index]:
        raise UsageError(f"nothing reaches the context at {args.root:#x}: it is garbage", "--garbage shows it")
    return index


def _blocks(
    session: Session, args: argparse.Namespace, forest: tree.Forest, start: int | None
) -> Iterator[report.Block]:
    judged = _verdict.judged(session, args)
    for line in header(session):
        yield report.Text(line, "heading")
    if args.all:
        yield contextlines.outline(forest, session.context_rows, args, start, judged)
        return
    lines = contextlines.Lines(forest, session.context_rows, args, judged)
    yield report.Tree(lines.forest() if start is None else lines.below_root(start), cut=lines.cut)


def header(session: Session) -> Iterable[str]:
    """How many there are."""
    every, reached = session.contexts, session.reached_contexts
    count = int(reached.mask.sum())
    live = int((every.state[reached.mask] == contexts.LIVE).sum())
    yield f"{count:,} contexts: {live:,} live, {count - live:,} cancelled"
    if reached.garbage:
        yield f"{reached.garbage:,} more are garbage that was not collected yet (--garbage shows them)"
    if count and not reached.known:
        young = session.young_contexts
        yield (
            f"found by a scan of the heap: {len(every) - young:,} were still reachable at the last collection, "
            f"{young:,} are newer; some may be dead by now"
        )


def _rows(session: Session, args: argparse.Namespace, forest: tree.Forest, start: int | None) -> report.Rows:
    def rows() -> Iterator[str]:
        """Only where somebody reads them: the indices of a million contexts are no small thing."""
        chosen, reached = forest.shown(start), session.reached_contexts
        mask = reached.mask if args.garbage and reached.known else None
        judged = _verdict.judged(session, args)
        yield from contextrows.encoded(session, args, counts.limited(chosen, args.limit)[0], mask, judged)

    return report.Rows(rows(), encoded=True, mended=True)


def _drawn(
    session: Session, args: argparse.Namespace, forest: tree.Forest, start: int | None, room: int
) -> _pictures.Drawn:
    lines = contextlines.picture(forest, session.context_rows, args, room)
    text = dot.render_tree(lines.forest() if start is None else lines.below_root(start))

    def lacks() -> str:
        return counts.plural(lines.left_out, "context") if lines.left_out else ""

    return _pictures.Drawn(text, lacks, "go-ctxtree 0xADDR or --depth N")


def complete(session: Session | None, text: str, word: str) -> Iterator[str]:
    """Addresses of contexts with children, once they are known."""
    if session is not None and session.made("contexts") and word.startswith("0x"):
        every = session.contexts
        yield from (hex(int(a)) for a in every.address[every.children > 0])


COMMAND = Command(
    name="go-ctxtree",
    help="Draw the forest of all contexts: who is whose parent, who waits on whom.",
    description=(
        "All contexts of the program, found in its heap: children of Background and contexts that no parent\n"
        "registered are there too. Families that look alike fold into one line (×N, with one example). A context is\n"
        "listed only when its type is certain, and when something in the program still reaches it: the header counts\n"
        "those that are garbage and not collected yet. A process that runs cannot be followed so: what died since the\n"
        "last collection is listed too, and the header says how many that collection found alive."
    ),
    examples=(
        ("go-ctxtree", "the whole forest, folded"),
        ("go-ctxtree 0xc000112000 --depth 2", "two levels below one context"),
        ("go-ctxtree --state live --svg contexts.svg", "live contexts only, and a picture of them"),
    ),
    usage="[0xADDR] [options]",
    arguments=arguments,
    run=run,
    values=True,
    all_help="unfold: one line for each context",
    complete=complete,
)
