"""go-waitgraph in every host, against what the sample says of its goroutines."""

from __future__ import annotations

from typing import Any

import pytest

from tests import hosts, tools
from tests.programs import build, core

RINGS = ("ring of locks",)
PROVED = "ring of channels"
"""Of a program that runs it is not known that nobody else sends."""
GIVEN_BACK = ("mutex, taken again", "mutex, a deferred call takes it again", "mutex, twice", "mutex, global")
"""Nobody's stack says who has these."""
HAS = {
    "condition, somebody has its lock": "has a condition's lock",
    "mutex, somebody took it meanwhile": "took it meanwhile",
}
"""Who waits, and for whom, or nobody is named: not for itself, though it will unlock it."""


def goids(facts: dict[str, Any]) -> dict[str, int]:
    return {one["name"]: one["goid"] for one in facts["plants"]}


def test_on_every_host(host: hosts.Host, go: str) -> None:
    with hosts.subject(host, build("waits", go), "-workers", "5") as subject:
        agrees(hosts.ask(host, subject, "go-waitgraph"), subject.truth.facts)


@pytest.mark.parametrize("way", [("-gcflags=all=-N -l",), ("-ldflags=-s -w",)], ids=["unoptimised", "stripped"])
def test_however_it_was_built(go: str, way: tuple[str, ...]) -> None:
    taken = core(build("waits", go, way), f"gcore-{tools.gdbs()[-1]}", "-profile=false")
    agrees(hosts.ask(hosts.Host("core"), taken, "go-waitgraph"), taken.truth.facts)


def agrees(document: dict[str, Any], facts: dict[str, Any]) -> None:
    """Whether it says what the sample does."""
    named = goids(facts)
    edges = {(row["goid"], row["on"]): row for row in document["edges"]}
    for one in facts["plants"]:
        if one["on"]:
            assert edges[one["goid"], one["on"]]["kind"] == one["kind"], one
    likely = {(row["goid"], row["holder"]) for row in document["edges"] if row["suspected"]}
    assert {(named[one["from"]], named[one["to"]]) for one in facts["edges"]} <= likely
    assert all(row["suspected"] == isinstance(row["holder"], int) for row in document["edges"])
    rings = RINGS if document["target"]["kind"] == "running" else (*RINGS, PROVED)
    cycles = {frozenset(named[f"{ring}, {name}"] for name in ("one", "two")) for ring in rings}
    cycles |= {frozenset([named[one["from"]]]) for one in facts["edges"] if one["from"] == one["to"]}
    assert {frozenset(one["goids"]) for one in document["cycles"]} == cycles
    suspected = {row["goid"]: row["holder"] for row in document["edges"] if row["suspected"]}
    assert {named[name] for name in GIVEN_BACK}.isdisjoint(suspected.keys())
    assert all(suspected.get(named[name], named[other]) == named[other] for name, other in HAS.items())


def test_likely_holders_do_not_wait_for_the_same(go: str) -> None:
    taken = core(build("waits", go), f"gcore-{tools.gdbs()[-1]}")
    document = hosts.ask(hosts.Host("core"), taken, "go-waitgraph")
    named = goids(taken.truth.facts)
    own = {named[one["to"]] for one in taken.truth.facts["edges"] if one["from"] == one["to"]}
    waiting = {(row["goid"], row["on"]) for row in document["edges"] if row["goid"] not in own}
    assert not [row for row in document["edges"] if row["suspected"] and (row["holder"], row["on"]) in waiting]


def test_channels_and_wait_groups_of_the_goroutine_sample_have_no_cycles(go: str) -> None:
    taken = core(build("goroutines", go), f"gcore-{tools.gdbs()[-1]}")
    document = hosts.ask(hosts.Host("core"), taken, "go-waitgraph")
    assert document["cycles"] == [] and len(document["edges"]) > 20
