"""go-pprof: the sites of a heap profile, looked up in this very program."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from gdbext import report, store
from gdbext.analysis.heap import memprofile
from gdbext.analysis.profiles import here, profile, reachable, sites
from gdbext.commands import Command
from gdbext.errors import GdbextError, UsageError
from gdbext.golang.runtime import mprof
from gdbext.report import cells, counts
from gdbext.store import given
from gdbext.views import gcrows, pprofrows

if TYPE_CHECKING:
    from gdbext.session import Session

SAMPLES = ("inuse_space", "inuse_objects", "alloc_space", "alloc_objects")


def arguments(parser: argparse.ArgumentParser) -> None:
    """go-pprof's own arguments."""
    parser.add_argument("file", metavar="FILE", help="a heap profile, gzipped or not")
    parser.add_argument(
        "--sample",
        choices=SAMPLES,
        default=SAMPLES[0],
        help=f"what is ranked: {SAMPLES[0]} unless said; {', '.join(SAMPLES[1:])}",
    )
    parser.add_argument("--focus", metavar="REGEX", help="only stacks with a function or file that it matches")


def run(session: Session, args: argparse.Namespace) -> report.Report:
    """The sites, the most first. Raises UsageError for what is no heap profile, GdbextError."""
    path = given.path_of(args.file)
    told = profile.read(path)
    try:
        found = sites.sites(told, args.sample, _matches(args.focus))
        places = here.Here.of(told, found.places, session.program, session.symtab)
    except store.Damaged as error:
        raise profile.refused(path, error) from None
    still, notes = _reachable(session, places.build)
    by = sites.VALUES.index(args.sample)
    rows = [_row(one, places, still, by, found.total[by]) for one in found.rows]
    shown, cut = counts.limited(rows, args.limit)
    schema = pprofrows.schema(args.sample)
    document = {
        "file": str(path),
        "sample": args.sample,
        "focus": args.focus,
        "time": gcrows.moment(told.time_ns),
        "rate": told.period,
        "samples": found.samples,
        "total": dict(zip(sites.VALUES, found.total, strict=True)),
        "build": _build(places.build),
        "verified": sum(row.check.verified for row in rows),
        "sites": report.Rows(map(schema.object, shown)),
    }
    lines = report.Lines(_lines(str(path), told, found, places.build, rows))
    blocks = [lines, schema.table([shown], cut=cut), *_next(shown)] if rows else [lines]
    return report.Report(document, blocks, [*_stackless(found), *notes])


def _matches(regex: str | None) -> sites.Matches | None:
    if regex is None:
        return None
    try:
        return re.compile(regex).search
    except (re.error, OverflowError, RecursionError) as error:
        raise UsageError(f"--focus: {error}") from None


def _reachable(
    session: Session, build: here.Build
) -> tuple[Mapping[int, reachable.Reachable] | report.Absent, Sequence[str]]:
    """By address, and what is to be said of that. Of another build no address means anything here."""
    if build.same is False:
        return report.Absent("another build"), []
    try:
        found = reachable.reachable(session.program, session.symtab, session.specials, session.live)
    except GdbextError as error:
        return report.Absent(error.message), [f"what is still reachable is not known: {error}"]
    return found, [*session.heap_notes, *memprofile.unscaled(mprof.profile_rate(session.program))]


def _row(
    one: sites.Site,
    places: here.Here,
    still: Mapping[int, reachable.Reachable] | report.Absent,
    by: int,
    whole: int,
) -> pprofrows.Row:
    check, address = places.check(one.location), places.address(one.location)
    known: reachable.Reachable | report.Absent
    if isinstance(still, report.Absent):
        known = still
    elif address is None:
        known = report.Absent("the profile names no address")
    else:
        known = still.get(address, reachable.Reachable())
    return pprofrows.Row(one, check, check.call or address, known, by, whole)


def _lines(
    path: str, told: profile.Profile, found: sites.Sites, build: here.Build, rows: Sequence[pprofrows.Row]
) -> Iterator[str]:
    when = gcrows.moment(told.time_ns)
    written = f", written {when}" if isinstance(when, str) else ""
    each = f", one for each {cells.human_bytes(told.period)}" if told.period > 1 else ""
    stacks = f"{counts.plural(len(rows), 'site')} of {counts.plural(found.samples, 'sample')}"
    yield f"{cells.escape(path)}: {stacks}{each}{written}"
    used, made = (cells.human_bytes(found.total[number]) for number in (3, 1))
    yield f"in use: {found.total[2]:,} objects of {used}; allocated: {found.total[0]:,} of {made}"
    yield _of_build(build)
    if build.same is not False and rows:
        verified = sum(row.check.verified for row in rows)
        yield f"{verified:,} of {counts.plural(len(rows), 'site')} verified: calls into the allocator, by the code here"


def _of_build(build: here.Build) -> str:
    have = counts.verb(build.agree, "has", "have")
    agree = f"{build.agree:,} of {counts.plural(build.of, 'site')} {have} the same function, file and line here"
    if build.profiled and build.here:
        theirs = cells.escape(build.profiled)
        if build.same:
            return f"it is of this build (build id {theirs}); {agree}"
        return f"it is of another build: its build id is {theirs}, here it is {build.here}; {agree}"
    if build.same:
        return f"it is of this build, as far as can be told without build ids: {agree}"
    if build.same is False:
        return f"it is of another build: {agree}"
    return f"whether it is of this build is not known: {agree}"


def _next(shown: Sequence[pprofrows.Row]) -> Iterator[report.Block]:
    """What to type of the first site with something that is still there."""
    for row in shown:
        if isinstance(row.reachable, reachable.Reachable) and row.reachable.example is not None:
            yield report.Text(f"what keeps one of the first: go-gcroot {row.reachable.example:#x}")
            return


def _stackless(found: sites.Sites) -> list[str]:
    return [f"{counts.plural(found.stackless, 'sample')} without a stack: in the total only"] if found.stackless else []


def _build(build: here.Build) -> dict[str, object]:
    ids = {"profiled": report.Hostile(build.profiled), "here": build.here}
    return {"same": build.same, **ids, "agree": build.agree, "of": build.of}


COMMAND = Command(
    name="go-pprof",
    help="Look up a heap profile's sites in this program: verified, and what of it is still alive.",
    description=(
        "Each call that allocated something in a heap profile (pprof.WriteHeapProfile, /debug/pprof/heap,\n"
        "go-heapprofile): what the profile has of it, where that call is here, and whether it is one into the\n"
        "allocator: the instruction before the return address has to be a call of runtime.newobject, makeslice,\n"
        "growslice and their like, from which direct calls lead to runtime.mallocgc (chain in JSON); else it is said\n"
        "why not. A stack that is the runtime's alone ends in the allocator itself. A profile of another build is\n"
        "told by its build id, or by functions and lines that differ.\n"
        "What the site allocated and roots still reach is an estimate from the objects that this program's own memory\n"
        "profile sampled; one of them is named for go-gcroot, which says why it is alive."
    ),
    examples=(
        ("go-pprof heap.pb.gz", "the sites with the most bytes in use, and what roots reach of them now"),
        ("go-pprof heap.pb.gz --sample alloc_space --limit 10", "those that allocated the most, freed or not"),
        ("go-pprof heap.pb.gz --focus 'net/http' --json", "stacks through a package, for a program"),
    ),
    usage="FILE [options]",
    run=run,
    arguments=arguments,
    all_help="every site",
)
