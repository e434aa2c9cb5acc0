"""go-ancestors: who made a goroutine, and who made that one."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gdbext import report
from gdbext.analysis.goroutines import ancestry, numbered
from gdbext.commands import Command, _selected, goid
from gdbext.errors import UsageError
from gdbext.golang.runtime import symtab
from gdbext.report import cells, counts

if TYPE_CHECKING:
    from gdbext.session import Session

FORGOTTEN = "it has ended and nothing remembers it"
WHICH = "go-ancestors N; go-goroutines lists them"


def arguments(parser: argparse.ArgumentParser) -> None:
    """go-ancestors' own options."""
    parser.add_argument("goid", nargs="?", type=goid, metavar="N", help="the goroutine whose ancestors are wanted")


def run(session: Session, args: argparse.Namespace) -> report.Report:
    """The chain of one goroutine."""
    chain = ancestry.ancestry(session.goroutines, _goid(session, args))
    shown, cut = counts.limited(chain, args.limit)
    document = {"chain": report.Rows(_object(each) for each in shown)}
    return report.Report(document, [report.Lines(_lines(session, shown), cut=cut)], _notes(chain))


def _goid(session: Session, args: argparse.Namespace) -> int:
    if args.goid is None and not args.debugger:
        raise UsageError("which goroutine?", WHICH)
    if args.goid is None:
        row = _selected.selected(session, args, WHICH)
    else:
        row = numbered.find(session.goroutines, args.goid)
    return int(session.goroutines.goid[row])


def _lines(session: Session, chain: Sequence[ancestry.Ancestor]) -> Iterator[str]:
    """A goroutine, where it was when it made the one above, and where it was made itself."""
    for index, each in enumerate(chain):
        if index:
            yield ""
        began = f", began in {cells.escape(each.start)}" if each.start else ""
        yield f"goroutine {each.goid}{_state(session, each)}{began}"
        for location in each.stack:
            yield f"{cells.escape(location.function)}(...)"
            yield f"\t{_at(location)}"
        if each.created.function:
            yield f"created by {cells.escape(each.created.function)}"
            yield f"\t{_at(each.created)}"
        elif each.goid != 1:
            yield f"\t({FORGOTTEN})"


def _state(session: Session, each: ancestry.Ancestor) -> str:
    row = session.goroutines.rows.get(each.goid)
    if row is None or not each.alive:
        return ", ended"
    return f" [{session.goroutines.reason(row) or session.goroutines.status_name(row)}]"


def _at(location: symtab.Location) -> str:
    return f"{cells.escape(location.file)}:{location.line}"


def _object(each: ancestry.Ancestor) -> dict[str, object]:
    made = each.created
    absent = report.Absent(FORGOTTEN) if each.goid != 1 else None
    created = {"function": made.function, "file": made.file, "line": made.line} if made.function else {}
    return {
        "goid": each.goid,
        "alive": each.alive,
        "created_at": created or absent,
        **{name: created.get(name, absent) for name in ("function", "file", "line")},
        "start_function": each.start or None,
        "known_by": each.known_by or None,
        "stack": [{"function": one.function, "file": one.file, "line": one.line} for one in each.stack],
    }


def _notes(chain: Sequence[ancestry.Ancestor]) -> list[str]:
    if chain[-1].goid == 1 or chain[-1].created.function:
        return []
    return ["run the program with GODEBUG=tracebackancestors=10 and its goroutines remember their ancestors"]


COMMAND = Command(
    name="go-ancestors",
    help="Show who made a goroutine, who made that one, and so on.",
    description=(
        "The goroutine, the go statement that made it, the goroutine that ran that statement, and so on up to the main "
        "goroutine. Of a goroutine that has ended this goes on while its record has not been used again. With "
        "GODEBUG=tracebackancestors=N in the program's environment the stacks of the N latest ancestors are shown too. "
        "Without a number: the goroutine of the thread selected in GDB."
    ),
    examples=[
        ("go-ancestors 42", "the ancestors of goroutine 42"),
        ("go-ancestors 42 --json", "the same for a program"),
    ],
    usage="[N] [options]",
    run=run,
    arguments=arguments,
)
