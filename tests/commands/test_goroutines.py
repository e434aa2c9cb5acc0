"""go-goroutines as a person and as a program reads it, on made goroutines."""

from __future__ import annotations

import json
from functools import partial

import pytest

from gdbext.commands.goroutines import COMMAND
from gdbext.errors import UsageError
from gdbext.session import Session
from gdbext.views import goroutinerows
from tests.commands import asking
from tests.golang.madecode import Code, Function, Gs, Stacks
from tests.synthetic import World

text, document = partial(asking.text, COMMAND), partial(asking.document, COMMAND)


@pytest.fixture
def session() -> Session:
    """Five goroutines: 3 of them alike and one of those locked, a running one without a place, an unreadable one."""
    code = Code(World(), Function("main.f", line=7), Function("main.make", line=30))
    gs, stacks = Gs(code), Stacks(code)
    made = {"gopc": code.pc("main.make"), "parentGoid": 1}
    for goid in (11, 12, 13):
        stack = stacks.push("runtime.gopark", "main.f", "runtime.goexit")
        gs.add(goid, stack, waitsince=0 if goid == 11 else 100, lockedm=int(goid == 13), **made)
    gs.add(14, stacks.push("main.f"), atomicstatus=2, m=gs.machine(procid=7), **made)
    gs.g.append(0x18)
    gs.finish()
    return Session(code.world.target)


def test_rows(session: Session) -> None:
    lines = text(session).splitlines()
    assert lines[0] == "5 goroutines"
    cells = [[part.strip() for part in line.split("  ") if part.strip()] for line in lines[2:7]]
    assert cells[1] == ["12", "waiting", "chan receive", "0ns", "main.f", "main.go:7", "main.make", "1"]
    assert cells[2][1] == "waiting, locked to a thread"
    assert cells[3] == ["14", "running", "-", "-", "(running: needs the thread's registers)", "-", "main.make", "1"]
    assert cells[4][0] == "(unknown)" and "(unreadable g)" in cells[4]
    assert "note: 1 with gaps: unreadable g" in lines


def test_a_limit_says_what_it_cut(session: Session) -> None:
    said = text(session, "--limit 2")
    assert "… and 3 more (--all shows them, --group stack folds them)" in said and " 13 " not in said
    assert " 13 " in text(session, "--all", limit=1)
    assert len(document(session, "--limit 2")["goroutines"]) == 2


def test_json(session: Session) -> None:
    found = document(session)
    assert found["goroutines"][1] == {
        "goid": 12,
        "status": "waiting",
        "wait_reason": "chan receive",
        "locked": False,
        "waiting_at_least_ns": 0,
        "function": "main.f",
        "file": "main.go",
        "line": 7,
        "created_by": "main.make",
        "created_at": "main.go:30",
        "parent_goid": 1,
        "thread": None,
        "labels": {},
        "address": found["goroutines"][1]["address"],
    }
    assert found["goroutines"][0]["waiting_at_least_ns"] == {"absent": "no garbage collection has seen it waiting yet"}
    running, unreadable = found["goroutines"][3:]
    assert running["function"] == {"absent": "running: needs the thread's registers"} and running["thread"] == 7
    assert running["waiting_at_least_ns"] is None
    assert unreadable["goid"] == {"absent": "its g cannot be read"} and unreadable["address"] == "0x18"
    assert "1 with gaps: unreadable g" in found["notes"]


@pytest.mark.parametrize("together", [1, 2, 3])
def test_rows_are_the_same_however_many_are_made_at_once(
    session: Session, together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = text(session), text(session, "--json"), text(session, "--json --group reason")
    monkeypatch.setattr(goroutinerows, "TOGETHER", together)
    assert (text(session), text(session, "--json"), text(session, "--json --group reason")) == whole


def test_each_goroutine_without_frames_has_its_own_reason(session: Session) -> None:
    session.goroutines.trouble.update({0: "first", 1: "second"})
    session.goroutines.pc[:2] = 0
    found = document(session)["goroutines"]
    assert [row["function"] for row in found[:2]] == [{"absent": "first"}, {"absent": "second"}]


def test_groups(session: Session) -> None:
    stacks = document(session, "--group stack")["groups"]
    assert [(group["count"], group["goids"]) for group in stacks] == [(3, [11, 12, 13]), (1, [14]), (1, [0])]
    assert [frame["function"] for frame in stacks[0]["frames"]] == ["main.f"] and stacks[1]["frames"] == []
    makers = document(session, "--group created-by")["groups"]
    assert [(group["created_by"], group["count"]) for group in makers] == [
        ("main.make", 4),
        ({"absent": "its g cannot be read"}, 1),
    ]
    reasons = document(session, "--group reason")["groups"]
    assert [(group["status"], group["wait_reason"]) for group in reasons[:2]] == [
        ("waiting", "chan receive"),
        ("running", None),
    ]
    assert len(document(session, "--group reason --limit 1")["groups"]) == 1


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("stack", "3 goroutines waiting (chan receive) e.g. 11, 12, 13\n└─ main.f main.go:7\n"),
        ("created-by", "main.make"),
        ("reason", "chan receive"),
    ],
)
def test_groups_as_text(session: Session, how: str, expected: str) -> None:
    assert expected in text(session, f"--group {how}")
    assert "more groups (--all shows them)" in text(session, f"--group {how} --limit 1")


def test_no_stacks_are_said(session: Session) -> None:
    assert text(session, "--group stack --in no.such").startswith("0 goroutines\n")


def test_filters(session: Session) -> None:
    assert [row["goid"] for row in document(session, "--status waiting --reason CHAN --in main.")["goroutines"]] == [
        11,
        12,
        13,
    ]
    assert document(session, "--label tenant")["goroutines"] == []
    assert "(none)" in text(session, "--reason nothing")


@pytest.mark.parametrize("line", ["--status asleep", "--group colour", "--label =x", "--limit -1", "extra"])
def test_wrong_usage(session: Session, line: str) -> None:
    with pytest.raises(UsageError):
        text(session, line)


def test_hostile_labels_are_escaped(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gdbext.analysis.goroutines.grouping.labels", lambda program, address: {"a\x1b[31m": "\u202e"})
    found = text(session, "--json")
    assert found.isascii() and json.loads(found)["goroutines"][0]["labels"] == {"a\x1b[31m": "\u202e"}
