"""go-goroutine: makes a goroutine the one whose frames the debugger shows."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from gdbext import report
from gdbext.analysis.goroutines import grouping, nativeframes, numbered
from gdbext.commands import Command
from gdbext.commands._frames import CommandFailed, Frames
from gdbext.errors import UsageError
from gdbext.report import counts

if TYPE_CHECKING:
    from gdbext.session import Session

NO_DWARF = "no debug information (-w): GDB cannot unwind it; go-stacks can"
USAGE = "[N | N CMD… | --all [--in FUNC] [--reason R] CMD… | off] [options]"


def arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--in", dest="function", metavar="FUNC", default="", help="with --all: only those with FUNC in any function")
    add("--reason", metavar="R", default="", help="with --all: only those whose wait reason contains R, in any case")


def run(session: Session, args: argparse.Namespace) -> report.Report:
    """Select, go back, say what is selected, or run a command on goroutines."""
    frames = _frames(session, args)
    if args.all or args.function or args.reason:
        return _on_each(session, frames, args)
    if args.line and not args.word:
        raise UsageError(f"{args.line.split()[0]!r} is no goroutine's number", "go-goroutines lists them")
    if args.word == "off":
        return report.Report({"selected": None}, [report.Verbatim([frames.off()])])
    if not args.word:
        return _which(session, frames)
    where = _standing(session, int(args.word))
    if args.line:
        return _results(frames, [where], args.line, _Raised, [])
    shown = frames.select(where)
    own = f", {frames.thread_name}" if frames.thread == where.tid else ""
    said = f"[Switching to goroutine {where.goid} ({where.state}){own}]\n"
    return _report(session, _selected(where, frames), said + shown)


def _frames(session: Session, args: argparse.Namespace) -> Frames:
    frames: Frames | None = args.frames
    if frames is not None and session.target.debugger is not None:
        return frames
    identity, goid = session.target.identity, args.word or "N"
    again = f"type {_where(session, frames is not None)}, then go-goroutine {goid}"
    what = "a debugger" if frames is None else f"process {identity.pid} itself, and not this copy,"
    raise UsageError(f"only {what} has frames to select", f"{again}; here, go-stacks {goid} shows the stack")


def _where(session: Session, inside: bool) -> str:
    """What to type to have frames; ``inside``: at the prompt of the debugger that let the process go."""
    identity, exe = session.target.identity, os.path.basename(session.target.binary.path)
    if inside:
        return f"attach {identity.pid}"
    return f"gdb -p {identity.pid}" if identity.clock_runs else f"gdb {exe} CORE"


def _standing(session: Session, goid: int) -> nativeframes.Standing:
    return nativeframes.standing(session.goroutines, session.native_code, numbered.find(session.goroutines, goid))


def _report(session: Session, selected: object, shown: str) -> report.Report:
    notes = () if session.target.binary.has_dwarf else (NO_DWARF,)
    return report.Report({"selected": selected}, [report.Verbatim([shown])], notes)


def _selected(where: nativeframes.Standing, frames: Frames) -> dict[str, object]:
    own = frames.thread == where.tid
    return {"goid": where.goid, "state": where.state, "thread": frames.thread or None, "own_thread": own}


# Which one


def _which(session: Session, frames: Frames) -> report.Report:
    row = session.goroutines.on_thread(frames.thread)
    goid = frames.goid or (int(session.goroutines.goid[row]) if row >= 0 else 0)
    if not goid:
        said = f"no goroutine is selected: {frames.thread_name} runs none"
        return report.Report({"selected": None}, [report.Text(said)])
    where = _standing(session, goid)
    how = "selected" if frames.goid else f"what {frames.thread_name} runs"
    return _report(session, _selected(where, frames), f"goroutine {goid} ({where.state}) is {how}\n{frames.shown()}")


# Commands


def _on_each(session: Session, frames: Frames, args: argparse.Namespace) -> report.Report:
    line = f"{args.word} {args.line}".strip()
    if not line:
        raise UsageError("which command for each goroutine?", "for example go-goroutine --all bt 3")
    overview = grouping.Overview(session.goroutines, whole=bool(args.function))
    rows = grouping.select(overview, grouping.Wanted(reason=args.reason, function=args.function))
    kept, cut = counts.limited(rows, args.limit, "{:,} more goroutines: --limit N".format)
    notes = [cut] if cut else []
    notes += [] if len(rows) else ["no goroutine is like that"]
    return _results(frames, _standings(session, kept.tolist()), line, _Told, notes)


def _standings(session: Session, rows: Iterable[int]) -> Iterator[nativeframes.Standing | UsageError]:
    for row in rows:
        try:
            yield nativeframes.standing(session.goroutines, session.native_code, row)
        except UsageError as error:
            yield error


_Raised, _Told = False, True
"""What becomes of an error: it ends our command, or it stands where the output would."""


def _results(
    frames: Frames, wheres: Iterable[nativeframes.Standing | UsageError], line: str, told: bool, notes: list[str]
) -> report.Report:
    each = _Each(frames, wheres, line, told, notes)
    return report.Report({"results": report.Rows(each.documents())}, [report.Verbatim(each.texts())], notes)


class _Each:
    """A command run on one goroutine after another, while the answer is written."""

    def __init__(
        self,
        frames: Frames,
        wheres: Iterable[nativeframes.Standing | UsageError],
        line: str,
        told: bool,
        notes: list[str],
    ) -> None:
        self.frames, self.wheres, self.line, self.told, self.notes = frames, wheres, line, told, notes

    def _while_it_stands_still(self) -> Iterator[nativeframes.Standing | UsageError]:
        left = self.frames.left
        for where in self.wheres:
            if self.frames.left != left:
                self.notes.append(f"{self.line} let the program go on: the other goroutines were left out")
                return
            yield where

    def texts(self) -> Iterator[str]:
        for where in self._while_it_stands_still():
            yield _headline(where) if self.told else ""  # now, for the command may print by itself
            output = self._output(where)
            yield output.reason if isinstance(output, report.Absent) else output

    def documents(self) -> Iterator[dict[str, object]]:
        for where in self._while_it_stands_still():
            goid = where.goid if not isinstance(where, UsageError) else None
            yield {"goid": goid, "output": self._output(where)}

    def _output(self, where: nativeframes.Standing | UsageError) -> str | report.Absent:
        try:
            if isinstance(where, UsageError):
                raise where
            with self.frames.visit(where):
                return self.frames.execute(self.line)
        except (CommandFailed, UsageError) as error:
            if not self.told:
                raise
            return report.Absent(error.message)


def _headline(where: nativeframes.Standing | UsageError) -> str:
    return "" if isinstance(where, UsageError) else f"\nGoroutine {where.goid} ({where.state}):\n"


def _complete(session: Session | None, text: str, word: str) -> Sequence[str]:
    return ("off",)


COMMAND = Command(
    name="go-goroutine",
    help="Select a goroutine: the debugger's own bt, up, info locals, print then work on it.",
    description=(
        "Makes goroutine N the selected one, whether it waits, is in a system call or in C, or runs, on a live process "
        "and on a core. One that is on a thread is shown as that thread. Any other one is shown from the registers it "
        "saved, in the place of the selected thread: frame 0 stays that thread's own and is hidden from bt, and what a "
        "register held that Go does not save is <not saved>. Without arguments: which one is selected. off goes back "
        "to the thread. Whatever lets the program go on goes back first; what would act on the borrowed thread "
        "instead of the goroutine (return, finish, jump, until, advance, calling a function) is refused. With CMD, "
        "that one command runs there, and what was selected before stays selected. $go_g(N) in an expression is "
        "the goroutine's runtime.g."
    ),
    examples=[
        ("go-goroutine 29", "goroutine 29: now bt, frame function main.serve, info locals, p ctx …"),
        ("go-goroutine 29 info locals", "one command there, and back"),
        ("go-goroutine --all --in main. --reason chan bt 5", "like thread apply all, for goroutines"),
    ],
    run=run,
    arguments=arguments,
    usage=USAGE,
    runs_commands=True,
    words=("off",),
    all_help="run CMD on every goroutine (--limit N: on the first N)",
    complete=_complete,
)
