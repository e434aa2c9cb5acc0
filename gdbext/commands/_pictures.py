"""``--dot FILE`` and ``--svg FILE``: what a command draws, for Graphviz or drawn by it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from gdbext.report import cells, dot, graphviz
from gdbext.store import given

MOST = 3_000
"""Boxes: dot lays out so many in a second or two, and ten thousand in seventeen."""


class Drawn(NamedTuple):
    """DOT, line by line. ``lacks``, asked after the last one, names what there was no room for, "" for nothing;
    ``less`` is what to type for a part."""

    text: Iterable[str]
    lacks: Callable[[], str]
    less: str


Draw = Callable[[int], Drawn]
"""Draws, in about so many boxes."""


def arguments(parser: argparse.ArgumentParser, what: str) -> None:
    """The two options. ``what`` is drawn."""
    into = f"write {what} to FILE for Graphviz, --limit N boxes ({MOST}); it replaces such a file only"
    parser.add_argument("--dot", metavar="FILE", help=into)
    drawn = f"the same as a picture, drawn by graphviz's dot: {MOST} boxes at most"
    parser.add_argument("--svg", metavar="FILE", help=drawn)


def check(args: argparse.Namespace) -> None:
    """Before anything is made. Raises UsageError for what could not be written, or drawn."""
    if args.svg is not None:
        graphviz.program()
    for path, mine in _files(args):
        given.check(path, mine)


def write(args: argparse.Namespace, draw: Draw) -> list[str]:
    """The files that are asked for; what to tell the user. Raises GdbextError."""
    return [note for path, mine in _files(args) for note in _write(path, mine, draw, args.typed_limit)]


def _files(args: argparse.Namespace) -> Iterator[tuple[Path, given.Mine]]:
    if args.dot is not None:
        yield given.path_of(args.dot), dot.is_ours
    if args.svg is not None:
        yield given.path_of(args.svg), graphviz.is_ours


def _write(path: Path, mine: given.Mine, draw: Draw, limit: int | None) -> Iterator[str]:
    is_svg = mine is graphviz.is_ours
    room = MOST if limit is None else min(limit, MOST) if is_svg else limit
    drawn = draw(room)
    data = graphviz.svg(drawn.text) if is_svg else "".join(drawn.text).encode()
    given.write(path, [data], len(data), mine)
    shown = cells.escape(str(path))
    yield f"wrote {shown}" if is_svg else f"wrote {shown}: dot -Tsvg {shown} > FILE.svg"
    if lacks := drawn.lacks():
        yield f"{shown} lacks {lacks}: {_more(drawn, is_svg and room == MOST)}"


def _more(drawn: Drawn, is_full: bool) -> str:
    """What to type for what is missing."""
    if is_full:
        more = f"{drawn.less} draws a part, --dot FILE --limit N writes more"
        return f"dot takes long for more than {MOST:,} boxes; {more}"
    return f"--limit N has room for N boxes, {drawn.less} draws a part"
