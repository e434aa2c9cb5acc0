"""go-goroutines in Delve against runtime.Stack of the same program."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests import programs, tools
from tests.commands.test_goroutines_on_samples import by_goid, creator, first_user_frame, place, printed
from tests.commands.test_torn import instructions
from tests.dlvscripts import delve

Rows = dict[int, dict[str, Any]]

ALL = "go-goroutines --all --json"


@pytest.fixture(scope="session")
def said(dlv_host: str, go: str) -> delve.Said:
    lines = (ALL, "go-goroutines --limit 3", "go-goroutines --group reason --json", "go-goroutines --in main. --json")
    return delve.said(dlv_host, programs.build("goroutines", go), *lines)


@pytest.fixture(scope="session")
def rows(said: delve.Said) -> Rows:
    return by_goid(said.document())


def test_every_goroutine(rows: Rows, said: delve.Said) -> None:
    assert said.truth.goroutines.keys() - rows.keys() == set()
    others = [rows[goid]["function"] for goid in rows.keys() - said.truth.goroutines.keys()]
    assert others
    assert [function for function in others if not function.startswith("runtime.")] == []


def test_states(rows: Rows, said: delve.Said) -> None:
    stated = {goid: row["wait_reason"] if row["status"] == "waiting" else row["status"] for goid, row in rows.items()}
    assert {each.goid: stated[each.goid] for each in printed(said.truth)} == {
        each.goid: each.state for each in printed(said.truth)
    }


def test_first_user_frames(rows: Rows, said: delve.Said) -> None:
    assert {each.goid: place(rows[each.goid]) for each in printed(said.truth)} == {
        each.goid: first_user_frame(each) for each in printed(said.truth)
    }


def test_creators(rows: Rows, said: delve.Said) -> None:
    shown = [each for each in printed(said.truth) if each.created_by]
    assert {each.goid: creator(rows[each.goid]) for each in shown} == {
        each.goid: (each.created_by, each.parent, "{}:{}".format(*each.created_at)) for each in shown
    }


def test_nobody_made_the_main_one(rows: Rows) -> None:
    assert (rows[1]["created_by"], rows[1]["created_at"], rows[1]["parent_goid"]) == (None, None, None)


def test_waiting_since_before_the_last_collection(rows: Rows) -> None:
    waited = [row["waiting_at_least_ns"] for row in rows.values() if row["waiting_at_least_ns"] is not None]
    assert len(waited) > 10
    assert min(waited) >= 0


def test_what_is_printed_is_bounded(said: delve.Said, rows: Rows) -> None:
    lines = said.answers[1].splitlines()
    assert lines[0] == f"{len(rows)} goroutines"
    assert lines[1].split() == "goid status waiting for at least function at created by parent".split()
    assert lines[5] == f"… and {len(rows) - 3} more goroutines (--all shows them, --limit N so many)"


def test_groups_hold_everybody_once(said: delve.Said, rows: Rows) -> None:
    groups = said.document(2)["groups"]
    assert sorted(goid for group in groups for goid in group["goids"]) == sorted(rows)
    counts = [group["count"] for group in groups]
    assert counts == sorted(counts, reverse=True)


def test_in_a_function(said: delve.Said) -> None:
    mine = {each.goid for each in printed(said.truth) if any(f.function.startswith("main.") for f in each.frames)}
    assert mine <= by_goid(said.document(3)).keys()


def test_whole_stacks(go: str) -> None:
    told = delve.said("core", programs.build("goroutines", go), "go-goroutines --group stack --json")
    stacks = {goid: group["lines"][1:] for group in told.document()["groups"] for goid in group["goids"]}
    whole = [each for each in printed(told.truth) if not each.cut]
    expected = {each.goid: [f"{f.function} at {f.file}:{f.line}" for f in each.frames] for each in whole}
    assert {goid: [line.replace("runtime.gopanic", "panic") for line in stacks[goid]] for goid in expected} == expected


def test_running_and_interrupted(go: str) -> None:
    told = delve.said("attach", programs.build("goroutines", go), ALL, arguments=["-busy"])
    rows = by_goid(told.document())
    busy = told.truth.facts["busy"]
    assert {rows[goid]["function"] for goid in busy} == {"main.spin"}
    assert {rows[goid]["status"] for goid in busy} <= {"running", "runnable"}


@pytest.mark.parametrize("function", ["gogo", "runtime.mcall"])
def test_where_stacks_are_switched(go: str, function: str) -> None:
    """The last instruction of the one is on the goroutine's stack already, that of the other on the thread's own."""
    program = programs.build("churn", go)
    at = instructions(tools.gdbs()[-1], program.exe, function)[-1]
    told = delve.said("exec", program, f"break *{at}", "continue", ALL, arguments=["-stable", "10"])
    assert f"{function}() " in told.answers[1]
    rows = by_goid(told.document(2))
    stopped = [int(goid) for goid in re.findall(r"goroutine\((\d+)\)", told.answers[1]) if int(goid) in rows]
    assert all(rows[goid]["function"] for goid in stopped), told.answers[1]
    assert not {row["function"] for row in rows.values()} & {"gogo", "runtime.mcall"}


@pytest.mark.parametrize("place", ["sigreturn__sigaction", "sigtramp", "sigtrampgo", "sighandler"])
def test_in_and_around_a_signal_handler(go: str, place: str) -> None:
    """The scheduler sends whoever runs long a signal."""
    lines = (f"break runtime.{place}", "continue", ALL)
    told = delve.said("exec", programs.build("goroutines", go), *lines, arguments=["-busy"])
    assert f"runtime.{place}() " in told.answers[1]
    rows = by_goid(told.document(2))
    assert {rows[goid]["function"] for goid in told.truth.facts["busy"]} == {"main.spin"}
