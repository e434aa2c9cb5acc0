"""go-diff: what there is more of than before."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gdbext import report
from gdbext.analysis.dumps import growth as growing, growthgroups, growthsites, heapdump
from gdbext.analysis.heap import histogram
from gdbext.commands import Command, _dumps
from gdbext.report import counts
from gdbext.views import diffrows

if TYPE_CHECKING:
    from gdbext.analysis.dumps.growth import Growth
    from gdbext.analysis.dumps.growthgroups import GroupGrowth
    from gdbext.analysis.dumps.growthsites import SiteGrowth
    from gdbext.analysis.dumps.heapdump import HeapDump
    from gdbext.analysis.heap.histogram import Count
    from gdbext.report.columns import Schema
    from gdbext.session import Session

OLDER = "the second is older than the first, as the program counts collections and what it allocates"


def arguments(parser: argparse.ArgumentParser) -> None:
    """go-diff's own arguments."""
    parser.add_argument("before", metavar="A", help="a file that go-heapdump wrote")
    parser.add_argument("after", metavar="B", nargs="?", help="a later one of the same process; without: as it is now")


def offline(args: argparse.Namespace) -> report.Report | None:
    """Of two files, which need no program."""
    if args.after is None:
        return None
    before, after = (_dumps.read(path) for path in (args.before, args.after))
    return _report(growing.Growth.of(before, after), args, _dumps.target(after))


def run(session: Session, args: argparse.Namespace) -> report.Report:
    """Of a file and the program as it is. Raises GdbextError."""
    before = _dumps.read(args.before)
    return _report(growing.Growth.of(before, heapdump.dumped(session, session)), args, None)


def _report(growth: Growth, args: argparse.Namespace, target: Mapping[str, object] | None) -> report.Report:
    found, before, after = growth.survived, *(dump.total(histogram.LIVE) for dump in (growth.before, growth.after))
    sites, groups, fates = growthsites.sites(growth), growthgroups.groups(growth), growthgroups.fates(growth)
    document = {
        "before": _moment(growth.before),
        "after": _moment(growth.after),
        "same": {**_count(found.count), "proved": found.proved, "sampled": found.sampled, "recorded": found.recorded},
        "fates": report.Rows(map(diffrows.FATE.object, fates)),
        "types": report.Rows(map(diffrows.TYPE.object, growth.types[: args.limit])),
        "sites": report.Rows(map(diffrows.SITE.object, sites[: args.limit])),
        "groups": report.Rows(map(diffrows.GROUP.object, groups[: args.limit])),
    }
    head = report.Text(diffrows.sentence(before, after), "heading")
    lines = report.Lines([*diffrows.fates(fates), *diffrows.survived(found)])
    return report.Report(document, [head, lines, *_tables(growth, sites, groups, args)], _notes(growth), target)


def _tables(
    growth: Growth, sites: Sequence[SiteGrowth], groups: Sequence[GroupGrowth], args: argparse.Namespace
) -> Iterator[report.Block]:
    every: list[tuple[Schema[Any, Any], str, Sequence[Any], Sequence[Any]]] = [
        (diffrows.TYPE, "By type", growth.types, [row for row in growth.types if row.before != row.after]),
        (diffrows.SITE, "By allocation site (estimated)", sites, [row for row in sites if row.before != row.after]),
        (diffrows.GROUP, "Contexts", groups, [row for row in groups if row.before != row.after]),
    ]
    alike = []
    for schema, title, rows, changed in every:
        left = len(rows) - len(changed)
        if changed or args.all:
            shown, cut = counts.limited(rows if args.all else changed, args.limit)
            said = diffrows.as_before(0 if args.all else left, cut)
            yield schema.table([shown], title, said)
        elif rows:
            alike.append(f"{title}: {left:,} {counts.verb(left, 'is', 'are')} as before")
    if alike:
        yield report.Lines(alike)


def _count(count: Count) -> dict[str, int]:
    return {"objects": count.objects, "bytes": count.bytes}


def _moment(dump: HeapDump) -> dict[str, object]:
    """One of the two."""
    live, dead = _count(dump.total(histogram.LIVE)), _count(dump.total(histogram.DEAD))
    return {"kind": dump.moment.kind, "pid": dump.moment.pid, "total": live, "unreachable": dead,
            "contexts": len(dump.contexts), "doubts": list(dump.contexts.doubts)}  # fmt: skip


def _notes(growth: Growth) -> list[str]:
    older = [OLDER] if growth.after.moment.older(growth.before.moment) else []
    doubts = [f"doubt: {one}" for dump in (growth.before, growth.after) for one in dump.contexts.doubts]
    return list(dict.fromkeys([*older, *growth.before.notes, *growth.after.notes, *doubts]))


COMMAND = Command(
    name="go-diff",
    help="Say what the heap has grown by between two dumps of a process.",
    description=(
        "A and B are files of go-heapdump, of one process; two of different ones are refused. Without B it is the\n"
        "process or the core that is looked at: of two cores, go-heapdump writes A of the first. Shown are reachable\n"
        "objects and bytes by type; by allocation site, of those that the memory profile sampled (what they stand\n"
        "for); and of contexts by what becomes of them (go-ctxleaks), kind, what they are registered with, the key\n"
        "above them. What differs most comes first; what does not is left out unless --all is typed.\n"
        "Go moves no object, so that same says how many are at the same address, of the same type and size, in both.\n"
        "That they are the same ones is proved where nothing was freed between; else another one may have taken the\n"
        "place of one that was freed. What was sampled has its record for as long as it lives: of these objects it is\n"
        "said how many do."
    ),
    examples=(
        ("go-diff /tmp/before /tmp/after", "what came, what went, what stayed; needs no program"),
        ("go-diff /tmp/before --json", "what the program has more of now, for scripts"),
    ),
    usage="A [B] [options]",
    arguments=arguments,
    run=run,
    offline=offline,
)
