"""go-heapdump: what a heap is made of, in a file."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from gdbext import report
from gdbext.analysis.dumps import dumpfile, heapdump
from gdbext.analysis.heap import histogram
from gdbext.commands import Command
from gdbext.report import cells, counts
from gdbext.store import given

if TYPE_CHECKING:
    from gdbext.session import Session


def arguments(parser: argparse.ArgumentParser) -> None:
    """go-heapdump's own arguments."""
    parser.add_argument("file", metavar="FILE", help="where to: a heap dump that is there is replaced, nothing else")


def run(session: Session, args: argparse.Namespace) -> report.Report:
    """The file, and what is in it. Raises GdbextError."""
    path = given.path_of(args.file)
    given.check(path, dumpfile.is_dump)
    made = heapdump.dumped(session, session)
    session.doing = "writing"
    size = dumpfile.write(made, path)
    live, dead = made.total(histogram.LIVE), made.total(histogram.DEAD)
    sampled = int(made.alive(made.samples.id).sum())
    document = {
        "file": str(path),
        "format": "gdbext",
        "size": size,
        "total": {"objects": live.objects, "bytes": live.bytes},
        "unreachable": {"objects": dead.objects, "bytes": dead.bytes},
        "types": len(made.types.names),
        "sampled": sampled,
        "contexts": len(made.contexts),
    }
    found = f"{counts.plural(live.objects, 'object')}, {live.bytes:,} bytes reachable"
    lines = [
        f"{found}; {counts.plural(len(made.contexts), 'context')}; {sampled:,} objects with their allocation sites",
        f"{path}: {cells.human_bytes(size)}",
        f"later, of the same process: go-diff {path}",
        f"of another dump of it:      go-diff {path} FILE",
    ]
    return report.Report(document, [report.Lines(lines)], made.notes)


COMMAND = Command(
    name="go-heapdump",
    help="Write what the heap is made of to a file, for go-diff.",
    description=(
        "Every object's address, size, type, and whether roots reach it; where it was allocated, of those that the\n"
        "memory profile sampled; every context with its kind, what it is registered with, the key above it and what\n"
        "becomes of it (go-ctxleaks); of which process it is. About four bytes an object; nothing of the program's\n"
        "memory but names of types and functions and contexts' keys. It is whole or not there, for its owner only.\n"
        "go-diff compares two of one process, or one with the process itself."
    ),
    examples=(
        ("go-heapdump /tmp/before", "now; once the program has grown, go-diff /tmp/before says by what"),
        ("go-heapdump /tmp/before --json", "the same, and for scripts what is in the file"),
    ),
    usage="FILE [options]",
    arguments=arguments,
    run=run,
)
