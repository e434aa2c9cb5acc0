"""go-ctxleaks: which contexts nothing can cancel any more, proved."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gdbext import report
from gdbext.analysis.leaks import leaks as leaking
from gdbext.commands import Command, _verdict
from gdbext.report import cells, counts
from gdbext.views import leakrows, pilerows

if TYPE_CHECKING:
    from gdbext.session import Session

SURVIVORS = 10
KEEP, THEMSELVES = ("keeps", "keep"), ("itself", "themselves")


def run(session: Session, args: argparse.Namespace) -> report.Report:
    """Raises GdbextError."""
    _verdict.stands_still(session)
    found = session.leaks
    every = [
        leakrows.Row(group, site, session.contexts)
        for group, site in zip(found.groups.groups, found.sites, strict=True)
    ]
    rows, cut = counts.limited(every, args.limit)
    heaps = pilerows.rows(session.piles, session.contexts)
    piles, more = counts.limited(heaps, args.limit)
    sentence = leakrows.sentence(found) + pilerows.sentence(heaps)
    document = {
        "sentence": sentence,
        "proved": not found.doubts,
        "doubts": list(found.doubts),
        "heap": {"objects": found.all.objects, "bytes": found.all.bytes},
        **{key: leakrows.counted(total.contexts, total.kept) for key, total in found.totals.items()},
        "shared_bytes": found.shared,
        "children_map_bytes": found.maps,
        "ancestors": report.Rows(map(leakrows.SURVIVOR.object, found.survivors)),
        "groups": report.Rows({**leakrows.GROUP.object(row), "proved": not found.doubts} for row in rows),
        "goroutines": list(found.goids),
        "woken": {"contexts": found.woken, "several": found.several},
        "piles": report.Rows(map(pilerows.PILE.object, piles)),
    }
    document["registered"] = {
        **leakrows.counted(found.totals["registered"].contexts, found.totals["registered"].kept),
        "unstoppable": leakrows.counted(found.unstoppable.contexts, found.unstoppable.kept),
    }
    blocks = [report.Text(sentence, "heading"), *_blocks(found, rows, cut), *_piles(piles, more)]
    return report.Report(document, [*blocks, *_next(rows, piles)], _verdict.doubted(found.doubts))


def _blocks(found: leaking.Leaks, rows: Sequence[leakrows.Row], cut: str) -> Iterator[report.Block]:
    yield report.Lines(list(_totals(found)))
    if rows:
        yield leakrows.GROUP.table([rows], "Groups", cut)
    if found.survivors:
        some, more = counts.limited(found.survivors, SURVIVORS, "… and {:,} more (--json has them)".format)
        yield leakrows.SURVIVOR.table([some], "What ends them", more)


def _piles(piles: Sequence[pilerows.Row], cut: str) -> Iterator[report.Block]:
    if piles:
        yield pilerows.PILE.table([piles], "Not lost, but many (suspected)", cut)


def _next(rows: Sequence[leakrows.Row], piles: Sequence[pilerows.Row]) -> Iterator[report.Block]:
    if rows or piles:
        yield report.Lines([*leakrows.examples(rows), *pilerows.examples(piles)], "Next")


def _totals(found: leaking.Leaks) -> Iterator[str]:
    for key, total in found.totals.items():
        if total.contexts:
            one, several = KEEP if key in ("lost", "orphaned", "until_deadline", "registered") else THEMSELVES
            many = counts.plural(total.contexts, "context")
            size = f"{counts.verb(total.contexts, one, several)} {cells.human_bytes(total.kept.bytes)}"
            yield f"{key.replace('_', '-'):<16}{many}, {size}"
    if found.shared > 0:
        yield f"{'shared':<16}{cells.human_bytes(found.shared)} that several of these keep"
    if found.maps:
        yield f"{'children maps':<16}{cells.human_bytes(found.maps)}"
    if found.goids:
        many = counts.plural(len(found.goids), "goroutine")
        yield f"{'goroutines':<16}{many} {counts.verb(len(found.goids), 'waits', 'wait')} for these and nothing else"
    if found.woken:
        with_ = f", {found.several:,} of them with several" if found.several else ""
        many = counts.plural(found.woken, "context")
        yield f"{'woken':<16}{many}, which goroutines or AfterFuncs can cancel once what these wait for ends{with_}"


COMMAND = Command(
    name="go-ctxleaks",
    help="Prove which contexts nothing can cancel any more, and say what they keep alive.",
    description=(
        "A context whose cancel function nobody has any more is lost: it, its values and all that these refer to stay\n"
        "until a context above it is cancelled, which may be at shutdown. The verdicts:\n"
        "  lost            reached by registrations only: garbage but for its parent's map\n"
        "  orphaned        something still has the context, nothing has what cancels it\n"
        "  until-deadline  lost or orphaned, and a timer will end it\n"
        "  registered      an AfterFunc that waits for its context\n"
        "  held            something that can cancel it is reachable\n"
        "  cancelled, being-cancelled\n"
        "These are proofs: the whole heap is followed twice, with and without what only registers contexts. Where\n"
        "something that the proof rests on was not whole it says suspected, and why. A goroutine that waits for one\n"
        "of these may cancel another one once it wakes (woken): that one ends with what ends the first. Deadlines are\n"
        "named for all of these together. What a weak pointer leads to counts as reachable until a collection has\n"
        "taken it. Bytes are what would become garbage if exactly these contexts left their parents' maps, with the\n"
        "goroutines that wait for nothing else;\n"
        "of held and cancelled ones the contexts' own. What a single context retains (--verdict of go-ctxtree and\n"
        "go-ctxchain) is what would become garbage if it were cancelled and nobody had it any more, itself with it.\n"
        "Made by: where most of those were made that the memory profile sampled, and how many other places there are.\n"
        "Not lost, but many: 1,000 contexts or more of one kind that are held, or that were cancelled, and that\n"
        "shortest paths reach by way of one variable or one goroutine; or as many goroutines that wait for one held\n"
        "context and for nothing else. The counts are facts, that this is a leak is a suspicion: they may be meant.\n"
        "A server under load has as many contexts, each in the hands of its own goroutine: these are no pile.\n"
        "Outside of the proof: cancel functions called by assembly or linkname, addresses kept as numbers or in C\n"
        "memory, a copy of package context under another path."
    ),
    examples=(
        ("go-ctxleaks", "the answer in a sentence, then groups, what ends them, and what to type next"),
        ("go-ctxleaks --json", "the same for scripts"),
    ),
    run=run,
    all_help="every group",
)
