"""Sourced by GDB in tests: commands that go wrong in every way, on a session without a program."""

from __future__ import annotations

from argparse import Namespace
from types import SimpleNamespace

import gdb

from gdbext.commands import Command
from gdbext.errors import MemoryFault
from gdbext.frontend.gdb import commands
from gdbext.frontend.gdb.settings import Settings
from gdbext.report import Absent, Address, Heading, Report, Table, Text
from gdbext.target import Identity

BINARY = SimpleNamespace(path="/bin/x", go_version="go1.27.3", arch="amd64")
SESSION = SimpleNamespace(
    target=SimpleNamespace(notes=(), identity=Identity("core", None), binary=BINARY), close=lambda: None
)


class NoProgram(commands.Sessions):
    """Answers without a target."""

    def current(self):  # type: ignore[no-untyped-def]
        return SESSION


def fail(session: object, args: Namespace) -> Report:
    if args.how == "fault":
        raise MemoryFault(0xC000, 8)
    if args.how == "gdb":
        gdb.parse_and_eval("no_such_symbol_anywhere")
    if args.how == "memory":
        raise MemoryError
    if args.how == "deep":
        return fail(session, args)
    if args.how == "interrupt":
        raise KeyboardInterrupt
    if args.how == "stop":
        gdb.write("it goes on\n")
        gdb.flush()
        while True:
            pass
    if args.how == "exit":
        raise SystemExit(3)
    return {}["a key\nof two lines"]  # type: ignore[no-any-return]


def show(session: object, args: Namespace) -> Report:
    secret, count = f"secret {args.values}", args.limit or 0
    rows = [[index, Address(0xC000 + index), Absent("torn"), secret] for index in range(count)]
    columns = [Heading("n", "right"), Heading("address"), Heading("why"), Heading("value")]
    return Report({"limit": args.limit, "gdb": args.debugger}, [Text("Head", "heading"), Table(columns, rows)])


def register(name: str, run: object, argument: bool) -> None:
    command = Command(
        name=name,
        help="Be tested.",
        description="Only in tests.",
        examples=((name, "nothing"), (f"{name} -h", "this")),
        run=run,  # type: ignore[arg-type]
        arguments=(lambda parser: parser.add_argument("how")) if argument else (lambda parser: None),  # type: ignore
        values=True,
        complete=lambda session, text, word: ["alpha", "beta-one", "0xc000"],
    )
    commands._Command(command, NoProgram(), settings, command.help_text())


class Existing:
    """The settings that loading the extension registered, read by name."""

    look = Settings.look

    @property
    def color(self) -> SimpleNamespace:
        return SimpleNamespace(value=gdb.parameter("go-color"))

    @property
    def limit(self) -> SimpleNamespace:
        return SimpleNamespace(value=gdb.parameter("go-limit"))

    @property
    def traceback(self) -> SimpleNamespace:
        return SimpleNamespace(value=gdb.parameter("go-traceback"))


settings = Existing()
register("go-testfail", fail, True)
register("go-testshow", show, False)
