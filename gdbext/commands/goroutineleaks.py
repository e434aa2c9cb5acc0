"""go-goroutineleaks: which goroutines nothing can wake any more, proved."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gdbext import report
from gdbext.analysis.leaks import stuck as sticking
from gdbext.commands import Command, _verdict
from gdbext.report import counts
from gdbext.views import stuckrows

if TYPE_CHECKING:
    from gdbext.session import Session

ANCESTORS = 10
TITLES = ("Leaked", "Waiting for contexts that only another one above ends", "Waiting for those")


def run(session: Session, args: argparse.Namespace) -> report.Report:
    """Raises GdbextError."""
    _verdict.stands_still(session)
    found = sticking.stuck(session)
    every = [stuckrows.Grouped(found, session.contexts, group) for group in found.groups]
    groups, cut = counts.limited(every, args.limit)
    doubts = list(dict.fromkeys(one for some in found.doubts for one in some))
    document = {
        "sentence": " ".join(stuckrows.sentences(found)),
        "proved": not doubts and not found.absent,
        "doubts": doubts,
        **{name: _rows(session, found, fate) for fate, name in enumerate(sticking.FATES)},
        "totals": {
            name: {"goroutines": int((found.fate == fate).sum()), "objects": total.objects, "bytes": total.bytes}
            for fate, (name, total) in enumerate(zip(sticking.FATES, found.totals, strict=True))
        },
        "ancestors": report.Rows(map(stuckrows.ANCESTOR_ROW.object, found.ancestors)),
        "groups": report.Rows(map(stuckrows.GROUP.object, groups)),
    }
    return report.Report(document, list(_blocks(found, groups, cut)), _verdict.doubted(doubts))


def _rows(session: Session, found: sticking.Stuck, fate: int) -> report.Rows | report.Absent:
    if fate != sticking.LEAKED and found.absent:
        return report.Absent(found.absent)
    rows = found.rows(fate).tolist()
    return report.Rows(stuckrows.ROW.object(stuckrows.Row(found, session.contexts, row)) for row in rows)


def _blocks(found: sticking.Stuck, groups: Sequence[stuckrows.Grouped], cut: str) -> Iterator[report.Block]:
    for sentence in stuckrows.sentences(found):
        yield report.Text(sentence, "heading")
    for fate, title in enumerate(TITLES):
        if mine := [one for one in groups if one.group.fate == fate]:
            yield stuckrows.GROUP.table([mine], title, cut if mine[-1] is groups[-1] else "")
    if found.ancestors:
        some, more = counts.limited(found.ancestors, ANCESTORS, "… and {:,} more (--json has them)".format)
        yield stuckrows.ANCESTOR_ROW.table([some], "What wakes them", more)
    if groups:
        yield report.Lines(list(stuckrows.next_commands(groups)), "Next")


COMMAND = Command(
    name="go-goroutineleaks",
    help="Prove which goroutines nothing can wake any more, and say what they keep alive.",
    description=(
        "Two sets, apart:\n"
        "  leaked                blocked on a channel, lock, condition or wait group that nothing which may still\n"
        "                        run can reach, to a fixpoint: what Go's own goroutineleak profile (1.27) finds,\n"
        "                        on any core and of any release\n"
        "  waiting_for_ancestor  waiting for Done of a context that nobody can cancel any more (go-ctxleaks): only\n"
        "                        the end of a context further up, which is named, wakes them. Go's profile has\n"
        "                        none of these, for the parent's map leads to their channels\n"
        "and waiting_with_them: those that only goroutines of the second set could wake, which have their lock, say.\n"
        "These are proofs. The ancestors are named for the whole second set: one that wakes may wake another.\n"
        "Where something that a proof rests on was not whole it says suspected, and why. On the safe side of Go's\n"
        "profile: what a weak pointer leads to may come back, so who waits for that is not called leaked. Outside of\n"
        "the proof: addresses kept as numbers or in C memory. Main in select {} is not listed, as in Go's profile.\n"
        "Bytes are what would become garbage if exactly these goroutines ended; a context in its parent's map is none\n"
        "of that (go-ctxleaks counts those)."
    ),
    examples=(
        ("go-goroutineleaks", "the answer in a sentence for each set, groups by stack, and what to type next"),
        ("go-goroutineleaks --json", "the same for scripts, goroutine by goroutine"),
    ),
    run=run,
    all_help="every group",
)
