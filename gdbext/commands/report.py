"""go-report: what the other commands say, as one page for a browser."""

from __future__ import annotations

import argparse
import datetime
import os
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from gdbext import report
from gdbext.analysis.contexts import tree
from gdbext.analysis.goroutines import grouping
from gdbext.commands import Command, ctxleaks, ctxtree, goroutines, histogram, mem, parse, retained, triage
from gdbext.errors import GdbextError
from gdbext.report import cells, html
from gdbext.report.html import page
from gdbext.store import given
from gdbext.views import contextbranches, goroutinegroups, retainedareas, retainedrows, verdicts

if TYPE_CHECKING:
    from gdbext.session import Session

KINDS = {"core": "a core", "live": "a stopped process", "running": "a process that runs"}
STACKS = 500
"""Different ones that the page has."""
UNPROVED = "Which contexts are lost is not known: {}"


class Answer(NamedTuple):
    """What a part of the page is made of."""

    blocks: Iterable[html.Shown]
    notes: Sequence[str] = ()
    sentence: str = ""


class Part(NamedTuple):
    """What becomes a section of the page (``html.Section``). ``ask`` raises GdbextError where it cannot be had."""

    name: str
    title: str
    command: str
    ask: Callable[[Session, argparse.Namespace], Answer]


def arguments(parser: argparse.ArgumentParser) -> None:
    """go-report's own argument."""
    parser.add_argument(
        "file", metavar="FILE", help="where to: one that an earlier go-report wrote is replaced, nothing else"
    )


def run(session: Session, args: argparse.Namespace) -> report.Report:
    """The file, and what could not be put into it. Raises GdbextError."""
    path = given.path_of(args.file)
    given.check(path, page.is_page)
    answers = {part.name: _answer(part, session, args) for part in PARTS}
    sentence = _sentence(answers["leaks"])
    sections = [_section(part, answers[part.name]) for part in PARTS]
    name = os.path.basename(session.target.binary.path)
    session.doing = "writing the page"
    notes: Sequence[str] = getattr(session.target, "notes", ())
    written = page.render(html.Page(f"{name}: what its memory holds", sentence, _facts(session), sections, notes))
    given.write(path, [written.data], len(written.data), page.is_page)
    document = {
        "file": str(path),
        "size": len(written.data),
        "sentence": sentence,
        "parts": [{"name": part.name, "why_not": written.lacking.get(part.name)} for part in PARTS],
    }
    lines = [f"{path}: {cells.human_bytes(len(written.data))}, for a browser"]
    lines += [f"not in it: {part.title}: {why}" for part in PARTS if (why := written.lacking.get(part.name))]
    return report.Report(document, [report.Text(sentence, "heading"), report.Lines(lines)])


def _answer(part: Part, session: Session, args: argparse.Namespace) -> Answer | str:
    try:
        return part.ask(session, args)
    except GdbextError as error:
        return str(error)


def _sentence(leaks: Answer | str) -> str:
    return UNPROVED.format(leaks) if isinstance(leaks, str) else leaks.sentence


def _section(part: Part, found: Answer | str) -> html.Section:
    if isinstance(found, str):
        return html.Section(part.name, part.title, part.command, why=found)
    return html.Section(part.name, part.title, part.command, found.blocks, found.notes)


def _facts(session: Session) -> list[tuple[str, report.Cell]]:
    target = session.target
    pid = f", process {target.identity.pid}" if target.identity.pid else ""
    now = datetime.datetime.now(datetime.timezone.utc)
    return [
        ("program", report.Hostile(target.binary.path)),
        ("looked at", f"{KINDS.get(target.identity.kind, target.identity.kind)}{pid}"),
        ("Go", f"{target.binary.go_version}, {target.binary.arch}"),
        ("written", f"{now:%Y-%m-%d %H:%M} UTC"),
    ]


# Parts


def _said(command: Command, options: str) -> Callable[[Session, argparse.Namespace], Answer]:
    """What another command says."""

    def ask(session: Session, args: argparse.Namespace) -> Answer:
        found = command.run(session, parse(command, options))
        return Answer(found.blocks, found.notes, str(found.document.get("sentence", "")))

    return ask


def _contexts(session: Session, args: argparse.Namespace) -> Answer:
    every, reached = session.contexts, session.reached_contexts
    judged = session.judged if session.target.memory.stable else None
    labels = verdicts.labels(judged) if judged is not None else None
    forest = tree.Forest.of(every, None, reached.mask, labels)
    grown = contextbranches.branches(forest, session.context_rows, judged, args.typed_values)
    counted = [report.Text(line, "heading") for line in ctxtree.header(session)]
    return Answer([*counted, grown], [*every.notes, *reached.notes])


def _retained(session: Session, args: argparse.Namespace) -> Answer:
    found = retained.COMMAND.run(session, parse(retained.COMMAND, "--limit 500"))
    names = retainedrows.Names(session.dominators, session.lookup, session.root_names)
    return Answer([retainedareas.areas(names), *found.blocks], found.notes)


def _goroutines(session: Session, args: argparse.Namespace) -> Answer:
    overview = grouping.Overview(session.goroutines, whole=True, deepest=grouping.deepest("", folded=True))
    rows = grouping.select(overview, grouping.Wanted())
    groups = grouping.group(rows, grouping.by_stack(overview))
    every = goroutines.COMMAND.run(session, parse(goroutines.COMMAND, "--limit 5000"))
    return Answer([goroutinegroups.placed(overview, groups[:STACKS]), *every.blocks], every.notes)


PARTS = (
    Part("findings", "What stands out", "go-triage", _said(triage.COMMAND, "--all")),
    Part("leaks", "Contexts that are lost", "go-ctxleaks", _said(ctxleaks.COMMAND, "--limit 2000")),
    Part("memory", "Where the memory goes", "go-mem", _said(mem.COMMAND, "")),
    Part("retained", "What keeps it alive", "go-retained", _retained),
    Part("contexts", "All contexts", "go-ctxtree --verdict", _contexts),
    Part("goroutines", "Goroutines", "go-goroutines --group stack", _goroutines),
    Part("types", "The heap by type", "go-histogram", _said(histogram.COMMAND, "--limit 5000")),
)
"""In the order of the page. The first asks for the memory's figures before anything else is read."""

COMMAND = Command(
    name="go-report",
    help="Write all of it as one page for a browser: leaks, memory, contexts, what keeps what alive.",
    description=(
        "One HTML file that needs no network: the leak in a sentence, what go-triage finds, where the memory goes,\n"
        "what keeps it alive as a picture and as a table, the forest of contexts to unfold, goroutines by stack, and\n"
        "types.\n"
        "Its search finds every context by its address, also those of folded families, and any text. It is readable\n"
        "on a phone, in the dark and printed, and its Content-Security-Policy lets nothing run or load but its own\n"
        "script. Context values are not in it unless --values was typed. What cannot be had (of a process that runs\n"
        "nothing can be proved; a torn heap) is named in its place with the reason, and the rest is there."
    ),
    examples=(
        ("go-report /tmp/report.html", "then open it in a browser, or attach it to a ticket"),
        ("go-report report.html --json", "the same, and for scripts the sentence and what is not in the page"),
    ),
    usage="FILE [options]",
    arguments=arguments,
    run=run,
    values=True,
)
