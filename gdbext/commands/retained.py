"""go-retained: what would become garbage with an object, a set of them, a goroutine or a variable."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from gdbext import report
from gdbext.analysis.heap import retainedsets, rootgroups
from gdbext.commands import Command, _heapobject, _pictures, address
from gdbext.errors import UsageError
from gdbext.report import counts, dot
from gdbext.views import retainedrows

if TYPE_CHECKING:
    from gdbext.report.columns import Schema
    from gdbext.session import Session

BY = ("object", "type", "package", "goroutine", "global")
LINES = 200
"""Of a tree, where nothing else is said."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """go-retained's own arguments."""
    parser.add_argument("address", nargs="?", type=address, metavar="0xADDR", help="only this object, anywhere in it")
    parser.add_argument("--by", choices=BY, default="object", help="whose retained bytes are shown")
    parser.add_argument("--tree", action="store_true", help="below an object, or below all roots, what it dominates")
    _pictures.arguments(parser, "what --tree draws")


def run(session: Session, args: argparse.Namespace) -> report.Report:
    """One row for each object, set, goroutine or variable. Raises UsageError."""
    if args.by != "object" and (args.tree or args.address is not None):
        raise UsageError("--by is of the whole heap", "go-retained 0xADDR, or --tree, go without it")
    _pictures.check(args)
    found = _answer(session, args)
    wrote = _pictures.write(args, lambda room: _drawn(session, args, room))
    return report.Report(found.document, found.blocks, [*wrote, *found.notes])


def _answer(session: Session, args: argparse.Namespace) -> report.Report:
    if args.address is None and not args.tree:
        return _of_sets(session, args) if args.by in ("type", "package") else _of_places(session, args)
    return _of_one(session, args)


def _drawn(session: Session, args: argparse.Namespace, room: int) -> _pictures.Drawn:
    """The tree, in fewer lines where a picture has no room for so many."""
    lines = _room(args)
    text = dot.render_tree([retainedrows.tree(_row(session, args), min(lines, room))])
    return _pictures.Drawn(text, lambda: "what keeps less" if room < lines else "", "go-retained 0xADDR")


def _room(args: argparse.Namespace) -> int:
    """Lines of a tree."""
    return LINES if args.limit is None else int(args.limit)


def _row(session: Session, args: argparse.Namespace) -> retainedrows.Row:
    """The object that was asked for, or all roots."""
    place = 0
    if args.address is not None:
        place = session.dominators.place(_heapobject.find(session, args.address).id)
        if not place:
            raise UsageError(f"no root reaches {args.address:#x}: it is garbage", "go-object says what lies there")
    return retainedrows.Row(_names(session), place)


def _names(session: Session) -> retainedrows.Names:
    return retainedrows.Names(session.dominators, session.lookup, session.root_names)


def _of_places(session: Session, args: argparse.Namespace) -> report.Report:
    """The largest objects, or all goroutines or variables."""
    found, names = session.dominators, _names(session)
    left = 0
    if args.by == "object":
        places, schema = found.largest(args.bound), retainedrows.OBJECT
        left = len(found.graph) - len(found.groups) - 1 - len(places)
        cut = counts.MORE.format(left) if left > 0 else ""
    else:
        sorts = (rootgroups.GOROUTINE,) if args.by == "goroutine" else (rootgroups.GLOBAL, rootgroups.UNNAMED)
        places, cut = counts.limited(found.of_groups(sorts), args.limit)
        schema = retainedrows.GROUP
    return _report(session, schema, lambda: (retainedrows.Row(names, place) for place in places.tolist()), cut, left)


def _of_sets(session: Session, args: argparse.Namespace) -> report.Report:
    found = session.dominators
    session.doing = f"searching what each {args.by} retains"
    every = retainedsets.retained_sets(found, session.histogram, args.by)
    shown, cut = counts.limited(every, args.limit)
    schema = retainedrows.TYPE if args.by == "type" else retainedrows.PACKAGE
    return _report(session, schema, lambda: shown, cut)


def _report(
    session: Session, schema: Schema[Any, Any], rows: Callable[[], Iterable[Any]], cut: str, left_out: int = 0
) -> report.Report:
    found = session.dominators
    total = {"objects": int(found.objects[0]), "bytes": int(found.bytes[0])}
    document = {"total": total, "items": report.Rows(map(schema.object, rows())), "left_out": left_out}
    title = f"{counts.plural(total['objects'], 'object')}, {total['bytes']:,} bytes reachable"
    table = schema.table(([row] for row in rows()), cut=cut)
    return report.Report(document, [report.Text(title, "heading"), table], session.heap_notes)


def _of_one(session: Session, args: argparse.Namespace) -> report.Report:
    """One object, or everything, and what it dominates."""
    row = _row(session, args)
    below, count, _ = session.dominators.below(row.place, args.bound) if args.tree else ((), 0, 0)
    rows = [row] if row.place else []
    items = [*rows, *(retainedrows.Row(row.names, int(one)) for one in below)]
    document = {"items": report.Rows(map(retainedrows.ITEM.object, items)), "left_out": count - len(below)}
    blocks: list[report.Block] = [retainedrows.OBJECT.table([rows])] if rows else []
    if args.tree:
        blocks.append(report.Tree([retainedrows.tree(row, _room(args))]))
    return report.Report(document, blocks, session.heap_notes)


COMMAND = Command(
    name="go-retained",
    help="Say what would become garbage if an object were gone: retained bytes, dominators.",
    description=(
        "The objects that retain the most: the bytes and objects that would become garbage if exactly that object\n"
        "were gone, itself with them. It is kept by what every path from every root to it goes through last: another\n"
        "object, a goroutine, a global variable, or nothing (several roots).\n"
        "--by goroutine: what would become garbage if that goroutine were gone, with all roots on its stack and its\n"
        "g, which counts as held by nothing else. --by global: if that variable were zero. --by type, --by package:\n"
        "if all objects of that type, or of the types of that package, were gone at once; what several of them share\n"
        "is retained by the set, what is nested counts once. Rows overlap: they do not add up.\n"
        "--tree draws what an object dominates, below it what each of these does; without an address from all roots\n"
        "on. --limit is about how many lines it has.\n"
        "Of objects --json has no more rows than the text unless --all or --limit N says so: left_out counts the rest."
    ),
    examples=(
        ("go-retained", "the objects that keep the most memory alive"),
        ("go-retained --by goroutine", "what each goroutine alone keeps"),
        ("go-retained --by type --limit 10", "the ten types whose objects together keep the most"),
        ("go-retained 0xc000112000 --tree", "one object, and what of its memory goes where"),
        ("go-retained --svg heap.svg", "the dominator tree below all roots as a picture"),
    ),
    usage="[0xADDR] [options]",
    arguments=arguments,
    run=run,
)
