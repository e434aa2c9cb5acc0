"""go-gc against what the sample accounts read with debug.ReadGCStats and runtime/metrics; watching a program that
collects all the time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gdbext.views.gcrows import GOALS
from tests import hosts
from tests.programs import build, run

MIB = 1 << 20


@pytest.fixture(scope="module")
def subject(host: hosts.Host, go: str) -> Iterator[hosts.Subject]:
    with hosts.subject(host, build("accounts", go)) as found:
        yield found


@pytest.fixture(scope="module")
def answer(host: hosts.Host, subject: hosts.Subject) -> dict[str, Any]:
    return hosts.ask(host, subject, "go-gc")


def test_pauses_are_those_of_gcstats(answer: dict[str, Any], subject: hosts.Subject) -> None:
    said = subject.truth.facts["gcstats"]
    assert [pause["ns"] for pause in answer["pauses"]] == said["Pause"]
    assert [pause["end_unix_ns"] for pause in answer["pauses"]] == said["PauseEnd"]
    assert len(answer["pauses"]) == answer["cycles"] == said["NumGC"] > 2
    assert answer["pause_total_ns"] == said["PauseTotal"]
    assert answer["last_cycle"]["end_unix_ns"] == said["LastGC"] == said["PauseEnd"][0]
    assert answer["last_cycle"]["forced"] is True


NUMBERS = {
    "/gc/cycles/total:gc-cycles": lambda gc: gc["cycles"],
    "/gc/cycles/forced:gc-cycles": lambda gc: gc["cycles_forced"],
    "/gc/gogc:percent": lambda gc: gc["gogc"],
    "/gc/gomemlimit:bytes": lambda gc: (1 << 63) - 1 if gc["memory_limit"] is None else gc["memory_limit"],
    "/gc/heap/goal:bytes": lambda gc: gc["goal"],
    "/gc/heap/live:bytes": lambda gc: gc["heap_marked"],
    "/gc/scan/heap:bytes": lambda gc: gc["scan"]["heap"],
    "/gc/scan/stack:bytes": lambda gc: gc["scan"]["stacks"],
    "/gc/scan/globals:bytes": lambda gc: gc["scan"]["globals"],
    "/gc/limiter/last-enabled:gc-cycle": lambda gc: gc["limiter"]["last_enabled_cycle"],
    "/cpu/classes/gc/mark/assist:cpu-seconds": lambda gc: gc["cpu"]["assist"] / 1e9,
    "/cpu/classes/gc/mark/dedicated:cpu-seconds": lambda gc: gc["cpu"]["dedicated"] / 1e9,
    "/cpu/classes/gc/mark/idle:cpu-seconds": lambda gc: gc["cpu"]["idle"] / 1e9,
    "/cpu/classes/gc/pause:cpu-seconds": lambda gc: gc["cpu"]["pause"] / 1e9,
    "/cpu/classes/gc/total:cpu-seconds": lambda gc: gc["cpu"]["gc"] / 1e9,
    "/cpu/classes/total:cpu-seconds": lambda gc: gc["cpu"]["total"] / 1e9,
}


def test_figures_are_those_of_runtime_metrics(answer: dict[str, Any], subject: hosts.Subject) -> None:
    said = subject.truth.facts["metrics"]
    assert {name: number(answer) for name, number in NUMBERS.items()} == {
        name: pytest.approx(said[name], rel=1e-12) if "cpu" in name else said[name] for name in NUMBERS
    }
    assert answer["gc_cpu_fraction"] == subject.truth.facts["memstats"]["GCCPUFraction"]


def test_what_comes_next(answer: dict[str, Any], subject: hosts.Subject) -> None:
    assert answer["phase"] == "off" and answer["goal_by"] == "GOGC"
    assert answer["goal"] == subject.truth.facts["memstats"]["NextGC"]
    assert answer["heap_marked"] < answer["trigger"] <= answer["goal"]
    assert answer["heap_live"] >= answer["heap_marked"] > 14 * MIB


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (("-limit", "60000000"), {"memory_limit": 60_000_000, "goal_by": "limit", "gogc": 150}),
        (("-gogc", "-1", "-limit", "60000000"), {"memory_limit": 60_000_000, "goal_by": "limit", "gogc": -1}),
        (("-gogc", "-1"), {"memory_limit": None, "goal_by": "limit", "gogc": -1}),
        (("-gogc", "20"), {"memory_limit": None, "goal_by": "GOGC", "gogc": 20}),
    ],
)
def test_what_made_the_goal(go: str, flags: tuple[str, ...], expected: dict[str, Any]) -> None:
    """GOGC alone would let the heap grow further than the limit does."""
    flags = ("-gogc", "1000", *flags) if "-gogc" not in flags else flags
    expected = {**expected, "gogc": 1000} if "1000" in flags else expected
    with run(build("accounts", go), *flags) as running:
        answer = hosts.ask(hosts.Host("live"), running, "go-gc")
        said = running.truth.facts["memstats"]["NextGC"]
    assert {name: answer[name] for name in expected} == expected
    assert answer["goal"] == said


def test_watching(go: str) -> None:
    with run(build("churn", go)) as running:
        answer = hosts.ask(hosts.Host("live"), running, "go-gc", "--watch", "--cycles", "20")
        before = hosts.ask(hosts.Host("live"), running, "go-gc")
        text = hosts.say_alone(hosts.Host("live"), running, "go-gc", "--cycles", "3", "--seconds", "60").out
    numbers = [row["cycle"] for row in answer["watched"]]
    assert numbers == list(range(numbers[0], numbers[0] + 20)) and before["cycles"] >= numbers[-1]
    assert all(row["pause_ns"] > 0 and row["end_unix_ns"] > 0 for row in answer["watched"])
    seen = [row for row in answer["watched"] if row["heap_marked"] is not None]
    assert seen and all(row["heap_at_start"] > 0 and row["gc_cpu_fraction"] > 0 for row in seen)
    assert {row["goal_by"] for row in seen} <= GOALS.keys() - {"limit"}
    assert len(text.splitlines()) == 3 and all(line.startswith("gc ") for line in text.splitlines())


def test_what_stands_still_is_not_watched(go: str) -> None:
    with run(build("accounts", go)) as running:
        said = hosts.say_alone(hosts.Host("live", copied=True), running, "go-gc", "--watch")
        assert said.status == 2 and "--watch is for a program that runs" in said.err
        bounded = hosts.ask(hosts.Host("live"), running, "go-gc", "--seconds", "0.2")
        assert bounded["watched"] == []
