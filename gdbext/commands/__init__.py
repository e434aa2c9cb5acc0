"""What the user types: the registry of commands, how a command line is read, how an answer leaves.

``commands/goroutines.py`` is go-goroutines; nothing is registered by hand. The debugger loads all of them at its start,
so what they import of the engine is imported when it is first used (``later.py``): modules, not names of them::

    from gdbext import report
    def arguments(parser):  parser.add_argument("--status", metavar="S", help="only goroutines in this state")
    def run(session, args): return report.Report({"goroutines": report.Rows(…)}, [report.Table(…)])

    COMMAND = Command(name="go-goroutines", help="List goroutines.", …)

``args`` has, besides what ``arguments`` declared:

    json    an answer for a machine is wanted
    limit   how many rows to show, None for all: ``--limit N``, else the front end's setting (none under --json)
    bound   the same where ``--json`` has bounds too, for rows that are there by the million; None under ``--all``
    all     ``--all`` was typed
    values  context values may be shown: typed ``--values``, or text at a terminal
    typed_values  ``--values`` was typed: they may go to files too
    typed_limit  what ``--limit`` was typed with, None where it was not
    gdb     the version of the GDB we are in, "" without one
    frames  what can make a goroutine the debugger's selected one, None where there is no debugger
    going   what can let the program go on and stop it again, None where there is no debugger
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import re
import shlex
import textwrap
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from gdbext.commands._line import take_command, take_expression, typed_line
from gdbext.errors import UsageError
from gdbext.later import later

if TYPE_CHECKING:
    from gdbext.commands._frames import Frames
    from gdbext.commands._going import Going
    from gdbext.report import Report
    from gdbext.session import Session

ENGINE = ("numpy", *(f"gdbext.{layer}" for layer in "compute binary target golang analysis report store views".split()))
"""What commands import later."""
WIDTH = 100
"""Columns of a help text: the same in every host, so that COMMANDS.md does not depend on a terminal."""


SNAPSHOT = "in GDB, of an attached process: copy it, detach so that it runs on, and answer from the copy"
"""(A goroutine's frames are the debugger's own: go-goroutine needs the process.)"""


def _nothing_more(parser: argparse.ArgumentParser) -> None:
    """A command with the common options only."""


def _needs_a_target(args: argparse.Namespace) -> Report | None:
    """A command that is asked of a program."""
    return None


def _nothing_to_complete(session: Session | None, text: str, word: str) -> Iterable[str]:
    return ()


class Command(NamedTuple):
    """One command. ``run`` answers; everything else describes. (attrs would be half of a GDB's start.)"""

    name: str
    help: str
    """One line, a sentence."""
    description: str
    examples: Sequence[tuple[str, str]]
    """(what to type, what it shows), two at least."""
    run: Callable[[Session, argparse.Namespace], Report]
    arguments: Callable[[argparse.ArgumentParser], None] = _nothing_more
    usage: str = ""
    """What may follow the name, in one line; "[options]" unless given."""
    expression: bool = False
    """The words that are no options are one debugger expression, kept as typed, in ``args.expression`` ("" if none)."""
    runs_commands: bool = False
    """A number or one of ``words`` goes to ``args.word``, a debugger's command after it, as typed, to ``args.line``."""
    words: Sequence[str] = ()
    values: bool = False
    """Offers ``--values``."""
    all_help: str = "show every row"
    shown: int | None = None
    """How many rows unless somebody asks for another number; None: as many as the front end's setting says."""
    complete: Callable[[Session | None, str, str], Iterable[str]] = _nothing_to_complete
    """More words that can follow ``text`` and start with ``word``; the options are completed without it."""
    offline: Callable[[argparse.Namespace], Report | None] = _needs_a_target
    """What is answered without any program; None where one is needed, which ``run`` is given."""

    def help_text(self) -> str:
        """The same text for ``help go-…`` and ``go-… --help``."""
        return f"{self.help}\n\n{build_parser(self).format_help().rstrip()}"


class Look(NamedTuple):
    """How a front end wants answers. ``limit``: None for no limit; ``width``: None for no cutting of lines."""

    limit: int | None = 100
    color: bool = False
    width: int | None = None
    terminal: bool = False
    debugger: str = ""
    """The version of the debugger in which it was typed; "" where there is none."""
    frames: Frames | None = None
    snapshot: Callable[[], Session] | None = None
    """What copies the target and lets it go; None where there is no debugger that holds it."""
    going: Going | None = None


LOOK = Look()


class Help(Exception):
    """``--help`` was typed; the text is the argument. Never leaves this module."""


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """``-g, --goroutine N`` in every Python (before 3.13 argparse repeats the N)."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=26, width=WIDTH)

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if not action.option_strings or action.nargs == 0:
            return super()._format_action_invocation(action)
        return f"{', '.join(action.option_strings)} {action.metavar or action.dest.upper()}"


class _ShowHelp(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *ignored: object) -> NoReturn:
        raise Help


class Parser(argparse.ArgumentParser):
    """argparse that raises UsageError and never exits: a SystemExit inside a command ends GDB 18."""

    color = False
    """Python 3.14 would colour help texts."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{self.prog}: {message}", f"{self.prog} --help explains")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        raise UsageError(f"{self.prog}: {message or 'wrong usage'}", f"{self.prog} --help explains")


