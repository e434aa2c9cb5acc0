"""go-mcache: what each P has put aside to allocate from."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from gdbext import report
from gdbext.commands import Command, count
from gdbext.errors import UsageError
from gdbext.golang.runtime import mcache, mheap
from gdbext.report import counts
from gdbext.views import cacherows

if TYPE_CHECKING:
    from gdbext.session import Session


def arguments(parser: argparse.ArgumentParser) -> None:
    """go-mcache's own arguments."""
    parser.add_argument("ps", nargs="*", type=count, metavar="P", help="only the cache of P; several may be named")


def run(session: Session, args: argparse.Namespace) -> report.Report:
    """A row for each P, and one for each span that it has cached. Raises UsageError for a P that there is not."""
    found = mcache.caches(session.program)
    sweepgen = mheap.sweepgen(session.program)
    every = [cacherows.Cache(found, row, sweepgen) for row in range(len(found.p))]
    if unknown := set(args.ps) - set(found.p.tolist()):
        raise UsageError(f"there is no P {min(unknown)} with a cache", "go-mcache lists those that have one")
    chosen = [cache for cache in every if not args.ps or int(found.p[cache.row]) in args.ps]
    spans, cut = counts.limited([one for cache in chosen for one in cache.spans], args.limit)
    shown, more = counts.limited(chosen, args.limit)
    blocks = [cacherows.CACHE.table([shown], cut=more), cacherows.CACHED.table([spans], cut=cut)]
    document = {"caches": report.Rows(map(cacherows.CACHE.object, shown))}
    return report.Report(document, blocks if spans else blocks[:1], _notes(found))


def _notes(found: mcache.Caches) -> list[str]:
    if not found.unreadable:
        return []
    return [f"{found.unreadable:,} processors, caches or cached spans cannot be read or are none"]


COMMAND = Command(
    name="go-mcache",
    help="Show what each P has put aside to allocate from: spans, and a block of tiny objects.",
    description=(
        "A goroutine allocates from the cache of the P that it runs on, without a lock. Room: bytes in free slots of "
        "the cached spans, which nobody else can use. Since cached: objects made in them that runtime.MemStats' "
        "counters do not know before the spans are given back. Tiny block: 16 bytes that objects without pointers and "
        "smaller than that share. Stale: filled before the last sweep began; the P gives it back before it runs on."
    ),
    examples=(
        ("go-mcache", "the cache of each P, and the spans in it"),
        ("go-mcache 0 3 --json", "those of P 0 and P 3, for a program"),
    ),
    usage="[P …] [options]",
    run=run,
    arguments=arguments,
)
