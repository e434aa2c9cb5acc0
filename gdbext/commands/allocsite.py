"""go-alloc-site: where an object was allocated, if the runtime's memory profile sampled it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from gdbext import report
from gdbext.analysis.heap import allocsite
from gdbext.commands import Command, address
from gdbext.errors import GdbextError, UsageError
from gdbext.golang.runtime import heapobject, mprof
from gdbext.report import cells, counts
from gdbext.views import siterows

if TYPE_CHECKING:
    from gdbext.session import Session


def arguments(parser: argparse.ArgumentParser) -> None:
    """go-alloc-site's own arguments."""
    parser.add_argument("address", type=address, metavar="ADDR", help="an address in the object")
    parser.add_argument("--full", action="store_true", help="the runtime's own frames too")


def run(session: Session, args: argparse.Namespace) -> report.Report:
    """Raises UsageError where no object has the address."""
    found = heapobject.find_object(session.program, args.address)
    if found is None:
        raise UsageError(
            f"no allocated object of the heap holds {args.address:#x}", "go-spans ADDR shows the span there"
        )
    site = allocsite.site_of(session.program, session.symtab, session.specials, found.slot)
    known = _sampled(session)
    stack = [] if site is None else site.stack if args.full else site.shown
    document = {
        "sampled": site is not None,
        "stack": list(map(siterows.FRAME.object, stack)),
        "object": {"address": report.Address(found.base), "size": found.size, "noscan": found.noscan},
        "bucket": None if site is None else _bucket(site.bucket, known),
        "profile": known if isinstance(known, report.Absent) else _profile(known),
    }
    lines = [_subject(args.address, found, site), *map(siterows.frame, stack)]
    return report.Report(document, [report.Lines(lines), report.Text(_rest(site, known))], session.specials.notes)


def _sampled(session: Session) -> allocsite.Sampled | report.Absent:
    counted = session.counters
    if isinstance(counted, str):
        return report.Absent(counted)
    try:
        return allocsite.sampled(session.program, counted.stats.slots)
    except GdbextError as error:
        return report.Absent(str(error))


def _subject(asked: int, found: heapobject.HeapObject, site: allocsite.Site | None) -> str:
    inside = f"{asked - found.base} bytes into " if asked > found.base else "" if asked == found.base else "before "
    where = f"{asked:#x}: {inside}an object of {cells.human_bytes(found.size)} at {found.base:#x}"
    return f"{where}, allocated by" if site is not None else f"{where}, not sampled"


def _rest(site: allocsite.Site | None, known: allocsite.Sampled | report.Absent) -> str:
    """What else is known of the site, or why there is none."""
    if isinstance(known, report.Absent):
        return f"What else the profile knows cannot be said: {cells.escape(known.reason)}."
    if not known.rate and not known.sampled:
        return (
            "The program samples no allocations (runtime.MemProfileRate is 0). "
            "The linker sees to that where nothing asks for the profile."
        )
    many = f"{known.sampled:,} of {counts.plural(known.objects, 'object')}"
    if site is None:
        each = f", one for each {cells.human_bytes(known.rate)} allocated on average"
        unscaled = f" (runtime.MemProfileRate is {known.rate} now)"
        are = counts.verb(known.sampled, "is", "are")
        return f"Only sampled objects have a site: {many} {are}{each if known.rate > 0 else unscaled}."
    bucket = site.bucket
    there, about = mprof.scaled(bucket.there, bucket.size, known.rate), "about" if known.rate > 0 else "at least"
    return (
        f"By its samples ({bucket.there:,} of {bucket.made:,} still there) this site holds {about} "
        f"{counts.plural(there[0], 'object')} of {cells.human_bytes(bucket.size)}, {cells.human_bytes(there[1])}."
    )


def _bucket(bucket: mprof.Bucket, known: allocsite.Sampled | report.Absent) -> dict[str, object]:
    rate = 1 if isinstance(known, report.Absent) else known.rate
    objects, held = mprof.scaled(bucket.there, bucket.size, rate)
    return {
        "address": report.Address(bucket.address),
        "size": bucket.size,
        "allocs": bucket.allocs,
        "frees": bucket.frees,
        "sampled": bucket.there,
        "estimated_objects": objects if not isinstance(known, report.Absent) else known,
        "estimated_bytes": held if not isinstance(known, report.Absent) else known,
    }


def _profile(known: allocsite.Sampled) -> dict[str, object]:
    return {"rate": known.rate, "sampled": known.sampled, "objects": known.objects}


COMMAND = Command(
    name="go-alloc-site",
    help="Show where an object was allocated, if the memory profile sampled it.",
    description=(
        "The runtime samples allocations for its heap profile, one for each 512 KiB on average unless the program sets "
        "runtime.MemProfileRate, and notes at each sampled object which stack allocated it; of other objects nobody "
        "knows that. Small objects without pointers share a block: the stack is that of the one that began it. With "
        "the stack comes what the profile knows of the site: how many such objects it samples, and how many objects "
        "and bytes these stand for."
    ),
    examples=[
        ("go-alloc-site 0xc000012340", "the stack that allocated the object there"),
        ("go-alloc-site 0xc000012340 --full --json", "with the allocator's own frames, for a program"),
    ],
    usage="ADDR [options]",
    run=run,
    arguments=arguments,
)