def build_parser(command: Command) -> Parser:
    """The parser of one command: its own arguments, then the common options."""
    parser = Parser(
        prog=command.name,
        usage=f"{command.name} {command.usage or '[options]'}",
        description=_wrapped(command.description),
        epilog=_examples(command),
        formatter_class=_HelpFormatter,
        add_help=False,
        allow_abbrev=False,
    )
    command.arguments(parser)
    if command.values:
        parser.add_argument("--values", action="store_true", help="show context values in JSON and in files too")
    if not command.runs_commands:
        parser.add_argument("--snapshot", action="store_true", help=SNAPSHOT)
    parser.add_argument("--json", action="store_true", help="print one JSON document with every row")
    parser.add_argument("--limit", type=count, metavar="N", help="show at most N rows")
    parser.add_argument("--all", action="store_true", help=command.all_help)
    parser.add_argument("-h", "--help", nargs=0, action=_ShowHelp, help="show this text")
    return parser


def _wrapped(text: str) -> str:
    """Lines that are too long are filled, the others stay as they are: tables and lists keep their shape."""
    lines = (textwrap.wrap(line, WIDTH) if len(line) > WIDTH + 10 else [line] for line in text.split("\n"))
    return "\n".join(line for filled in lines for line in filled)


def _examples(command: Command) -> str:
    return "\n".join(["examples:"] + [f"  {typed}\n      {shows}" for typed, shows in command.examples])


def goid(text: str) -> int:
    """An argument type: a goroutine's number."""
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a goroutine number; go-goroutines lists them")
    return int(text)


def address(text: str) -> int:
    """An argument type: ``0x…``. A bare number is refused, for nobody can tell which base was meant."""
    if re.fullmatch(r"0[xX][0-9a-fA-F]{1,16}", text):
        return int(text, 16)
    if re.fullmatch(r"[0-9a-fA-F]+", text):
        raise argparse.ArgumentTypeError(f"write addresses as 0x…: 0x{text}?")
    raise argparse.ArgumentTypeError(f"{text!r} is not an address (0x…)")


def count(text: str) -> int:
    """An argument type: 0 or more."""
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 0 or more")
    return int(text)


def several(text: str) -> int:
    """An argument type: 1 or more."""
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 1 or more")
    return int(text)


def seconds(text: str) -> float:
    """An argument type: more than 0."""
    try:
        found = float(text)
    except ValueError:
        found = 0
    if not 0 < found < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return found


