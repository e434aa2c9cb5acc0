"""go-stacks: the stacks of goroutines as the program itself would print them; the same ones folded."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from gdbext import report
from gdbext.analysis.goroutines import grouping, notes as said, numbered, stackprofile, stacks as stack
from gdbext.commands import Command, _selected, goid
from gdbext.errors import UsageError
from gdbext.report import counts, pprof
from gdbext.views import stackprint, systemstacks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gdbext.session import Session

INSTEAD = "go-stacks N, go-stacks --all, or go-stacks --g0 for the threads' own stacks"
MORE = "… and {:,} more (--all shows them, --group folds them)".format

T = TypeVar("T")


def arguments(parser: argparse.ArgumentParser) -> None:
    """go-stacks' own options."""
    add = parser.add_argument
    add("goids", nargs="*", type=goid, metavar="N", help="only goroutine N; several may be named")
    add("--group", action="store_true", help="fold goroutines with the same stack, the commonest stack first")
    add("--in", dest="function", metavar="FUNC", default="", help="only those with FUNC in the name of any function")
    add("--pprof", metavar="FILE", help="write the goroutine profile to FILE, for go tool pprof")
    add("--g0", action="store_true", help="the runtime's own stacks of each thread: scheduler and signal handlers")
    add("--full", action="store_true", help="every frame: the runtime's own too, and the middle of deep stacks")


def run(session: Session, args: argparse.Namespace) -> report.Report:
    """The stacks that were asked for, one by one or folded."""
    if args.g0:
        return systemstacks.report(session, args)
    only = _asked(session, args)
    grouped = args.group or not (args.all or args.function or only is not None)
    deepest = grouping.deepest(args.function, grouped)
    overview = grouping.Overview(session.goroutines, whole=True, only=only, deepest=deepest)
    rows = grouping.select(overview, grouping.Wanted(function=args.function))
    rows = rows if only is None else rows[_among(rows, only)]
    stacks = stack.Stacks(overview)
    if args.pprof:
        return _profiled(session, stacks, rows, args)
    return _folded(stacks, rows, args) if grouped else _each(stacks, rows, args)


def _among(rows: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.isin(rows, wanted)


def _asked(session: Session, args: argparse.Namespace) -> NDArray[np.int64] | None:
    """The rows of the goroutines that were named, or of the one selected in a debugger; None for all."""
    if args.goids:
        return np.array([numbered.find(session.goroutines, number) for number in args.goids], np.int64)
    if args.debugger and not (args.all or args.group or args.function or args.pprof):
        return np.array([_selected.selected(session, args, INSTEAD)], np.int64)
    return None


def _each(stacks: stack.Stacks, rows: NDArray[np.int64], args: argparse.Namespace) -> report.Report:
    every: list[int] = rows.tolist()
    shown, cut = counts.limited(every, args.limit, MORE)
    lines = _apart(shown, stackprint.Printer(stacks, args.full).pieces)
    document = {"stacks": report.Rows(stackprint.goroutine_object(stacks, row, args.full) for row in shown)}
    title = "" if every else counts.plural(0, "goroutine")
    return report.Report(document, [report.Lines(lines, title, cut)], _notes(stacks, every, args))


def _folded(stacks: stack.Stacks, rows: NDArray[np.int64], args: argparse.Namespace) -> report.Report:
    groups = stacks.fold(rows)
    shown, cut = counts.limited(groups, args.limit, _more_stacks)
    title = f"{counts.plural(len(rows), 'goroutine')}, {counts.plural(len(groups), 'different stack')}"
    lines = _apart(shown, lambda each: stackprint.group_lines(stacks, each, args.full), first=True)
    document = {"stacks": report.Rows(stackprint.group_object(stacks, each, args.full) for each in shown)}
    return report.Report(document, [report.Lines(lines, title, cut)], _notes(stacks, rows.tolist(), args))


def _more_stacks(left_out: int) -> str:
    return f"… and {counts.plural(left_out, 'more stack')} (--all shows them)"


def _apart(items: Sequence[T], lines: Callable[[T], Iterator[str]], first: bool = False) -> Iterator[str]:
    """The lines of each item, an empty line between two (and before the first)."""
    for index, item in enumerate(items):
        if index or first:
            yield ""
        yield from lines(item)


def _profiled(
    session: Session, stacks: stack.Stacks, rows: NDArray[np.int64], args: argparse.Namespace
) -> report.Report:
    """The goroutine profile in a file; the answer says what it holds."""
    path, text, binary = args.pprof, session.symtab.modules[0], session.target.binary
    profile = pprof.Profile(
        [("goroutine", "count")], pprof.Program(text.text, text.etext, binary.path, binary.build_id)
    )
    goroutines = found = 0
    for sample in stackprofile.samples(stacks, rows):
        spots = [
            pprof.Spot(address, tuple(pprof.Line(one.function, one.file, one.line) for one in lines))
            for address, lines in sample.frames
        ]
        profile.add(spots, [sample.count], sample.labels)
        goroutines, found = goroutines + sample.count, found + 1
    _write(path, profile.encoded())
    many = f"{counts.plural(goroutines, 'goroutine')}, {counts.plural(found, 'different stack')}"
    said = f"{many} in {path}: go tool pprof {path}"
    document = {"stacks": report.Rows(()), "pprof": {"file": path, "goroutines": goroutines, "samples": found}}
    return report.Report(document, [report.Text(said)], _notes(stacks, rows.tolist(), args))


def _write(path: str, data: bytes) -> None:
    try:
        with open(path, "wb") as file:
            file.write(data)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from None


def _notes(stacks: stack.Stacks, rows: Sequence[int], args: argparse.Namespace) -> list[str]:
    searched = said.unsearched(stacks.overview) if args.function else []
    return said.gaps(stacks.goroutines, rows) + searched


COMMAND = Command(
    name="go-stacks",
    help="Print stacks as the program itself would; goroutines with the same stack folded.",
    description=(
        "The stack of each goroutine as runtime.Stack prints it: functions with the raw words of their arguments (? "
        "behind a word that may be stale), inlined calls, file and line, what it waits for and for how many minutes at "
        "least, who created it. Without arguments: the goroutine of the thread selected in GDB, elsewhere all of them "
        "folded. Folded stacks are the same frames in the same state, the commonest first."
    ),
    examples=[
        ("go-stacks 17 42", "the stacks of goroutines 17 and 42"),
        ("go-stacks --all --pprof FILE", "writes a goroutine profile; then: go tool pprof -http : FILE"),
        ("go-stacks --group --limit 5", "the five commonest stacks, with how many goroutines share each"),
        ("go-stacks --all --in main. --json", "the stacks that pass through package main, for a program"),
    ],
    usage="[N …] [options]",
    run=run,
    arguments=arguments,
    all_help="every goroutine, not only the selected one, and every row",
)
