"""COMMANDS.md: the commands' own help texts. ``python -m gdbext --markdown > COMMANDS.md`` writes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gdbext.commands import Command
from gdbext.frontend.where import render_where

INTRODUCTION = """\
# Commands

Written by `python -m gdbext --markdown > COMMANDS.md` from the commands themselves; a test keeps it current.

In GDB a command is typed as shown; `help go-` lists all of them, and `help go-…` prints the same text as `go-… --help`.
Without a debugger:

    python -m gdbext core EXE CORE go-…     a core file
    python -m gdbext pid PID go-…           a running process; it is never stopped
    python -m gdbext live PID go-…          the same, stopped for as long as copying it takes
    python -m gdbext dlv ADDRESS EXE go-…   what a headless Delve holds; a program that runs is refused
    python -m gdbext dlv ADDRESS EXE --halt go-…   stops it for as long as copying takes what is asked for
    python -m gdbext go-diff BEFORE AFTER   two files of go-heapdump, no program

Of programs that are measured while they run, side by side: [rss](#rss).

In Delve some of them exist as scripts, with options of their own (`dlv … --init ~/.local/share/gdbext/init.dlv`, then
`help go-…`).

Settings in GDB:

    set go-limit N|unlimited     how many rows are shown (100); --limit and --all say otherwise for one command
    set go-color auto|on|off     colours; auto: only at a terminal
    set go-traceback on|off      whether an error says where it came from

`$go_ctx(EXPRESSION)` in any GDB expression is the address of the context behind EXPRESSION, `$go_g(N)` goroutine N's
`runtime.g`.

"""


def render_markdown(commands: Iterable[Command], rss: str) -> Iterator[str]:
    """The whole document. ``rss``: the help text of ``gdbext rss``."""
    known = list(commands)
    yield INTRODUCTION
    yield "| command | what it does |\n|---|---|\n"
    for command in known:
        yield f"| [{command.name}](#{command.name}) | {command.help} |\n"
    yield from render_where(known)
    for command in known:
        yield f"\n## {command.name}\n\n```text\n{command.help_text()}\n```\n"
    yield f"\n## rss\n\n```text\n{rss.rstrip()}\n```\n"
