"""go-heapprofile: the runtime's own memory profile, out of a process that nobody asks for it, or out of a core."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from gdbext import report
from gdbext.analysis.heap import memprofile
from gdbext.commands import Command
from gdbext.report import cells, counts, pprof
from gdbext.store import given
from gdbext.views import memprofiles

if TYPE_CHECKING:
    from gdbext.session import Session


def arguments(parser: argparse.ArgumentParser) -> None:
    """go-heapprofile's own arguments."""
    parser.add_argument(
        "file", metavar="FILE", help="where to: one that an earlier go-heapprofile wrote is replaced, nothing else"
    )


def run(session: Session, args: argparse.Namespace) -> report.Report:
    """The file, and what is in it. Raises GdbextError."""
    path = given.path_of(args.file)
    given.check(path, memprofiles.is_profile)
    found = memprofile.mem_profile(session.program, session.symtab)
    text, binary = session.symtab.modules[0], session.target.binary
    data = memprofiles.profile(found, pprof.Program(text.text, text.etext, binary.path, binary.build_id))
    given.write(path, [data], len(data), memprofiles.is_profile)
    totals = {name: found.total(number) for number, (name, _) in enumerate(memprofiles.KINDS)}
    document = {"file": str(path), "samples": len(found.samples), "rate": found.rate, **totals}
    return report.Report(document, [report.Lines(_lines(str(path), found, totals))], _notes(session, found))


def _lines(path: str, found: memprofile.MemProfile, totals: dict[str, int]) -> list[str]:
    used, made = (cells.human_bytes(totals[name]) for name in ("inuse_space", "alloc_space"))
    objects = {name: f"{totals[name]:,}" for name in ("inuse_objects", "alloc_objects")}
    shown, scaled = cells.escape(path), found.rate > 0
    each = f"one for each {cells.human_bytes(found.rate)}" if scaled else "not scaled"
    used_objects = f"about {objects['inuse_objects']}" if scaled else f"{objects['inuse_objects']} sampled"
    return [
        f"{counts.plural(len(found.samples), 'sample')} in {shown}, {each}",
        f"in use: {used_objects} objects of {used}; allocated: {objects['alloc_objects']} of {made}",
        f"go tool pprof -http : {shown}",
    ]


def _notes(session: Session, found: memprofile.MemProfile) -> list[str]:
    notes = [f"not read of the profile: {counts.plural(found.left_out, 'bucket')}"] if found.left_out else []
    notes += memprofile.unscaled(found.rate)
    return notes if session.target.memory.stable else [*notes, "the program runs: samples are of several moments"]


COMMAND = Command(
    name="go-heapprofile",
    help="Write the runtime's own memory profile to a file, for go tool pprof.",
    description=(
        "Sample by sample what runtime/pprof.WriteHeapProfile would write at this moment, from a core too and from a "
        "program that has no handler for it: objects and bytes allocated and in use, scaled the same, as of the last "
        "collection. It says where memory was allocated; go-gcroot and go-retained say why it is still there. A "
        "program that never asks for its profile has none: the linker leaves it out."
    ),
    examples=(
        ("go-heapprofile heap.pb.gz", "writes it; then: go tool pprof -http : heap.pb.gz"),
        ("go-heapprofile heap.pb.gz --json", "the same; samples and totals for a program"),
    ),
    usage="FILE [options]",
    run=run,
    arguments=arguments,
)
