"""go-mem: where a process's memory goes, byte for byte, and what the runtime counts of it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gdbext import report
from gdbext.analysis.memory import breakdown, figures, pinned, pooled, sparsemaps
from gdbext.commands import Command
from gdbext.errors import UsageError
from gdbext.golang.runtime import mstats
from gdbext.views import memexplained, memrows, pinnedrows, sparserows

if TYPE_CHECKING:
    from gdbext.session import Session


UNKNOWN = "a core does not say what was resident"
MOVED = (
    "it allocated meanwhile, so that categories of the heap and of the runtime are estimates: "
    "python -m gdbext live PID go-mem is of one moment"
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """go-mem's own options."""
    parser.add_argument("--explain", action="store_true", help="walk through Alloc, Sys and RSS with these figures")
    parser.add_argument("--pools", action="store_true", help="say what only pools of package sync keep alive")
    parser.add_argument("--slices", action="store_true", help="say which large arrays only short slices keep alive")
    parser.add_argument("--maps", action="store_true", help="say which maps keep room for more entries than they have")
    parser.add_argument("--memstats", action="store_true", help="list runtime.MemStats, all fields that are one number")


def run(session: Session, args: argparse.Namespace) -> report.Report:
    """Raises GdbextError where the runtime's own counters cannot be had."""
    found = figures.figures(session)
    blocks: list[report.Block] = [*_breakdown(found), *_settings(found)]
    if found.advice:
        blocks.append(report.Lines(map(memrows.advice_line, found.advice), "worth a look"))
    document, notes = _document(found), list[str]()
    for key, part in _looked(session, args):
        document[key] = part.document
        blocks += part.blocks
        notes += part.notes
    if args.explain:
        blocks += [report.Text(text) for text in memexplained.explained(found.stats, found.known)]
    if args.memstats:
        headings = [report.Heading("runtime.MemStats"), report.Heading("", "right")]
        blocks.append(report.Table(headings, list(memrows.memstats_rows(found.stats.fields()))))
    return report.Report(document, blocks, [*_notes(session, found), *notes])


def _looked(session: Session, args: argparse.Namespace) -> Iterator[tuple[str, report.Report]]:
    """What options add, by the key of JSON."""
    if args.pools:
        pools = _pooled(session)
        yield "pools", report.Report(memrows.pools_object(pools), [report.Text(memrows.pools_line(pools))])
    if args.slices:
        short = _pinned(session)
        shown = list(pinnedrows.blocks(short, args.limit))
        yield "slices", report.Report(pinnedrows.document(short, args.limit), shown, list(pinnedrows.notes(short)))
    if args.maps:
        empty = _sparse(session)
        yield "maps", report.Report(sparserows.document(empty, args.limit), list(sparserows.blocks(empty, args.limit)))


def _pinned(session: Session) -> pinned.Pinned:
    _check_stable(session, "slices")
    return pinned.pinned(session)


def _sparse(session: Session) -> sparsemaps.Sparse:
    _check_stable(session, "maps")
    return sparsemaps.sparse(session.program, session.maybe_live)


def _pooled(session: Session) -> pooled.Pooled:
    _check_stable(session, "pools")
    return pooled.pooled(session.program, session.dominators)


def _check_stable(session: Session, what: str) -> None:
    """Raises UsageError where nothing is known of what keeps what."""
    if not session.target.memory.stable:
        raise UsageError(
            f"what {what} keep is not known of a program that runs", f"python -m gdbext live PID go-mem --{what}"
        )


def _breakdown(found: figures.Figures) -> list[report.Block]:
    if isinstance(found.parts, str):
        return [
            report.Text(f"what is resident is not known: {found.parts}"),
            report.Table([report.Heading("runtime.MemStats"), report.Heading("", "right")], _counted(found.stats)),
        ]
    lines = [memrows.headline(found.parts), memrows.huge_line(found.parts)]
    return [report.Text("\n".join(filter(None, lines))), memrows.breakdown_table(found.parts)]


def _counted(stats: mstats.MemStats) -> list[tuple[str, report.Cell]]:
    return list(memrows.memstats_rows(stats.fields()))


def _settings(found: figures.Figures) -> list[report.Block]:
    lines = [memrows.settings_line(found.settings), memrows.environment_line(found.settings)]
    return [report.Text("\n".join(filter(None, lines)))]


def _document(found: figures.Figures) -> dict[str, Any]:
    return {
        "memstats": found.stats.fields(),
        **_parts(found.parts),
        "settings": memrows.settings_object(found.settings),
        "advice": list(map(memrows.advice_object, found.advice)),
    }


def _parts(found: breakdown.Breakdown | str) -> dict[str, Any]:
    if isinstance(found, str):
        return dict.fromkeys(("rss", "mapped", "breakdown", "resident_by", "huge_pages", "swap"), report.Absent(found))
    unknown = report.Absent(UNKNOWN)
    return {
        "rss": found.resident if found.measured else unknown,
        "mapped": found.mapped,
        "breakdown": list(map(memrows.category(found.measured).object, found.categories)),
        "resident_by": found.how,
        "huge_pages": {"bytes": found.huge, "heap": found.heap_huge} if found.measured else unknown,
        "swap": found.swapped if found.measured else unknown,
    }


def _notes(session: Session, found: figures.Figures) -> list[str]:
    notes = [*session.heap_check] if session.made("heap") else []
    if found.known is not None:
        notes += found.known.notes
        notes += [] if found.known.measured else [found.known.how]
    if session.target.identity.clock_ns is not None and found.known is not None and found.known.measured:
        notes.append("what is in RAM was asked when the copy was made and the process went on")
    if not session.target.memory.stable:
        notes.append("the program runs: the figures are of several moments")
        if found.known is not None and found.known.moved:
            notes.append(MOVED)
    return notes


COMMAND = Command(
    name="go-mem",
    help="Show where the process's memory goes, byte for byte, and what the runtime counts of it.",
    description=(
        "Every mapped byte is in one category, so the categories add up to what is mapped, and what of them is in RAM "
        "to RSS. Live objects: those that no collection has found dead; dead ones wait to be swept. Free slots: beside "
        "them in spans in use. Unread spans: in use, and made or freed while the others were read. Idle spans: kept "
        "for what comes next; released ones were given back to the system. "
        "Stacks: of goroutines, and of threads that run Go, also where C made them. Metadata is named as in "
        "runtime.MemStats, whose fields are in the JSON, as runtime.ReadMemStats would give them now. Of a process "
        "/proc says what is in RAM; of a core only which pages are not all zeros is known. Categories whose bytes were "
        "told apart by guess have exact: false in the JSON. Advice has its evidence in the sentence, and there is none "
        "where nothing stands out."
    ),
    examples=(
        ("go-mem", "where the memory goes, and the settings in force"),
        ("go-mem --explain", "the same, then from Alloc to Sys to RSS in words, with these figures"),
        ("go-mem --pools", "with what only sync.Pools keep, and what of that the next collection frees"),
        ("go-mem --slices", "with large arrays of which slices use less than half, and where those slices lie"),
        ("go-mem --maps", "with maps of which less than a quarter is full, by type, and what a new one would save"),
        ("go-mem --json", "with all of runtime.MemStats, for a program"),
    ),
    run=run,
    arguments=arguments,
)
