"""go-heapdump: what a heap is made of, in a file."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gdbext import report
from gdbext.analysis.dumps import dumpfile, heapdump, heapprofile
from gdbext.analysis.heap import histogram
from gdbext.commands import Command
from gdbext.errors import UsageError
from gdbext.report import cells, counts, parquet, pprof
from gdbext.store import given
from gdbext.views import dumpprofiles, heaptables

if TYPE_CHECKING:
    from gdbext.session import Session

DUMP = "dump"


def arguments(parser: argparse.ArgumentParser) -> None:
    """go-heapdump's own arguments."""
    add = parser.add_argument
    add("file", metavar="FILE", help="where to: one that an earlier go-heapdump wrote is replaced, nothing else")
    add(
        "--format",
        choices=tuple(FORMATS),
        default=DUMP,
        help="for go-diff (dump: unless said), for others",
    )


def run(session: Session, args: argparse.Namespace) -> report.Report:
    """The file, and what is in it. Raises GdbextError."""
    path = given.path_of(args.file)
    _check_format(path, args.format)
    return FORMATS[args.format](session, path)


def _check_format(path: Path, format_: str) -> None:
    """Raises UsageError where a go-heapdump of another format lies. What is neither file nor folder is not opened."""
    if path.is_symlink() or not (path.is_file() or path.is_dir()):
        return
    ours = {DUMP: dumpfile.is_dump, "pprof": dumpprofiles.is_profile, "parquet": heaptables.is_tables}
    for other, is_ours in ours.items():
        if other != format_ and is_ours(path):
            what = f"{path} is what go-heapdump --format {other} wrote: no other format overwrites it"
            raise UsageError(what, f"--format {other} replaces it, and another name would do")


def _dump(session: Session, path: Path) -> report.Report:
    given.check(path, dumpfile.is_dump)
    made = heapdump.dumped(session, session)
    session.doing = "writing"
    size = dumpfile.write(made, path)
    more = {"types": len(made.types.names), "sampled": _sampled(made), "contexts": len(made.contexts)}
    found = (
        f"{counts.plural(more['contexts'], 'context')}; allocation sites of {counts.plural(more['sampled'], 'object')}"
    )
    next_ = f"later, of the same process: go-diff {path}", f"of another dump of it:      go-diff {path} FILE"
    return _report(made, path, size, DUMP, more, [f"; {found}", *next_])


def _profile(session: Session, path: Path) -> report.Report:
    given.check(path, dumpprofiles.is_profile)
    made = heapdump.dumped(session)
    shares = list(heapprofile.shares(made, session.histogram, session.dominators))
    text, binary = session.symtab.modules[0], session.target.binary
    code = pprof.Program(text.text, text.etext, binary.path, binary.build_id)
    data = dumpprofiles.profile(shares, made.moment, code)
    given.write(path, [data], len(data), dumpprofiles.is_profile)
    more = {"types": len({one.entry.counted for one in shares}), "sampled": _sampled(made), "samples": len(shares)}
    found = f"{counts.plural(more['types'], 'type')}; allocation sites of {counts.plural(more['sampled'], 'object')}"
    next_ = f"go tool pprof -http : {path}", f"go tool pprof -top -sample_index=retained {path}"
    return _report(made, path, len(data), "pprof", more, [f"; {found}", *next_])


def _tables(session: Session, path: Path) -> report.Report:
    parquet.library()
    given.check_folder(path, _may_go)
    made = heapdump.dumped(session, session)
    title, rows = dumpprofiles.title(made.moment), dict[str, int]()

    def fill(folder: Path) -> None:
        session.doing = "writing"
        rows.update({name: parquet.write(folder / f"{name}.parquet", one) for name, one in _pieces(session, made)})
        (folder / heaptables.README).write_text(heaptables.explained(title))

    given.write_folder(path, fill, _may_go)
    size = sum(one.stat().st_size for one in path.iterdir())
    found = ", ".join(f"{count:,} {name}" for name, count in rows.items())
    next_ = f"columns and queries: {path}/{heaptables.README}"
    return _report(made, path, size, "parquet", rows, [f"; {found}", next_])


def _may_go(path: Path) -> bool:
    return heaptables.is_tables(path) or not any(path.iterdir())


def _pieces(session: Session, made: heapdump.HeapDump) -> Iterator[tuple[str, Iterable[parquet.Piece]]]:
    """The tables, each made when it is written."""
    yield "objects", heaptables.objects(made)
    yield "edges", heaptables.edges(session.live)
    yield "roots", heaptables.roots(made, session.live, session.roots, session.root_names)
    yield "types", heaptables.types(made)
    yield "contexts", heaptables.contexts(made, session.contexts if len(made.contexts) else None)


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


FORMATS = {DUMP: _dump, "pprof": _profile, "parquet": _tables}
"""Each writes the file, over nothing but one that it wrote itself (``given.check``), and says what is in it."""

COMMAND = Command(
    name="go-heapdump",
    help="Write what the heap is made of to a file: for go-diff, go tool pprof, DuckDB.",
    description=(
        "Every object's address, size, type, and whether roots reach it; where it was allocated, of those that the\n"
        "memory profile sampled; every context with its kind, what it is registered with, the key above it and what\n"
        "becomes of it (go-ctxleaks); of which process it is. About four bytes an object; nothing of the program's\n"
        "memory but names of types and functions and contexts' keys. It is whole or not there, for its owner only.\n"
        "go-diff compares two of one process, or one with the process itself.\n"
        "--format pprof: a profile of the reachable objects, for go tool pprof: types below the functions that\n"
        "allocated them. Objects and flat bytes are counted, and shared out among stacks as those objects of the type\n"
        "are that the memory profile sampled (the label sampled: how many). Retained bytes are what would become\n"
        "garbage with all objects of the type, and types overlap there.\n"
        "--format parquet: a folder of tables (objects, edges, roots, types, contexts) for DuckDB, Spark and their\n"
        "like, with a README.md that says what the columns are and has a query for each; it needs what\n"
        "./install.sh --with parquet fetches."
    ),
    examples=(
        ("go-heapdump /tmp/before", "now; once the program has grown, go-diff /tmp/before says by what"),
        ("go-heapdump /tmp/heap.pb.gz --format pprof", "then: go tool pprof -http : /tmp/heap.pb.gz"),
        ("go-heapdump /tmp/tables --format parquet", "then: cd /tmp/tables, duckdb; README.md has queries"),
        ("go-heapdump /tmp/before --json", "the same as the first, and for scripts what is in the file"),
    ),
    usage="FILE [options]",
    arguments=arguments,
    run=run,
)
