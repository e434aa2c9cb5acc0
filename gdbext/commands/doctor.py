"""go-doctor: what this session can and cannot answer, and why."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from gdbext import report
from gdbext.analysis import declared
from gdbext.commands import Command
from gdbext.compute import abi
from gdbext.errors import GdbextError

if TYPE_CHECKING:
    from gdbext.session import Session


class Ability(NamedTuple):
    """Something a session may be able to do. ``probe`` tries it: what it found, in a few words, or GdbextError."""

    what: str
    probe: Callable[[Session], str]
    next: Sequence[str] = ()
    """Commands worth typing where it works."""


class Verdict(NamedTuple):
    """An ability, whether it works here, and what was found or why not."""

    ability: Ability
    works: bool
    detail: str


def _functions(session: Session) -> str:
    return f"{len(session.symtab.modules)} module" + ("s" if len(session.symtab.modules) != 1 else "")


def _goroutines(session: Session) -> str:
    return f"{len(session.goroutines)} goroutines"


def _heap(session: Session) -> str:
    return f"{len(session.heap.spans.base)} spans"


def _contexts(session: Session) -> str:
    kinds = session.context_types.kinds
    if not kinds:
        raise GdbextError("the program has no type that implements context.Context")
    return f"{len(kinds)} types implement context.Context"


def _variables(session: Session) -> str:
    if not session.target.binary.has_dwarf:
        raise GdbextError("the program has no debug information", "use the build before strip, or its .debug file")
    return "debug information found"


def _registers(session: Session) -> str:
    threads = session.target.threads()
    if not threads:
        raise GdbextError("registers cannot be read here", "attach with GDB, or take a core with gcore")
    return f"{len(threads)} threads"


def _certainty(session: Session) -> str:
    if not session.target.memory.stable:
        raise GdbextError("the program keeps running: answers are of the moment", "for certain ones take a core")
    return "nothing changes while we read"


def _loops(session: Session) -> str:
    if wrong := abi.difference():
        raise GdbextError(wrong, "run install.sh again: it fetches the numba that was tried")
    return "one was asked and is right"


def _expressions(session: Session) -> str:
    if session.target.debugger is None:
        raise GdbextError("no debugger here", "use addresses (0x…) or goroutine numbers, or GDB")
    return "GDB's own"


ABILITIES = (
    Ability("name functions, files and lines", _functions),
    Ability("list goroutines", _goroutines, ("go-goroutines --group stack",)),
    Ability("run compiled loops", _loops),
    Ability("find objects of the heap", _heap),
    Ability("find contexts", _contexts, ("go-ctxtree", "go-ctxchain --all")),
    Ability("read variables by name", _variables),
    Ability("place running goroutines", _registers),
    Ability("evaluate expressions", _expressions, ("go-ctxchain",)),
    Ability("give certain answers", _certainty),
)


def examine(session: Session) -> Iterator[Verdict]:
    """Every ability, tried."""
    for ability in ABILITIES:
        try:
            yield Verdict(ability, True, ability.probe(session))
        except GdbextError as error:
            yield Verdict(ability, False, str(error))


def next_commands(verdicts: Sequence[Verdict]) -> list[str]:
    """Three commands to type: the first of each ability that works, then the others; help where nothing works."""
    working = [verdict.ability.next for verdict in verdicts if verdict.works]
    found = [names[0] for names in working if names] + [name for names in working for name in names[1:]]
    found += ["go-goroutines --help", "go-ctxtree --help", "go-ctxchain --help"]
    return list(dict.fromkeys(found))[:3]


def run(session: Session, args: Namespace) -> report.Report:
    """Raises GdbextError only where there is no Go program at all."""
    fields, names = declared.check_declarations(session.program), declared.check_globals(session.program)
    verdicts = list(examine(session))
    binary = session.target.binary
    document = {
        "go_version": binary.go_version,
        "experiments": list(binary.experiments),
        "gdb": args.debugger or report.Absent("no debugger"),
        "python": python_version(),
        "declarations": _document(fields),
        "globals": _document(names),
        "can": [f"{verdict.ability.what}: {verdict.detail}" for verdict in verdicts if verdict.works],
        "cannot": [f"{verdict.ability.what}: {verdict.detail}" for verdict in verdicts if not verdict.works],
        "next": next_commands(verdicts),
    }
    return report.Report(document, _blocks(session, args, fields, names, verdicts))


def python_version() -> str:
    return ".".join(map(str, sys.version_info[:3]))


def _document(fit: declared.Fit) -> dict[str, object]:
    return {"ok": fit.ok, "missing": [f"{name}: {why}" for name, why in fit.missing]}


def _blocks(
    session: Session, args: Namespace, fields: declared.Fit, names: declared.Fit, verdicts: Sequence[Verdict]
) -> list[report.Block]:
    rows = [("yes" if verdict.works else "NO", verdict.ability.what, verdict.detail) for verdict in verdicts]
    blocks: list[report.Block] = [
        report.Text(f"{_program(session)}\n{_tools(args)}"),
        report.Table([report.Heading("works"), report.Heading("what"), report.Heading("found")], rows),
        report.Text(
            f"Checked: {_counted(fields, 'declared fields fit this binary')}, {_counted(names, 'globals found')}."
        ),
    ]
    blocks += [report.Text(f"missing: {name}: {why}", "warning") for name, why in fields.missing + names.missing]
    return blocks + [report.Text("Type next:\n" + "\n".join(f"  {line}" for line in next_commands(verdicts)))]


def _program(session: Session) -> str:
    target, binary = session.target, session.target.binary
    kind = {"core": "a core of", "live": "stopped:", "running": "running:"}[target.identity.kind]
    built = f"{binary.go_version}, {binary.arch}"
    experiments = f", experiments {', '.join(binary.experiments)}" if binary.experiments else ""
    pid = f", process {target.identity.pid}" if target.identity.pid else ""
    return f"A Go program, {kind} {binary.path}{pid} ({built}{experiments})"


def _tools(args: Namespace) -> str:
    return f"Read with {f'GDB {args.debugger}' if args.debugger else 'no debugger'}, Python {python_version()}"


def _counted(fit: declared.Fit, what: str) -> str:
    total = fit.ok + len(fit.missing)
    return f"{fit.ok} of {total} {what}" if fit.missing else f"all {total} {what}"


COMMAND = Command(
    name="go-doctor",
    help="Say what works on this program and what does not, and why.",
    description=(
        "Names the Go release and experiments of the program, checks every structure that the commands rely on\n"
        "against this very binary, tries what can be answered, and ends with three commands to type next."
    ),
    examples=(
        ("go-doctor", "the Go release, what works, what does not and why"),
        ("go-doctor --json", 'the same for scripts; "cannot" is empty when all is well'),
    ),
    run=run,
)