def registry() -> dict[str, Command]:
    """Every command by name: the ``COMMAND`` of each module of this package."""
    found = {}
    names = [module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")]
    with later(*ENGINE):
        for name in names:
            command = importlib.import_module(f"{__name__}.{name}").COMMAND
            found[command.name] = command
    return found


def parse(command: Command, line: str | Sequence[str], look: Look = LOOK) -> argparse.Namespace:
    """The arguments of a line as typed at a prompt, or of a shell's words. Raises UsageError, Help."""
    parser, word, typed = build_parser(command), "", ""
    if command.runs_commands:
        words, word, typed = take_command(parser, command.words, typed_line(line))
    elif command.expression:
        words, expression = take_expression(parser, typed_line(line))
    else:
        words, expression = _split(command, line) if isinstance(line, str) else list(line), ""
    args = parser.parse_args(words)
    if command.expression:
        args.expression = expression
    args.word, args.line, args.debugger, args.frames = word, typed, look.debugger, look.frames
    args.going = look.going
    args.typed_values, args.typed_limit = getattr(args, "values", False), args.limit
    args.values = args.typed_values or (look.terminal and not args.json)
    args.bound = look.limit if args.limit is None and not args.all else args.limit
    if args.json or (args.all and args.limit is None):
        return args
    usual = [limit for limit in (look.limit, command.shown) if limit is not None]
    args.limit = min(usual, default=None) if args.limit is None and look.limit is not None else args.limit
    return args


def _split(command: Command, line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError as error:
        raise UsageError(f"{command.name}: {error}", "quotes must be closed") from None


def run_line(
    command: Command, line: str | Sequence[str], open_session: Callable[[], Session], look: Look = LOOK
) -> Generator[str, None, None]:
    """Read the line, ask, and yield the answer as pieces of text. Raises GdbextError."""
    try:
        args = parse(command, line, look)
    except Help:
        yield command.help_text() + "\n"
        return
    report, target = _answered(command, args, open_session, look)
    if args.json:
        from gdbext.report.jsontext import render_json

        yield from render_json(command.name, target, report)
    else:
        from gdbext.report.text import render_text

        yield from render_text(report, color=look.color, width=look.width)


def _answered(
    command: Command, args: argparse.Namespace, open_session: Callable[[], Session], look: Look
) -> tuple[Report, Mapping[str, object]]:
    """The answer, and what JSON says of the target."""
    if (report := command.offline(args)) is not None:
        return report, report.target or {}
    session = _copied(look) if getattr(args, "snapshot", False) else open_session()
    return with_target_notes(session, command.run(session, args)), describe(session)


def _copied(look: Look) -> Session:
    if look.snapshot is None:
        raise UsageError("--snapshot is for a process that GDB holds", "without GDB, python -m gdbext live PID does it")
    return look.snapshot()


def with_target_notes(session: Session, report: Report) -> Report:
    """The report with what is to be said of the target itself (a truncated core …) before its own notes."""
    from attrs import evolve

    told: Sequence[str] = getattr(session.target, "notes", ())
    return evolve(report, notes=_Notes(told, report.notes)) if told else report


class _Notes(Sequence[str]):
    """Two lists as one; the second may grow while rows are written."""

    def __init__(self, first: Sequence[str], second: Sequence[str]) -> None:
        self.parts = (first, second)

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def __getitem__(self, index: Any) -> Any:
        return [note for part in self.parts for note in part][index]


def describe(session: Session) -> dict[str, object]:
    """What every JSON document says of its target."""
    target = session.target
    return {
        "kind": target.identity.kind,
        "exe": target.binary.path,
        "pid": target.identity.pid,
        "go_version": target.binary.go_version,
        "arch": target.binary.arch,
        "stopped_ns": target.identity.stopped_ns,
    }


def completions(command: Command, session: Session | None, text: str, word: str) -> list[str]:
    """Words that can stand where ``word`` (the end of ``text``) is being typed."""
    names = [name for action in build_parser(command)._actions for name in action.option_strings]
    found = [name for name in names if name.startswith("--") and name.startswith(word)] if word[:1] == "-" else []
    return found + [more for more in command.complete(session, text, word) if more.startswith(word)]


__all__ = ["Command", "Look", "Parser", "address", "completions", "count", "goid", "parse", "registry", "run_line"]
