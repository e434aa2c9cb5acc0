"""How a command line is read and an answer leaves; every registered command keeps the rules."""

from __future__ import annotations

import json
import re
from argparse import ArgumentParser, Namespace
from types import SimpleNamespace
from typing import Any

import pytest

from gdbext.commands import Command, Look, address, completions, goid, parse, registry, run_line
from gdbext.errors import UsageError
from gdbext.report import Report, Text
from gdbext.target import Identity


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("-g", "--goroutine", type=goid, metavar="N", help="that goroutine")
    parser.add_argument("--at", type=address, metavar="0xADDR", help="there")


def answer(session: Any, args: Namespace) -> Report:
    return Report({"limit": args.limit}, [Text(f"limit {args.limit}")], ["a note of the answer"])


def command(**more: Any) -> Command:
    examples = (("go-x", "all"), ("go-x -g 1", "one"))
    fields = {"name": "go-x", "help": "Do x.", "description": "Does x.", "examples": examples, "run": answer}
    return Command(**{**fields, "arguments": arguments, **more})  # type: ignore[arg-type]


def session() -> Any:
    binary = SimpleNamespace(path="/bin/x", go_version="go1.27.3", arch="amd64")
    return SimpleNamespace(
        target=SimpleNamespace(identity=Identity("core", 7), binary=binary, notes=["a note of the target"])
    )


@pytest.mark.parametrize(
    ("line", "expression", "wanted"),
    [
        ("", "", {}),
        ("ctx", "ctx", {}),
        ("-g 17 --json", "", {"goroutine": 17, "json": True}),
        ("*(context.Context*)0xc000 + 'a  b' --limit 5", "*(context.Context*)0xc000 + 'a  b'", {"limit": 5}),
        ("--json s.ctx", "s.ctx", {"json": True}),
        ("--limit 7 s.ctx[1] --json", "s.ctx[1]", {"limit": 7, "json": True}),
        ("a - b", "a - b", {}),
        ("-x", "-x", {}),
        ("a --b", "a --b", {}),
        ("-- -g --json", "-g --json", {"json": False}),
        ("s.--json --all", "s.--json", {"all": True}),
    ],
)
def test_expressions_stay_as_typed(line: str, expression: str, wanted: dict[str, object]) -> None:
    args = parse(command(expression=True), line)
    assert args.expression == expression
    assert {name: getattr(args, name) for name in wanted} == wanted


def test_a_prompt_is_split_as_a_shell_would() -> None:
    parsed = parse(command(arguments=lambda parser: parser.add_argument("words", nargs="*")), "a 'b c' \"d e\"")
    assert parsed.words == ["a", "b c", "d e"]


@pytest.mark.parametrize(
    ("line", "limit"),
    [("", 100), ("--limit 3", 3), ("--all", None), ("--all --limit 3", 3), ("--json", None), ("--json --limit 3", 3)],
)
def test_limits(line: str, limit: int | None) -> None:
    assert parse(command(), line).limit == limit


@pytest.mark.parametrize(
    ("line", "terminal", "shown"),
    [
        ("", True, True),
        ("", False, False),
        ("--values", False, True),
        ("--json", True, False),
        ("--json --values", True, True),
    ],
)
def test_values_are_shown_at_a_prompt_and_masked_elsewhere(line: str, terminal: bool, shown: bool) -> None:
    assert parse(command(values=True), line, Look(terminal=terminal)).values is shown


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--nope", "go-x: unrecognized arguments: --nope"),
        ("-g x", "go-x: argument -g/--goroutine: 'x' is not a goroutine number; go-goroutines lists them"),
        ("--at 824634", "go-x: argument --at: write addresses as 0x…: 0x824634?"),
        ("--at here", "go-x: argument --at: 'here' is not an address (0x…)"),
        ("--limit -1", "go-x: argument --limit: '-1' is not a number of 0 or more"),
        ("--lim 3", "go-x: unrecognized arguments: --lim 3"),
        ("'open", "go-x: No closing quotation"),
    ],
)
def test_wrong_usage_is_an_error_that_can_be_caught(line: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        parse(command(), line)
    assert error.value.message == message


def test_addresses_are_read_as_printed() -> None:
    assert parse(command(), "--at 0xC000012345").at == 0xC000012345


def test_the_help_text() -> None:
    assert command(usage="[-g N]", values=True).help_text() == (
        "Do x.\n"
        "\n"
        "usage: go-x [-g N]\n"
        "\n"
        "Does x.\n"
        "\n"
        "options:\n"
        "  -g, --goroutine N  that goroutine\n"
        "  --at 0xADDR        there\n"
        "  --values           show context values in JSON and in files too\n"
        "  --snapshot         in GDB, of an attached process: copy it, detach so that it runs on, and answer\n"
        "                     from the copy\n"
        "  --json             print one JSON document with every row\n"
        "  --limit N          show at most N rows\n"
        "  --all              show every row\n"
        "  -h, --help         show this text\n"
        "\n"
        "examples:\n"
        "  go-x\n"
        "      all\n"
        "  go-x -g 1\n"
        "      one"
    )


@pytest.mark.parametrize("line", ["-h", "--help", "--json --help", "x y -h"])
def test_help_needs_no_program(line: str) -> None:
    def nothing_there() -> Any:
        raise AssertionError("asked for a session")

    assert "".join(run_line(command(expression=True), line, nothing_there)) == command().help_text() + "\n"


def test_a_text_answer_ends_with_the_notes_of_target_and_report() -> None:
    said = "".join(run_line(command(), "--limit 2", session))
    assert said == "limit 2\n\nnote: a note of the target\nnote: a note of the answer\n"


def test_a_json_answer_says_what_it_is_about() -> None:
    document = json.loads("".join(run_line(command(), ["--json"], session)))
    assert document == {
        "command": "go-x",
        "schema": 1,
        "target": {
            "kind": "core",
            "exe": "/bin/x",
            "pid": 7,
            "go_version": "go1.27.3",
            "arch": "amd64",
            "stopped_ns": None,
        },
        "limit": None,
        "notes": ["a note of the target", "a note of the answer"],
    }


def test_options_are_completed_and_the_commands_own_words() -> None:
    own = command(complete=lambda session, text, word: ["0xc000", "0xd000", "main"])
    assert completions(own, None, "--l", "--l") == ["--limit"]
    assert completions(own, None, "0xc", "0xc") == ["0xc000"]
    assert completions(own, None, "", "") == ["0xc000", "0xd000", "main"]


every_command = pytest.mark.parametrize("each", registry().values(), ids=lambda each: each.name)


@every_command
def test_every_command_explains_itself(each: Command) -> None:
    assert re.fullmatch(r"go-[a-z]+(-[a-z]+)?", each.name)
    assert each.name not in ("go-dump", "go-type"), "pwndbg's"
    assert re.fullmatch(r"[A-Z].*\.", each.help)
    assert len(each.help) <= 90
    assert len(each.examples) >= 2
    assert all(len(line) <= 110 for line in each.help_text().splitlines())


@every_command
def test_every_example_is_a_line_that_the_command_takes(each: Command) -> None:
    for typed, shows in each.examples:
        typed = typed.removeprefix("pipe ").split(" | ")[0]
        name, _, line = typed.partition(" ")
        assert name == each.name
        assert shows
        parse(each, line)
