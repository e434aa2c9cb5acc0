"""go-stacks as a person and as a program reads it, on made goroutines."""

from __future__ import annotations

import shutil
import subprocess
from functools import partial
from pathlib import Path

import pytest

from gdbext.commands.stacks import COMMAND
from gdbext.errors import UsageError
from gdbext.session import Session
from tests import tools
from tests.commands import asking
from tests.golang.madecode import Code, Function, Gs, Inlined, Stacks
from tests.golang.runtime.test_ancestors import remember
from tests.synthetic import World
from tests.waiting import HANG_SECONDS

ARGS = bytes([0, 8, 0xFE, 8, 8, 0xFD, 0xFF])
DEEP = 130

text, document = partial(asking.text, COMMAND), partial(asking.document, COMMAND)


@pytest.fixture
def session() -> Session:
    """11 and 12 alike, 13 deep, 14 running without a thread, 15 of the runtime's own, one g unreadable."""
    inlined = [Inlined("main.inner", 0x08, 0x40, 0x60)]
    code = Code(
        World(),
        Function("main.f", line=7, funcdata={5: ARGS}, inlined=inlined),
        Function("main.make", line=30),
        Function("runtime.bgsweep", line=40),
    )
    gs, stacks = Gs(code), Stacks(code, 0x4000)
    made = {"gopc": code.pc("main.make"), "parentGoid": 1}
    gs.add(12, stacks.push("runtime.gopark", "main.f", "main.make", "runtime.goexit"), lockedm=1, **made)
    gs.add(11, stacks.push("runtime.gopark", "main.f", "main.make", "runtime.goexit"), **made)
    gs.add(13, stacks.push(*["main.make"] * DEEP, "runtime.goexit"), **made)
    gs.add(14, stacks.push("main.f"), atomicstatus=2, m=gs.machine(procid=7), **made)
    own = {"startpc": code.pc("runtime.bgsweep", 0), "gopc": code.pc("runtime.gopark")}
    gs.add(15, stacks.push("runtime.gopark", "runtime.bgsweep", last=0x1234), **own)
    gs.g.append(0x18)
    gs.finish()
    return Session(code.world.target)


def test_like_runtime_stack(session: Session) -> None:
    """The two words of arguments lie in the caller's frame, made of zeros but for the return address."""
    assert text(session, "12") == (
        "goroutine 12 [chan receive, locked to thread]:\n"
        "main.inner(...)\n\tmain.go:100\n"
        "main.f(0x0, {0x0})\n\tmain.go:7 +0x10\n"
        "main.make()\n\tmain.go:30 +0x10\n"
        "created by main.make in goroutine 1\n\tmain.go:30 +0x10\n"
    )


def in_bubbles(*bubbles: int, **more: int) -> Session:
    """Goroutines 11, 12 … that wait for channels in bubbles; more fields of their records."""
    code = Code(World(), Function("main.f", line=7))
    gs, stacks, world = Gs(code), Stacks(code), code.world
    world.variable("runtime.isIdleInSynctest", 0x01_00_00)
    addresses = {0: 0}
    for number in set(bubbles) - {0}:
        addresses[number] = world.off_heap.take(world.binary.layout("runtime.synctestBubble").size)
        world.put("runtime.synctestBubble", addresses[number], id=number)
    stack = stacks.push("runtime.gopark", "main.f", "runtime.goexit")
    for goid, number in enumerate(bubbles, 11):
        gs.add(goid, stack, bubble=addresses[number], **more)
    gs.finish()
    return Session(world.target)


def test_bubbles() -> None:
    assert text(in_bubbles(3, lockedm=1), "11").startswith(
        "goroutine 11 [chan receive (durable), locked to thread, synctest bubble 3]:\n"
    )
    assert text(in_bubbles(3, waitreason=3), "11").startswith("goroutine 11 [select, synctest bubble 3]:\n")
    runnable = text(in_bubbles(3, atomicstatus=1), "11")
    assert runnable.startswith("goroutine 11 [runnable, synctest bubble 3]:\n")
    (row,) = document(in_bubbles(3), "11")["stacks"]
    assert row["synctest_bubble"] == 3


