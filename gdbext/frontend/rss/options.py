"""What ``gdbext rss`` is told."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Sequence
from typing import Any

from attrs import frozen

from gdbext.commands import Parser
from gdbext.errors import UsageError

SECONDS, LEAST_SECONDS, MOST_SECONDS = 60, 2, 7 * 24 * 3600
MOST = 8
"""Programs."""
DESCRIPTION = """\
Record the resident memory of programs side by side, their live heap and how many contexts they have, and say how fast
each grows: N ± M MB/min, of the last two thirds of the time; 19 of 20 times the truth is within. With two or more:
whether the fix held, which means that the second grows less than the first, beyond both errors. A million bytes are a
MB. Programs are never stopped. Those that --run starts are ended when the time is over; Ctrl-C ends it early, with
what was recorded until then."""
EXAMPLES = """\
examples:
  gdbext rss --run './server-leaky' --run './server-fixed' --seconds 120 --plot rss.svg
  gdbext rss --pid 4711 --seconds 600
"""


@frozen
class Options:
    """``programs``: command lines to be started, and processes that run, in the order they were typed."""

    programs: Sequence[list[str] | int]
    seconds: float
    plot: str
    json: bool


class _Add(argparse.Action):
    """--run and --pid keep their order among each other."""

    def __call__(self, parser: Any, namespace: argparse.Namespace, value: Any, option: str | None = None) -> None:
        namespace.programs = [*namespace.programs, value]


def parse(words: Sequence[str]) -> Options | str:
    """The options, or the help text where that was asked for. Raises UsageError."""
    if {"-h", "--help"} & set(words):
        return help_text()
    args = _parser().parse_args(list(words))
    if not args.programs:
        raise UsageError("rss: which programs?", "--run 'COMMAND' starts one, --pid P is one that runs; rss --help")
    if len(args.programs) > MOST:
        raise UsageError(f"rss: {len(args.programs)} programs; at most {MOST}")
    if args.plot and os.path.splitext(args.plot)[1] != ".svg":
        raise UsageError(f"rss: {args.plot}: a picture is an .svg")
    return Options(tuple(args.programs), args.seconds, args.plot, args.json)


def help_text() -> str:
    """What ``gdbext rss --help`` prints."""
    return _parser().format_help()


def _parser() -> Parser:
    parser = Parser(
        prog="gdbext rss",
        usage="gdbext rss (--run 'COMMAND' | --pid P) … [options]",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
        allow_abbrev=False,
    )
    parser.set_defaults(programs=[])
    parser.add_argument("--run", action=_Add, type=_command, metavar="COMMAND", help="start this (no shell)")
    parser.add_argument("--pid", action=_Add, type=_pid, metavar="P", help="a process that runs already")
    parser.add_argument("--seconds", type=_seconds, default=SECONDS, metavar="S", help=f"for so long ({SECONDS})")
    parser.add_argument("--plot", default="", metavar="FILE.svg", help="draw the curves (needs matplotlib)")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("-h", "--help", action="store_true", help="show this text")
    return parser


def _command(text: str) -> list[str]:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: {error}") from error
    if not words:
        raise argparse.ArgumentTypeError("an empty command")
    return words


def _pid(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a process id")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not LEAST_SECONDS <= seconds <= MOST_SECONDS:
        raise argparse.ArgumentTypeError(f"{text!r} is no time from {LEAST_SECONDS} to {MOST_SECONDS} seconds")
    return seconds
