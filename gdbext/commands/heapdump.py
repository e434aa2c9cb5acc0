"""go-heapdump: what a heap is made of, in a file."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gdbext import report
from gdbext.analysis.dumps import dumpfile, heapdump, heapprofile
from gdbext.analysis.heap import histogram
from gdbext.commands import Command
from gdbext.report import cells, counts, pprof
from gdbext.store import given
from gdbext.views import heapprofiles

if TYPE_CHECKING:
    from gdbext.session import Session


FORMATS = ("dump", "pprof")


def arguments(parser: argparse.ArgumentParser) -> None:
    """go-heapdump's own arguments."""
    add = parser.add_argument
    add("file", metavar="FILE", help="where to: one that an earlier go-heapdump wrote is replaced, nothing else")
    add("--format", choices=FORMATS, default=FORMATS[0], help="for whom: go-diff (dump, unless said), go tool pprof")


def run(session: Session, args: argparse.Namespace) -> report.Report:
    """The file, and what is in it. Raises GdbextError."""
    path = given.path_of(args.file)
    return (_profile if args.format == "pprof" else _dump)(session, path)


def _dump(session: Session, path: Path) -> report.Report:
    given.check(path, dumpfile.is_dump)
    made = heapdump.dumped(session, session)
    session.doing = "writing"
    size = dumpfile.write(made, path)
    more = {"types": len(made.types.names), "sampled": _sampled(made), "contexts": len(made.contexts)}
    found = f"{counts.plural(more['contexts'], 'context')}; {more['sampled']:,} objects with their allocation sites"
    next_ = f"later, of the same process: go-diff {path}", f"of another dump of it:      go-diff {path} FILE"
    return _report(made, path, size, "dump", more, [f"; {found}", *next_])


def _profile(session: Session, path: Path) -> report.Report:
    given.check(path, heapprofiles.is_profile)
    made = heapdump.dumped(session)
    shares = list(heapprofile.shares(made, session.histogram, session.dominators))
    text, binary = session.symtab.modules[0], session.target.binary
    code = pprof.Program(text.text, text.etext, binary.path, binary.build_id)
    data = heapprofiles.profile(shares, made.moment, code)
    given.write(path, [data], len(data), heapprofiles.is_profile)
    more = {"types": len({one.entry.counted for one in shares}), "sampled": _sampled(made), "samples": len(shares)}
    found = f"{counts.plural(more['types'], 'type')}, {more['sampled']:,} objects with their allocation sites"
    next_ = f"go tool pprof -http : {path}", f"go tool pprof -top -sample_index=retained {path}"
    return _report(made, path, len(data), "pprof", more, [f"; {found}", *next_])


def _sampled(made: heapdump.HeapDump) -> int:
    """How many reachable objects have an allocation site."""
    return int(made.alive(made.samples.id).sum())


def _report(
    made: heapdump.HeapDump, path: Path, size: int, format_: str, more: dict[str, int], said: Sequence[str]
) -> report.Report:
    """``said``: what follows the counts of objects; what to type next."""
    live, dead = made.total(histogram.LIVE), made.total(histogram.DEAD)
    document = {
        "file": str(path),
        "format": format_,
        "size": size,
        "total": {"objects": live.objects, "bytes": live.bytes},
        "unreachable": {"objects": dead.objects, "bytes": dead.bytes},
        **more,
    }
    found = f"{counts.plural(live.objects, 'object')}, {live.bytes:,} bytes reachable{said[0]}"
    lines = [found, f"{path}: {cells.human_bytes(size)}", *said[1:]]
    return report.Report(document, [report.Lines(lines)], made.notes)


COMMAND = Command(
    name="go-heapdump",
    help="Write what the heap is made of to a file: for go-diff, for go tool pprof.",
    description=(
        "Every object's address, size, type, and whether roots reach it; where it was allocated, of those that the\n"
        "memory profile sampled; every context with its kind, what it is registered with, the key above it and what\n"
        "becomes of it (go-ctxleaks); of which process it is. About four bytes an object; nothing of the program's\n"
        "memory but names of types and functions and contexts' keys. It is whole or not there, for its owner only.\n"
        "go-diff compares two of one process, or one with the process itself.\n"
        "--format pprof: a profile of the reachable objects, for go tool pprof: types below the functions that\n"
        "allocated them. Objects and flat bytes are counted, and shared out among stacks as those objects of the type\n"
        "are that the memory profile sampled (the label sampled: how many). Retained bytes are what would become\n"
        "garbage with all objects of the type, and types overlap there."
    ),
    examples=(
        ("go-heapdump /tmp/before", "now; once the program has grown, go-diff /tmp/before says by what"),
        ("go-heapdump /tmp/heap.pb.gz --format pprof", "then: go tool pprof -http : /tmp/heap.pb.gz"),
        ("go-heapdump /tmp/before --json", "the same as the first, and for scripts what is in the file"),
    ),
    usage="FILE [options]",
    arguments=arguments,
    run=run,
)