@pytest.mark.parametrize(
    ("bubbles", "said"),
    [((3, 3), " (durable), synctest bubble 3"), ((3, 4), " (durable)"), ((3, 0), ""), ((0, 0), "")],
)
def test_folded_bubbles(bubbles: tuple[int, int], said: str) -> None:
    session = in_bubbles(*bubbles)
    assert f"2 goroutines [chan receive{said}]: 11, 12\n" in text(session, "--group")
    (group,) = document(session, "--group")["stacks"]
    assert group.get("synctest_bubble") == (3 if bubbles == (3, 3) else None)


def test_remembered_ancestors() -> None:
    code = Code(World(), Function("main.f", line=7), Function("main.make", line=30))
    gs, stacks, made = Gs(code), Stacks(code), code.pc("main.make")
    stack = stacks.push("main.f", "runtime.goexit")
    saved = remember(code, (5, made, [made] * 50), (1, 0, [code.pc("main.f")]))
    gs.add(11, stack, gopc=made, parentGoid=5, ancestors=saved)
    gs.add(12, stack, ancestors=0x18)
    gs.finish()
    session = Session(code.world.target)
    assert text(session, "11") == (
        "goroutine 11 [chan receive]:\n"
        "main.f()\n\tmain.go:7 +0x10\n"
        "created by main.make in goroutine 5\n\tmain.go:30 +0x10\n"
        "[originating from goroutine 5]:\n"
        + "main.make(...)\n\tmain.go:30 +0x10\n"
        * 50
        + "...additional frames elided...\n"
        "created by main.make\n\tmain.go:30 +0x10\n"
        "[originating from goroutine 1]:\n"
        "main.f(...)\n\tmain.go:7 +0x10\n"
    )
    assert text(session, "12").endswith("main.go:7 +0x10\n\t(its ancestors cannot be read)\n")


def test_deep_stacks_lose_their_middle(session: Session) -> None:
    lines = text(session, "13").splitlines()
    assert lines.count("main.make()") == 100 and f"...{DEEP - 100} frames elided..." == lines[101]
    full = text(session, "13 --full").splitlines()
    assert full.count("main.make()") == DEEP and full[-4] == "runtime.goexit()"


def test_what_cannot_be_had_is_said(session: Session) -> None:
    assert text(session, "14").splitlines()[:2] == [
        "goroutine 14 [running]:",
        "\t(running: needs the thread's registers)",
    ]
    own = text(session, "15").splitlines()
    assert own[1:] == [
        *("runtime.gopark()", "\tmain.go:10 +0x10", "runtime.bgsweep()", "\tmain.go:40 +0x10"),
        "\t(a return address outside of Go code)",
    ]
    assert "goroutine unknown [bad status 0x0]:\n\t(unreadable g)" in text(session, "--all")


def test_folded_by_default_without_a_debugger(session: Session) -> None:
    said = text(session)
    assert said == text(session, "--group") and said.startswith(
        "6 goroutines, 5 different stacks\n\n"
        "2 goroutines [chan receive, 1 locked to threads]: 11, 12\n"
        "main.inner(...)\n\tmain.go:100\n"
        "main.f(...)\n\tmain.go:7 +0x10\n"
        "main.make(...)\n\tmain.go:30 +0x10\n"
        "created by main.make in goroutine 1\n\tmain.go:30\n\n"
    )


def test_in_a_debugger_the_selected_one(session: Session) -> None:
    with pytest.raises(UsageError, match="no thread is selected"):
        text(session, debugger="13.1")
    assert text(session, "--group", debugger="13.1") == text(session, "--group")


def test_limits_say_what_they_cut(session: Session) -> None:
    assert "… and 2 more (--all shows them, --group folds them)" in text(session, "--in main. --limit 1")
    assert "… and 4 more stacks (--all shows them)" in text(session, "--limit 1")
    assert len(document(session, "--limit 2")["stacks"]) == 2


