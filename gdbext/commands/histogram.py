"""go-histogram: the heap by type."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gdbext import report
from gdbext.analysis.heap import byclass, histogram, sites
from gdbext.commands import Command
from gdbext.errors import UsageError
from gdbext.report import cells, counts
from gdbext.views import histogramrows, siterows

if TYPE_CHECKING:
    from gdbext.session import Session


def arguments(parser: argparse.ArgumentParser) -> None:
    """go-histogram's own options."""
    parser.add_argument("--unreachable", action="store_true", help="garbage not collected yet instead of what is alive")
    parser.add_argument("--by", choices=("type", "package", "class"), default="type", help="add up so")
    parser.add_argument("--sites", action="store_true", help="where they were allocated, of those that were sampled")
    parser.add_argument("--of", metavar="TYPE", help="list the objects of this type, as the table names it")


def run(session: Session, args: argparse.Namespace) -> report.Report:
    """One row for each type, or the objects of one."""
    found = session.garbage if args.unreachable and args.by != "class" else session.histogram
    if args.by == "class" and (args.sites or args.of is not None):
        raise UsageError("--by class knows no types", "--by type or --by package goes with --of and --sites")
    which = histogram.DEAD if args.unreachable else histogram.LIVE
    live, dead = found.total(histogram.LIVE), found.total(histogram.DEAD)
    document: dict[str, object] = {"total": _count(live), "unreachable": _count(dead)}
    if args.by == "class":
        return _by_class(session, which, args, document)
    entries = found.entries(which, args.by)
    if args.of is not None:
        entries = _named(entries, args.of)
    if args.sites:
        return _sites(session, found, entries, which, args, document)
    if args.of is not None:
        return _of(found, entries, which, args, document)
    shown, cut = counts.limited(entries, args.limit)
    document["types"] = report.Rows(map(histogramrows.ENTRY.object, shown))
    blocks = [*_header(found), histogramrows.ENTRY.table([shown], cut=cut)]
    return report.Report(document, blocks, session.heap_notes)


def _by_class(session: Session, which: int, args: argparse.Namespace, document: dict[str, object]) -> report.Report:
    shown, cut = counts.limited(byclass.by_class(session.live, which), args.limit)
    document["classes"] = report.Rows(map(histogramrows.CLASS.object, shown))
    blocks = [*_header(session.histogram), histogramrows.CLASS.table([shown], cut=cut)]
    return report.Report(document, blocks, session.heap_notes)


def _named(entries: Sequence[histogram.Entry], name: str) -> list[histogram.Entry]:
    found = [entry for entry in entries if name in _names(entry)]
    if not found:
        raise UsageError(f"no object is known to be of type {name}", "go-histogram --all lists the types")
    return found


def _names(entry: histogram.Entry) -> Iterator[str]:
    """Its type, also with the whole path of the package; what the table calls it."""
    yield entry.name
    yield f"{entry.package}.{entry.name.rpartition('.')[2]}"
    yield cells.escape(histogramrows.shown(entry))


def _sites(
    session: Session,
    known: histogram.Histogram,
    entries: Sequence[histogram.Entry],
    which: int,
    args: argparse.Namespace,
    document: dict[str, object],
) -> report.Report:
    found = sites.sites(session.program, session.specials, known, entries, which)
    shown, cut = counts.limited(found.rows, args.limit)
    rows = [siterows.Row.of(one, session.symtab) for one in shown]
    document["sampled"] = {"objects": found.sampled, "of": found.objects, "rate": found.rate}
    document["sites"] = report.Rows(map(siterows.SITE.object, rows))
    title = report.Text(_sampled(found), "heading")
    return report.Report(document, [title, siterows.SITE.table([rows], cut=cut)], session.heap_notes)


def _sampled(found: sites.Sites) -> str:
    """How much the profile knows of these objects."""
    if not found.rate and not found.sampled:
        return "the program samples no allocations (runtime.MemProfileRate is 0)"
    every = f", one for each {cells.human_bytes(found.rate)} allocated on average" if found.rate > 1 else ""
    if found.rate <= 0:
        every = f", and nothing is scaled (runtime.MemProfileRate is {found.rate} now)"
    were = counts.verb(found.sampled, "was", "were")
    return f"{found.sampled:,} of {counts.plural(found.objects, 'object')} {were} sampled{every}"


def _of(
    found: histogram.Histogram,
    chosen: Sequence[histogram.Entry],
    which: int,
    args: argparse.Namespace,
    document: dict[str, object],
) -> report.Report:
    instances = list(found.instances(chosen, which))
    shown, cut = counts.limited(instances, args.limit)
    document["types"] = report.Rows(map(histogramrows.ENTRY.object, chosen))
    document["instances"] = report.Rows(map(histogramrows.INSTANCE.object, shown))
    return report.Report(document, [histogramrows.INSTANCE.table([shown], cut=cut)])


def _count(count: histogram.Count) -> dict[str, int]:
    return {"objects": count.objects, "bytes": count.bytes}


def _header(found: histogram.Histogram) -> Sequence[report.Block]:
    live, dead = found.total(histogram.LIVE), found.total(histogram.DEAD)
    exact = 100 * found.exact_bytes(histogram.LIVE) / max(live.bytes, 1)
    return [
        report.Text(f"{counts.plural(live.objects, 'object')}, {live.bytes:,} bytes reachable", "heading"),
        report.Text(f"{exact:.1f} % of these bytes are of types that are certain", "heading"),
        report.Text(f"{counts.plural(dead.objects, 'object')}, {dead.bytes:,} bytes garbage not collected yet"),
    ]


COMMAND = Command(
    name="go-histogram",
    help="Count the heap's objects by type: what is alive, and what is garbage.",
    description=(
        "Every allocated object of the heap by its type: how many there are and how many bytes their slots take, the\n"
        "most bytes first; each is the average, which tells large buffers from many small ones. What no root reaches\n"
        "is garbage not collected yet, and not counted with the others.\n"
        "A type is certain when the object's own header names it or its size and its pointers fit; (likely) when only\n"
        "some of that is so, or only a variable on a stack says it. Objects that no typed word points to are counted\n"
        "by their size. Garbage is followed for its types with --unreachable only, which takes as long again.\n"
        "--by class has a row for each size that the runtime gives slots of, with and without pointers; slots are all\n"
        "that the spans of the class have. --sites has a row for each type and each stack that allocated objects of\n"
        "it, as far as the runtime's memory profile sampled them: how many, of how many that there are, and about how\n"
        "many bytes they stand for."
    ),
    examples=(
        ("go-histogram", "the types that take the most memory"),
        ("go-histogram --by class", "how large the objects are, and how many slots there are for them"),
        ("go-histogram --of net/http.Request --sites", "who allocated the objects of a type"),
        ("go-histogram --unreachable", "the same for garbage"),
        ("go-histogram --of net/http.Request --json", "where the objects of one type lie"),
    ),
    arguments=arguments,
    run=run,
    all_help="every type",
)
