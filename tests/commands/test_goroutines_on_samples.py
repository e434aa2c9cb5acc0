"""go-goroutines against runtime.Stack of the same program, in every host and on every Go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from attrs import evolve

from tests import hosts, tools
from tests.programs import build, core
from tests.truth import Frame, Goroutine, Truth

Rows = dict[int, dict[str, Any]]

PLUMBING = ("runtime", "sync", "syscall", "time", "reflect", "os", "io", "net", "bufio")
"""Packages whose functions only wait on somebody's behalf."""


@pytest.fixture(scope="session")
def rows(host: hosts.Host, goroutines_subject: hosts.Subject) -> Rows:
    return by_goid(hosts.ask(host, goroutines_subject, "go-goroutines"))


@pytest.fixture(scope="session")
def truth(goroutines_subject: hosts.Subject) -> Truth:
    return goroutines_subject.truth


def by_goid(document: dict[str, Any]) -> Rows:
    return {row["goid"]: row for row in document["goroutines"]}


def printed(truth: Truth) -> Iterator[Goroutine]:
    """What runtime.Stack printed, without the goroutine that has moved on since."""
    return (goroutine for goid, goroutine in truth.goroutines.items() if goid != truth.reporter)


def first_user_frame(goroutine: Goroutine) -> Frame:
    """The innermost printed frame that is not plumbing, else the innermost one."""
    return next((frame for frame in goroutine.frames if not is_plumbing(frame.function)), goroutine.frames[0])


def is_plumbing(function: str) -> bool:
    path, _, name = function.split("(")[0].split("[")[0].rpartition("/")
    package = f"{path}/{name.split('.')[0]}".lstrip("/")
    return package in PLUMBING or package.split("/")[0] in ("internal", "runtime", "sync", "vendor")


def test_every_goroutine(rows: Rows, truth: Truth) -> None:
    assert truth.goroutines.keys() - rows.keys() == set()


def test_the_others_are_the_runtimes_own(rows: Rows, truth: Truth) -> None:
    others = [rows[goid]["function"] for goid in rows.keys() - truth.goroutines.keys()]
    assert others
    assert [function for function in others if not function.startswith("runtime.")] == []


def test_states(rows: Rows, truth: Truth) -> None:
    stated = {}
    for goroutine in printed(truth):
        row = rows[goroutine.goid]
        stated[goroutine.goid] = row["wait_reason"] if row["status"] == "waiting" else row["status"]
    assert stated == {goroutine.goid: goroutine.state for goroutine in printed(truth)}


def test_first_user_frames(rows: Rows, truth: Truth) -> None:
    places = {goroutine.goid: place(rows[goroutine.goid]) for goroutine in printed(truth)}
    assert places == {goroutine.goid: first_user_frame(goroutine) for goroutine in printed(truth)}


def test_creators(rows: Rows, truth: Truth) -> None:
    shown = [goroutine for goroutine in printed(truth) if goroutine.created_by]
    made = {goroutine.goid: creator(rows[goroutine.goid]) for goroutine in shown}
    assert made == {
        goroutine.goid: (goroutine.created_by, goroutine.parent, "{}:{}".format(*goroutine.created_at))
        for goroutine in shown
    }


def creator(row: dict[str, Any]) -> tuple[str, int, str]:
    return row["created_by"], row["parent_goid"] or 0, row["created_at"]


def test_hidden_creators_are_the_runtimes_own(rows: Rows, truth: Truth) -> None:
    hidden = {rows[goroutine.goid]["created_by"] for goroutine in printed(truth) if not goroutine.created_by}
    assert hidden >= {"runtime.createfing"}
    assert [function for function in hidden if not (function or "runtime.").startswith("runtime.")] == []


def test_locked(rows: Rows, truth: Truth) -> None:
    assert [row["goid"] for row in rows.values() if row["locked"] and row["goid"] in truth.goroutines] == [
        goroutine.goid for goroutine in printed(truth) if goroutine.locked
    ]


def test_labels(rows: Rows, truth: Truth) -> None:
    labelled = {plant["goid"]: plant["labels"] for plant in truth.facts["plants"] if "labels" in plant}
    assert {goid: row["labels"] for goid, row in rows.items() if row["labels"]} == labelled


def test_waiting_since_before_the_last_collection(rows: Rows, truth: Truth) -> None:
    """The sample collected garbage while some plants waited: those have a time, and no time is in the future."""
    waited = [row["waiting_at_least_ns"] for row in rows.values() if isinstance(row["waiting_at_least_ns"], int)]
    assert len(waited) > 10
    assert min(waited) >= 0


def test_whole_stacks(host: hosts.Host, goroutines_subject: hosts.Subject) -> None:
    document = hosts.ask(host, goroutines_subject, "go-goroutines", "--group", "stack")
    frames = {goid: group["frames"] for group in document["groups"] for goid in group["goids"]}
    whole = [goroutine for goroutine in printed(goroutines_subject.truth) if not goroutine.cut]
    assert {goroutine.goid: hidden_frames_out(frames[goroutine.goid], goroutine) for goroutine in whole} == {
        goroutine.goid: list(goroutine.frames) for goroutine in whole
    }


def hidden_frames_out(frames: list[dict[str, Any]], goroutine: Goroutine) -> list[Frame]:
    """Our frames without those of the runtime which runtime.Stack did not print; it calls runtime.gopanic panic."""
    ours = [
        evolve(found, function="panic") if found.function == "runtime.gopanic" else found
        for found in map(place, frames)
    ]
    return [frame for frame in ours if frame in goroutine.frames or not frame.function.startswith("runtime.")]


@pytest.mark.parametrize("maker", ["kernel", "dlv", *(f"gcore-{gdb}" for gdb in tools.gdbs())])
def test_every_kind_of_core(go: str, maker: str) -> None:
    taken = core(build("goroutines", go), maker)
    rows = by_goid(hosts.ask(hosts.Host("core"), taken, "go-goroutines"))
    assert {goroutine.goid: place(rows[goroutine.goid]) for goroutine in printed(taken.truth)} == {
        goroutine.goid: first_user_frame(goroutine) for goroutine in printed(taken.truth)
    }


@pytest.mark.parametrize("maker", ["kernel", "gcore-" + str(tools.gdbs()[-1])])
def test_busy_loops(go: str, maker: str) -> None:
    """Running on a thread, or interrupted and waiting for their turn: the place is known either way.

    A crash interrupts all of them (freezetheworld in runtime/proc.go).
    """
    taken = core(build("goroutines", go), maker, "-busy")
    rows = by_goid(hosts.ask(hosts.Host("core"), taken, "go-goroutines"))
    busy = taken.truth.facts["busy"]
    assert {rows[goid]["function"] for goid in busy} == {"main.spin"}
    statuses = {rows[goid]["status"] for goid in busy}
    assert {"runnable"} <= statuses <= {"running", "runnable"}
    assert maker == "kernel" or "running" in statuses
    assert all(bool(rows[goid]["thread"]) == (rows[goid]["status"] == "running") for goid in busy)


def test_in_c(host: hosts.Host, go: str) -> None:
    with hosts.subject(host, build("goroutinescgo", go, env={"CGO_ENABLED": "1"})) as subject:
        rows = by_goid(hosts.ask(host, subject, "go-goroutines"))
    assert {goroutine.goid: place(rows[goroutine.goid]) for goroutine in printed(subject.truth)} == {
        goroutine.goid: first_user_frame(goroutine) for goroutine in printed(subject.truth)
    }


def place(row: dict[str, Any]) -> Frame:
    return Frame(row["function"], row["file"], row["line"])
