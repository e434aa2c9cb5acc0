"""go-gcroot: why an object is alive."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gdbext import report
from gdbext.analysis.heap import paths
from gdbext.commands import Command, _heapobject, _pictures, address, count
from gdbext.report import dot
from gdbext.views import pathdrawing, pathlines

if TYPE_CHECKING:
    from gdbext.session import Session


def arguments(parser: argparse.ArgumentParser) -> None:
    """go-gcroot's own arguments."""
    parser.add_argument("address", type=address, metavar="0xADDR", help="anywhere in the object")
    parser.add_argument("--paths", type=count, default=1, metavar="N", help="up to N paths that end unlike")
    _pictures.arguments(parser, "the paths")


def run(session: Session, args: argparse.Namespace) -> report.Report:
    """Shortest paths from roots to an object."""
    _pictures.check(args)
    target = _heapobject.find(session, args.address)
    found = list(paths.several(session.lookup, session.paths, session.roots, target, max(args.paths, 1)))
    rows = (pathlines.path_object(session.lookup, session.root_names, one) for one in found)
    document = {"reachable": bool(found), "paths": report.Rows(rows)}
    blocks: Sequence[report.Block] = [report.Lines(_lines(session, found, args.all))]
    if not found:
        blocks = [report.Text("no root reaches it: it is garbage that was not collected yet")]
    wrote = _pictures.write(args, lambda room: _drawn(session, found, args.all, room)) if found else []
    return report.Report(document, blocks, [*wrote, *session.heap_notes])


def _drawn(session: Session, found: Sequence[paths.Path], every: bool, room: int) -> _pictures.Drawn:
    drawing = pathdrawing.Drawing(session.lookup, session.root_names, every, room)
    return _pictures.Drawn(dot.render_graph(drawing.parts(found)), drawing.lacks, "--paths with fewer, or no --all,")


def _lines(session: Session, found: Sequence[paths.Path], every: bool) -> Iterator[str]:
    for index, one in enumerate(found):
        if index:
            yield ""
        yield from pathlines.path_lines(session.lookup, session.root_names, one, every)


COMMAND = Command(
    name="go-gcroot",
    help="Show why an object is alive: the shortest path from a root.",
    description=(
        "The shortest chain of pointers from a root (a global variable, a goroutine's stack, a finalizer …) to the\n"
        "object, each step named by field or index, a map's value by its key. Of a long chain the steps next to the\n"
        "object are shown. With --paths other ways to it: by other roots, or by other objects that refer to it."
    ),
    examples=(
        ("go-gcroot 0xc000112000", "the shortest path"),
        ("go-gcroot 0xc000112000 --paths 5", "five that end unlike"),
        ("go-gcroot 0xc000112000 --paths 5 --svg paths.svg", "the same as a picture, objects on several of them once"),
    ),
    usage="0xADDR [options]",
    arguments=arguments,
    run=run,
    all_help="every step of a long path",
)
