"""``--dot FILE`` and ``--svg FILE``: what a command draws, for Graphviz or drawn by it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from gdbext.report import cells, dot, graphviz
from gdbext.store import given


def arguments(parser: argparse.ArgumentParser, what: str) -> None:
    """The two options. ``what`` is drawn."""
    parser.add_argument(
        "--dot", metavar="FILE", help=f"write {what} to FILE for Graphviz; it replaces such a file only"
    )
    parser.add_argument("--svg", metavar="FILE", help="the same as a picture, drawn by graphviz's dot")


def check(args: argparse.Namespace) -> None:
    """Before anything is made. Raises UsageError for what could not be written, or drawn."""
    if args.svg is not None:
        graphviz.program()
    for path, mine in _files(args):
        given.check(path, mine)


def write(args: argparse.Namespace, text: Callable[[], Iterable[str]]) -> Sequence[str]:
    """The files that are asked for; what to tell the user. ``text``: DOT. Raises GdbextError."""
    return [_write(path, mine, text()) for path, mine in _files(args)]


def _files(args: argparse.Namespace) -> Iterator[tuple[Path, given.Mine]]:
    if args.dot is not None:
        yield given.path_of(args.dot), dot.is_ours
    if args.svg is not None:
        yield given.path_of(args.svg), graphviz.is_ours


def _write(path: Path, mine: given.Mine, text: Iterable[str]) -> str:
    drawn = mine is graphviz.is_ours
    data = graphviz.svg(text) if drawn else "".join(text).encode()
    given.write(path, [data], len(data), mine)
    shown = cells.escape(str(path))
    return f"wrote {shown}" if drawn else f"wrote {shown}: dot -Tsvg {shown} > FILE.svg"
