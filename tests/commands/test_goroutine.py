"""go-goroutine as a person and as a program reads it, with a debugger made up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from attrs import define, field

from gdbext.analysis.goroutines.nativeframes import Standing
from gdbext.commands import Look, parse, run_line
from gdbext.commands._frames import CommandFailed
from gdbext.commands.goroutine import COMMAND
from gdbext.errors import UsageError
from gdbext.session import Session
from gdbext.target import Identity
from tests.golang.madecode import Code, Function, Gs, Stacks
from tests.synthetic import World


@define
class Debugger:
    """Frames that show what was asked of them."""

    goid: int = 0
    thread: int = 70
    thread_name: str = "thread 1"
    left: int = 0
    log: list[str] = field(factory=list)

    def select(self, where: Standing) -> str:
        self.goid = 0 if where.tid == self.thread else where.goid
        return f"#1 of {where.goid}\n"

    @contextmanager
    def visit(self, where: Standing) -> Iterator[None]:
        self.log.append(f"to {where.goid}")
        yield
        self.log.append("back")

    def shown(self) -> str:
        return "#0 as it is\n"

    def off(self) -> str:
        self.goid = 0
        return "#0 of before\n"

    def execute(self, line: str) -> str:
        self.log.append(line)
        self.left += line == "continue"
        if line == "bad":
            raise CommandFailed("No symbol table is loaded.")
        return f"said to {line}\n"


@pytest.fixture
def session() -> Session:
    """Goroutines 11 (waits), 12 (in a system call on thread 70) and 13 (nobody knows where)."""
    code = Code(World(), Function("main.f"), Function("main.g"))
    gs, stacks = Gs(code), Stacks(code)
    gs.add(11, stacks.push("main.f", "runtime.goexit"))
    pc, sp, *bounds = stacks.push("main.g", "runtime.goexit")
    gs.add(12, (0, 0, *bounds), atomicstatus=3, syscallpc=pc, syscallsp=sp, m=gs.machine(procid=70))
    gs.add(13, stacks.push("main.g", "runtime.goexit"), sched__sp=8)
    gs.finish()
    code.world.target.debugger = SimpleNamespace()
    return Session(code.world.target)


def say(session: Session, line: str, debugger: Debugger | None = None) -> str:
    return "".join(run_line(COMMAND, line, lambda: session, Look(frames=debugger or Debugger())))


def document(session: Session, line: str, debugger: Debugger | None = None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(say(session, line, debugger))
    return found


@pytest.mark.parametrize(
    ("line", "word", "typed", "wanted"),
    [
        ("", "", "", {}),
        ("12", "12", "", {}),
        ("12 --json", "12", "", {"json": True}),
        ("--json 12 bt -3", "12", "bt -3", {"json": True}),
        ("12 go-ctxchain --json", "12", "go-ctxchain --json", {"json": False}),
        ("12 print 'a  b'", "12", "print 'a  b'", {}),
        ("--all --in main. --reason chan bt 5", "", "bt 5", {"all": True, "function": "main.", "reason": "chan"}),
        ("off", "off", "", {}),
        ("offside", "", "offside", {}),
    ],
)
def test_a_command_stays_as_typed(line: str, word: str, typed: str, wanted: dict[str, object]) -> None:
    args = parse(COMMAND, line)
    assert (args.word, args.line) == (word, typed)
    assert {name: getattr(args, name) for name in wanted} == wanted


def test_selecting(session: Session) -> None:
    assert say(session, "11") == "[Switching to goroutine 11 (waiting, chan receive)]\n#1 of 11\n"
    assert say(session, "12") == "[Switching to goroutine 12 (syscall), thread 1]\n#1 of 12\n"
    selected = {"goid": 11, "state": "waiting, chan receive", "thread": 70, "own_thread": False}
    assert document(session, "11 --json")["selected"] == selected
    assert document(session, "12 --json")["selected"]["own_thread"] is True


def test_which_one(session: Session) -> None:
    assert say(session, "") == "goroutine 12 (syscall) is what thread 1 runs\n#0 as it is\n"
    assert say(session, "", Debugger(11)) == "goroutine 11 (waiting, chan receive) is selected\n#0 as it is\n"
    assert say(session, "", Debugger(thread=99)) == "no goroutine is selected: thread 1 runs none\n"
    assert document(session, "--json", Debugger(thread=99))["selected"] is None


def test_going_back(session: Session) -> None:
    debugger = Debugger(11)
    assert say(session, "off", debugger) == "#0 of before\n"
    assert debugger.goid == 0


def test_one_command(session: Session) -> None:
    debugger = Debugger()
    assert say(session, "11 bt 3", debugger) == "said to bt 3\n"
    assert debugger.log == ["to 11", "bt 3", "back"]
    assert document(session, "--json 11 bt")["results"] == [{"goid": 11, "output": "said to bt\n"}]
    with pytest.raises(CommandFailed, match=r"^No symbol table is loaded\.$"):
        say(session, "11 bad")


def test_a_command_on_each(session: Session) -> None:
    said = say(session, "--all bt")
    assert said == (
        "\nGoroutine 11 (waiting, chan receive):\nsaid to bt\n\nGoroutine 12 (syscall):\nsaid to bt\n"
        "goroutine 13 cannot be shown: stack pointer 0x8 outside of its stack\n"
    )
    assert say(session, "--all --limit 1 bt").endswith("note: 2 more goroutines: --limit N\n")
    assert say(session, "--in main.g bt") == "\nGoroutine 12 (syscall):\nsaid to bt\n"
    assert say(session, "--reason CHAN bad").startswith("\nGoroutine 11 (waiting, chan receive):\nNo symbol table")
    assert document(session, "--all --json bad")["results"][0]["output"] == {"absent": "No symbol table is loaded."}


def test_a_command_that_lets_the_program_go_on_is_the_last(session: Session) -> None:
    debugger = Debugger()
    said = say(session, "--all continue", debugger)
    assert said.endswith("\nnote: continue let the program go on: the other goroutines were left out\n")
    assert debugger.log == ["to 11", "continue", "back"]
    assert len(document(session, "--all --json continue")["results"]) == 1


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("99", "there is no goroutine 99; go-goroutines lists those there are"),
        ("13", "goroutine 13 cannot be shown: stack pointer 0x8 outside of its stack; go-goroutines lists the others"),
        ("main", "'main' is no goroutine's number; go-goroutines lists them"),
        ("--all", "which command for each goroutine?; for example go-goroutine --all bt 3"),
    ],
)
def test_refusals(session: Session, line: str, why: str) -> None:
    with pytest.raises(UsageError) as refused:
        say(session, line)
    assert str(refused.value) == why


def test_without_a_debugger_it_says_what_to_type(session: Session) -> None:
    with pytest.raises(UsageError) as refused:
        "".join(run_line(COMMAND, "11", lambda: session, Look()))
    assert refused.value.message == "only a debugger has frames to select"
    assert refused.value.hint.startswith("type gdb ")
    assert refused.value.hint.endswith("then go-goroutine 11; here, go-stacks 11 shows the stack")


@pytest.mark.parametrize("inside", [False, True])
def test_of_a_copy_it_says_where_the_process_is(session: Session, inside: bool) -> None:
    target: Any = session.target
    target.debugger, target.identity = None, Identity("live", 7)
    with pytest.raises(UsageError) as refused:
        "".join(run_line(COMMAND, "11", lambda: session, Look(frames=Debugger() if inside else None)))
    what, typed = ("process 7 itself, and not this copy,", "attach 7") if inside else ("a debugger", "gdb -p 7")
    assert refused.value.message == f"only {what} has frames to select"
    assert refused.value.hint == f"type {typed}, then go-goroutine 11; here, go-stacks 11 shows the stack"