def test_json(session: Session) -> None:
    (row,) = document(session, "12")["stacks"]
    frames = row.pop("frames")
    assert row == {
        "goid": 12,
        "status": "waiting",
        "wait_reason": "chan receive",
        "locked": True,
        "waiting_at_least_ns": None,
        "stops": None,
        "created_by": "main.make",
        "created_at": "main.go:30",
        "parent_goid": 1,
        "thread": None,
        "labels": {},
    }
    assert [(each["function"], each["inlined"], each["arguments"]) for each in frames] == [
        ("main.inner", True, "..."),
        ("main.f", False, "0x0, {0x0}"),
        ("main.make", False, ""),
    ]
    assert frames[0]["sp"] == frames[1]["sp"] and int(frames[2]["sp"], 16) - int(frames[1]["sp"], 16) == 32
    running, own, bad = document(session, "--all")["stacks"][3:]
    assert (running["frames"], running["stops"]) == ([], "running: needs the thread's registers")
    assert own["stops"] == "a return address outside of Go code" and bad["stops"] == "unreadable g"


def test_json_folded(session: Session) -> None:
    groups = document(session, "--group")["stacks"]
    assert [(each["count"], each["goid"], each["goids"]) for each in groups[:2]] == [(2, 11, [11, 12]), (1, 13, [13])]


@pytest.mark.parametrize("options", ["--all", "--group", ""])
def test_none_is_said(session: Session, options: str) -> None:
    assert text(session, f"{options} --in no.such").startswith("0 goroutines")


def test_filters(session: Session) -> None:
    assert [row["goid"] for row in document(session, "--in main.inner --all")["stacks"]] == [11, 12]
    assert [row["goid"] for row in document(session, "12 13 --in main.f")["stacks"]] == [12]


@pytest.mark.parametrize("line", ["99", "x", "--in", "--pprof /nowhere/at/all", "-1"])
def test_wrong_usage(session: Session, line: str) -> None:
    with pytest.raises(UsageError):
        text(session, line)


def test_pprof_opens_the_profile(session: Session, tmp_path: Path) -> None:
    """Without the runtime's own goroutine, without goexit, without those whose stacks cannot be had."""
    path = tmp_path / "goroutines.pb.gz"
    assert text(session, f"--pprof {path}").startswith("3 goroutines, 2 different stacks in ")
    assert document(session, f"--pprof {path}")["pprof"] == {"file": str(path), "goroutines": 3, "samples": 2}
    traces = pprof("-traces", path)
    first = (
        "         2   runtime.gopark\n             main.inner (inline)\n             main.f\n             main.make\n"
    )
    assert first in traces and "goexit" not in traces and "bgsweep" not in traces
    assert "Type: goroutine" in pprof("-top", path)


def pprof(how: str, path: Path) -> str:
    """What ``go tool pprof`` says of a profile."""
    command = [tools.go_program(), "tool", "pprof", how, str(path)]
    assert shutil.which(command[0])
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANG_SECONDS, cwd=path.parent)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_names_from_memory_are_one_line_and_no_template() -> None:
    code = Code(World(), Function("main.50%s\nmain.g\x1b[31m", funcdata={5: bytes([0, 8, 255])}))
    gs = Gs(code)
    gs.add(1, Stacks(code).push("main.50%s\nmain.g\x1b[31m", "runtime.goexit"))
    gs.finish()
    said = text(Session(code.world.target), "1")
    assert said.splitlines()[1:] == ["main.50%s\\nmain.g\\x1b[31m(0x0)", "\tmain.go:10 +0x10"]
    assert "main.50%s\\nmain.g\\x1b[31m(...)" in text(Session(code.world.target), "--group")


def test_labels_are_quoted_as_the_runtime_does(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    labels = {"path": "/v1/x_y.z", "a b": 'say "\\"\n', "": "\u202e"}
    monkeypatch.setattr("gdbext.analysis.goroutines.grouping.labels", lambda program, address: labels)
    head = text(session, "12").splitlines()[0]
    assert head == (
        'goroutine 12 [chan receive, locked to thread] {path: /v1/x_y.z, "a b": "say \\"\\\\\\"\\n", : "\\u202e"}:'
    )
