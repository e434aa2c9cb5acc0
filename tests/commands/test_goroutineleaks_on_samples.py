"""go-goroutineleaks in every host, against what the sample says of its goroutines and what the runtime itself finds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests import hosts, tools
from tests.programs import build, core

CORE = hosts.Host("core")
SETS = {"leaked": "leaked", "ancestor": "waiting_for_ancestor", "with": "waiting_with_them"}
PROFILED = {"1.27.3": {}, "1.26.8": {"GOEXPERIMENT": "goroutineleakprofile"}}
"""Releases whose runtime looks for leaked goroutines itself, and what that takes."""
WORKERS = 200
STALE = 2
"""Buffers that a thread's stack may refer to still."""


PID = hosts.Host("live")
"""Of a program that runs nothing can be proved."""


@pytest.fixture(scope="module")
def waits(host: hosts.Host, go: str) -> Iterator[tuple[hosts.Host, Any]]:
    """The sample as each host meets it; for PID, which answers nothing, a copy."""
    host = hosts.Host("live", copied=True) if host == PID else host
    with hosts.subject(host, build("waits", go)) as subject:
        yield host, subject


@pytest.fixture(scope="module")
def answer(waits: tuple[hosts.Host, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the sample says, and what we do."""
    return waits[1].truth.facts, hosts.ask(*waits, "go-goroutineleaks")


def planted(facts: dict[str, Any], fate: str) -> set[int]:
    return {one["goid"] for one in facts["plants"] if one["fate"] == fate}


def said(document: dict[str, Any], name: str) -> set[int]:
    return {row["goid"] for row in document[name]}


def test_each_goroutine_has_its_fate(answer: tuple[dict[str, Any], dict[str, Any]]) -> None:
    facts, document = answer
    assert {fate: said(document, name) for fate, name in SETS.items()} == {fate: planted(facts, fate) for fate in SETS}
    assert len(document["waiting_for_ancestor"]) > WORKERS


def test_all_of_it_is_proved(answer: tuple[dict[str, Any], dict[str, Any]]) -> None:
    _, document = answer
    assert document["proved"] and document["doubts"] == []
    assert {row["proved"] for name in SETS.values() for row in document[name]} == {True}


def test_of_a_program_that_runs_nothing_is_said(go: str) -> None:
    with hosts.subject(PID, build("waits", go)) as subject:
        said = hosts.say(PID, subject, "go-goroutineleaks")
    assert "the program runs: nothing can be proved of it" in said.err


def test_what_each_waits_for(answer: tuple[dict[str, Any], dict[str, Any]]) -> None:
    facts, document = answer
    plants = {one["goid"]: one for one in facts["plants"]}
    for row in (row for name in SETS.values() for row in document[name]):
        one = plants[row["goid"]]
        assert row["kind"] == one["kind"], one
        assert not one["on"] or row["on"] == one["on"], one
        assert row["ancestor"] == (one["root"] or None), one


def test_the_ancestor_is_named(answer: tuple[dict[str, Any], dict[str, Any]]) -> None:
    facts, document = answer
    (one,) = document["ancestors"]
    assert {one["address"]} == {record["root"] for record in facts["plants"]} - {""}
    assert one["goroutines"] == len(planted(facts, "ancestor"))
    assert "main.cancels" in one["holder"]


def test_workers_are_one_group_with_what_they_keep(answer: tuple[dict[str, Any], dict[str, Any]]) -> None:
    facts, document = answer
    workers = {one["goid"] for one in facts["plants"] if one["name"] == "worker"}
    (group,) = (one for one in document["groups"] if workers & set(one["goids"]))
    assert set(group["goids"]) == workers and group["function"] == "main.worker"
    assert (WORKERS - STALE) * facts["held"] <= group["retained_bytes"] < WORKERS * (facts["held"] + 1024)
    each = sorted(row["retained_bytes"] for row in document["waiting_for_ancestor"] if row["goid"] in workers)
    assert each[STALE] >= facts["held"] and each[-1] < facts["held"] + 1024


def test_the_context_that_each_worker_waits_for_retains_it(
    waits: tuple[hosts.Host, Any], answer: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    facts, document = answer
    workers = {one["goid"] for one in facts["plants"] if one["name"] == "worker"}
    waited = {row["context"] for row in document["waiting_for_ancestor"] if row["goid"] in workers}
    rows = {row["address"]: row for row in hosts.ask(*waits, "go-ctxtree", "--verdict")["contexts"]}
    sizes = sorted(rows[address]["retained_bytes"] for address in waited)
    assert len(sizes) == WORKERS
    assert sizes[STALE] >= facts["held"] and sizes[-1] < facts["held"] + 1024


def test_groups_are_all_goroutines_by_stack(answer: tuple[dict[str, Any], dict[str, Any]]) -> None:
    _, document = answer
    for name in SETS.values():
        groups = [set(one["goids"]) for one in document["groups"] if one["set"] == name]
        assert set[int]().union(*groups) == said(document, name)
        assert sum(map(len, groups)) == len(said(document, name))


@pytest.mark.parametrize("release", PROFILED)
def test_the_first_set_is_what_the_runtime_finds(release: str) -> None:
    """But for goroutines that a weak pointer's target could wake: the runtime does not count those."""
    taken = core(build("waits", release, env=PROFILED[release]), f"gcore-{tools.gdbs()[-1]}")
    profile = set(taken.truth.facts["profile"])
    assert profile == planted(taken.truth.facts, "leaked") | planted(taken.truth.facts, "weak")
    assert said(hosts.ask(CORE, taken, "go-goroutineleaks"), "leaked") == profile - planted(taken.truth.facts, "weak")


@pytest.mark.parametrize("way", [("-gcflags=all=-N -l",), ("-ldflags=-s -w",)], ids=["unoptimised", "stripped"])
def test_however_it_was_built(go: str, way: tuple[str, ...]) -> None:
    taken = core(build("waits", go, way), f"gcore-{tools.gdbs()[-1]}", "-profile=false")
    document = hosts.ask(CORE, taken, "go-goroutineleaks")
    for fate, name in SETS.items():
        assert said(document, name) == planted(taken.truth.facts, fate), fate


def test_nothing_is_said_of_goroutines_that_may_wake(go: str) -> None:
    taken = core(build("goroutines", go), f"gcore-{tools.gdbs()[-1]}")
    document = hosts.ask(CORE, taken, "go-goroutineleaks")
    plants = {one["goid"]: one["name"] for one in taken.truth.facts["plants"]}
    names = {plants.get(goid) for goid in said(document, "leaked")}
    assert names <= {
        *("send, buffer full", "send, nobody receives", "receive from nil", "send to nil", "select without cases"),
        *("select on a nil channel", "condition", "wait group", "generic function", "generic method"),
    }
    assert document["waiting_for_ancestor"] == []
