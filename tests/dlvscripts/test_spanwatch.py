"""go-spanwatch in Delve on a program that allocates without end; what is left behind when it was interrupted."""

from __future__ import annotations

import signal

import pytest

from tests import programs
from tests.dlvscripts import delve


@pytest.fixture(scope="session")
def said(go: str) -> delve.Said:
    lines = (
        "go-spanwatch -t 1 --json",
        "go-spanwatch --break -n 30 --json",
        "breakpoints",
        "go-spanwatch --break -n 5",
    )
    return delve.said("attach", programs.build("churn", go), *lines)


def test_what_grew_meanwhile(said: delve.Said) -> None:
    document = said.document()
    assert document["grown"]["Mallocs"] > 1000 and document["grown"]["TotalAlloc"] > 100_000
    assert document["stops"] >= 1 and document["stopped_ns"] > 0
    assert all(row["noscan"] == bool(row["class"] & 1) for row in document["classes"])


def test_each_span_as_it_is_allocated(said: delve.Said) -> None:
    document = said.document(1)
    assert document["stops"] == 30 == sum(row["spans"] for row in document["classes"])
    assert sum(row["spans"] for row in document["callers"]) == 30
    heap = [row for row in document["classes"] if row["class"] >= 0]
    assert heap and all(row["bytes"] >= 8192 * row["spans"] for row in heap)
    functions = {row["function"].split(".")[0] for row in document["callers"]}
    assert functions & {"context", "main"}
    assert set(document["spanalloc"]) == {"inuse", "free"}


def test_no_breakpoint_stays(said: delve.Said) -> None:
    assert "goSpanwatch" not in said.answers[2]


def test_it_says_what_it_costs(said: delve.Said) -> None:
    first = said.answers[3].splitlines()[0]
    assert first.startswith("a breakpoint on runtime.(*mheap).allocSpan: each stop takes ") and "SIGKILL" in first


def test_a_core_does_not_go_on(ctxforest_core: programs.Core) -> None:
    (answer,) = delve.on_core(ctxforest_core, "go-spanwatch")
    assert answer == "go-spanwatch: a core does not go on; on a live process: dlv attach PID\n"


def test_to_watch_nothing_is_refused(ctxforest_core: programs.Core) -> None:
    answers = delve.on_core(ctxforest_core, "go-spanwatch -n 0", "go-spanwatch --break -n=0", "go-spanwatch -t 0")
    more = "needs a number of 1 or more, not 0; help go-spanwatch\n"
    assert answers == tuple(f"go-spanwatch: {name} {more}" for name in ("-n", "-n", "-t"))


@pytest.mark.parametrize("flags", ["--break -n 100000", "-t 100000"])
def test_interrupted_it_takes_its_breakpoint_away(go: str, flags: str) -> None:
    with programs.run(programs.build("churn", go)) as running:
        text = interrupted(running, [f"go-spanwatch {flags}"])
        assert "Breakpoint unrecovered-panic" in text and "goSpanwatch" not in text
        running.until_it_did(contexts=1000)


def test_an_interval_ends_with_an_interrupt(go: str) -> None:
    with programs.run(programs.build("churn", go)) as running:
        text = interrupted(running, ["go-spanwatch"], b"the program goes on; Ctrl-C ends the interval\n")
        assert "objects allocated (" in text and "mspans: " in text
        running.until_it_did(contexts=1000)


def interrupted(
    running: programs.Running, lines: list[str], ready: bytes = b"kills the program, Ctrl-C does not\n"
) -> str:
    """What Delve says when Ctrl-C comes after it has let the program go on."""
    with delve.started(["attach", str(running.pid)], [*lines, "breakpoints"], "exit -d") as process:
        early = delve.until(process, ready)
        running.until_it_did(contexts=100)  # it goes on, between the stops
        process.send_signal(signal.SIGINT)
        return (early + delve.until(process, None)).decode(errors="replace")
