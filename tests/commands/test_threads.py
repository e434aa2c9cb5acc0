"""go-threads, go-ancestors and go-stacks --g0 as a person reads them, on made threads."""

from __future__ import annotations

import json
from argparse import Namespace
from types import SimpleNamespace

import pytest

from gdbext.commands import _selected, ancestors, stacks, threads
from gdbext.errors import UsageError
from gdbext.session import Session
from gdbext.target import Thread
from tests.commands.asking import text
from tests.golang.madecode import Code, Function, Gs, Stacks
from tests.synthetic import World

TID = 70


@pytest.fixture
def session() -> Session:
    """Thread 70 (m 0) works for goroutine 11, 71 (m 1) sleeps, 72 is C's; m 2 has none. 11 was made by 9: ended."""
    code = Code(World(), Function("main.f", line=7), Function("runtime.stopm", line=50))
    gs, made = Gs(code), Stacks(code)
    on_g0 = made.push("runtime.stopm", "runtime.mcall", "main.f")
    gs.add(0, on_g0, atomicstatus=6)
    gs.add(0, (0, 0, on_g0[2], on_g0[3]), atomicstatus=6)
    g = gs.add(11, made.push("main.f", "runtime.goexit"), atomicstatus=2, gopc=code.pc("main.f"), parentGoid=9)
    gs.machine(id=0, procid=TID, curg=g, g0=gs.g[1])
    gs.machine(id=1, procid=TID + 1, blocked=1, g0=gs.g[0])
    gs.machine(id=2, procid=TID + 9)
    gs.finish()
    sleeping = Thread(TID + 1, {"rip": on_g0[0], "rsp": on_g0[1]}, selected=True)
    code.world.target.thread_list = [Thread(TID), sleeping, Thread(TID + 2)]
    return Session(code.world.target)


def test_threads(session: Session) -> None:
    assert text(threads.COMMAND, session) == (
        "thread  m  p  goid  doing      in             system call  locked to\n"
        "    70  0  -    11  go         -              -                    -\n"
        "    71  1  -     -  idle       runtime.stopm  -                    -\n"
        "    72  -  -     -  c          -              -                    -\n"
        "    79  2  -     -  scheduler  -              -                    -\n"
        "\n"
        "note: 1 of these threads are known to the Go runtime only, not to the target\n"
        "note: 1 of these threads are unknown to the Go runtime: C made them\n"
    )
    assert "… and 3 more (--all shows them)" in text(threads.COMMAND, session, "--limit 1")
    first = json.loads(text(threads.COMMAND, session, "--json --limit 1"))["threads"]
    assert first == [
        {"tid": 70, "m": 0, "p": None, "goid": 11, "doing": "go", "in": None, "syscall": None, "locked_goid": None}
    ]


def test_system_stacks(session: Session) -> None:
    assert text(stacks.COMMAND, session, "--g0") == (
        "thread 70, m 0, g0 [go]:\n\t(needs the thread's registers)\n\n"
        "thread 71, m 1, g0 [idle]:\n"
        "runtime.stopm()\n\tmain.go:50 +0x10\nruntime.mcall()\n\tmain.go:10 +0x10\n\n"
        "thread 79, m 2, g0 [scheduler]:\n\t(needs the thread's registers)\n"
    )
    assert "… and 2 more (--all shows them)" in text(stacks.COMMAND, session, "--g0 --limit 1")
    rows = json.loads(text(stacks.COMMAND, session, "--g0 --json"))["stacks"]
    assert [(row["goid"], row["thread"], row["m"], row["stack"], row["stops"]) for row in rows[1:]] == [
        (None, 71, 1, "g0", None),
        (None, 79, 2, "g0", "needs the thread's registers"),
    ]
    assert [frame["function"] for frame in rows[1]["frames"]] == ["runtime.stopm", "runtime.mcall"]


def test_ancestors(session: Session) -> None:
    assert text(ancestors.COMMAND, session, "11") == (
        "goroutine 11 [running]\ncreated by main.f\n\tmain.go:7\n\n"
        "goroutine 9, ended\n\t(it has ended and nothing remembers it)\n\n"
        "note: run the program with GODEBUG=tracebackancestors=10 and its goroutines remember their ancestors\n"
    )
    assert "… and 1 more (--all shows them)" in text(ancestors.COMMAND, session, "11 --limit 1")
    absent = {"absent": "it has ended and nothing remembers it"}
    assert json.loads(text(ancestors.COMMAND, session, "11 --json"))["chain"][1] == {
        "goid": 9,
        "alive": False,
        "created_at": absent,
        "function": absent,
        "file": absent,
        "line": absent,
        "start_function": None,
        "known_by": None,
        "stack": [],
    }


@pytest.mark.parametrize(
    ("line", "debugger", "why"),
    [
        ("", "", "which goroutine"),
        ("9", "", "there is no goroutine 9"),
        ("x", "", "not a goroutine number"),
        ("", "13.1", "thread 71 runs no goroutine"),
    ],
)
def test_which_goroutine(session: Session, line: str, debugger: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        text(ancestors.COMMAND, session, line, debugger=debugger)


def test_the_goroutine_that_was_selected_comes_before_the_threads(session: Session) -> None:
    args = Namespace(frames=SimpleNamespace(goid=11))
    assert _selected.selected(session, args, "") == session.goroutines.rows[11]
    with pytest.raises(UsageError, match="there is no goroutine 12"):
        _selected.selected(session, Namespace(frames=SimpleNamespace(goid=12)), "")
    with pytest.raises(UsageError, match="thread 71 runs no goroutine"):
        _selected.selected(session, Namespace(frames=SimpleNamespace(goid=0)), "")
