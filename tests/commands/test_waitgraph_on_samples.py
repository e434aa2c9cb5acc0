"""go-waitgraph in every host, against what the sample says of its goroutines."""

from __future__ import annotations

from typing import Any

from tests import hosts, tools
from tests.programs import build, core

RINGS = ("ring of locks, one", "ring of locks, two")


def goids(facts: dict[str, Any]) -> dict[str, int]:
    return {one["name"]: one["goid"] for one in facts["plants"]}


def test_on_every_host(host: hosts.Host, go: str) -> None:
    with hosts.subject(host, build("waits", go), "-workers", "5") as subject:
        document = hosts.ask(host, subject, "go-waitgraph")
        facts = subject.truth.facts
    named = goids(facts)
    edges = {(row["goid"], row["on"]): row for row in document["edges"]}
    for one in facts["plants"]:
        if one["on"]:
            assert edges[one["goid"], one["on"]]["kind"] == one["kind"], one
    likely = {(row["goid"], row["holder"]) for row in document["edges"] if row["suspected"]}
    assert {(named[one["from"]], named[one["to"]]) for one in facts["edges"]} <= likely
    assert all(row["suspected"] == isinstance(row["holder"], int) for row in document["edges"])
    assert {named[name] for name in RINGS} in [set(one["goids"]) for one in document["cycles"]]


def test_likely_holders_do_not_wait_for_the_same(go: str) -> None:
    taken = core(build("waits", go), f"gcore-{tools.gdbs()[-1]}")
    document = hosts.ask(hosts.Host("core"), taken, "go-waitgraph")
    waiting = {(row["goid"], row["on"]) for row in document["edges"]}
    assert not [row for row in document["edges"] if row["suspected"] and (row["holder"], row["on"]) in waiting]


def test_channels_and_wait_groups_of_the_goroutine_sample_have_no_cycles(go: str) -> None:
    taken = core(build("goroutines", go), f"gcore-{tools.gdbs()[-1]}")
    document = hosts.ask(hosts.Host("core"), taken, "go-waitgraph")
    assert document["cycles"] == [] and len(document["edges"]) > 20
