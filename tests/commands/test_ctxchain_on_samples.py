"""go-ctxchain against the sample's own truth, in every host and on every Go."""

from __future__ import annotations

from typing import Any

import pytest

from tests import hosts, tools
from tests.programs import build
from tests.truth import Truth

Chains = list[dict[str, Any]]

ROOTS = {"context.backgroundCtx": "background", "context.todoCtx": "todo"}


@pytest.fixture(scope="session")
def chains(host: hosts.Host, ctxforest_subject: hosts.Subject) -> Chains:
    found: Chains = hosts.ask(host, ctxforest_subject, "go-ctxchain", "--all")["chains"]
    return found


@pytest.fixture(scope="session")
def truth(ctxforest_subject: hosts.Subject) -> Truth:
    return ctxforest_subject.truth


def above(truth: Truth, address: str) -> list[str]:
    """A context and its parents as the sample told them, up to "background", "todo" or one without a parent."""
    line = [address]
    while parent := truth.facts_by_hex[line[-1]]["parent"]:
        line.append(parent)
        if parent in ROOTS.values():
            break
    return line


def line_of(chain: dict[str, Any]) -> list[str]:
    return [ROOTS.get(link["kind"], link["address"]) for link in chain["chain"]]


def starts(chains: Chains, goid: int, how: str = "") -> set[str]:
    """Where the goroutine's chains start."""
    mine = (chain for chain in chains if chain["goid"] == goid)
    return {line_of(chain)[0] for chain in mine if not how or how in {way["how"] for way in chain["found_by"]}}


def test_only_planted_contexts(chains: Chains, truth: Truth) -> None:
    links = {link for chain in chains for link in line_of(chain)}
    assert links
    assert links - truth.facts_by_hex.keys() - set(ROOTS.values()) == set()


def test_parents(chains: Chains, truth: Truth) -> None:
    known = [chain for chain in chains if line_of(chain)[0] in truth.facts_by_hex]
    assert [line_of(chain) for chain in known] == [above(truth, line_of(chain)[0]) for chain in known]


def test_what_goroutines_wait_for(chains: Chains, truth: Truth) -> None:
    waiting: dict[int, set[str]] = {}
    for record in truth.contexts.values():
        for goid in record["waiters"]:
            waiting.setdefault(goid, set()).add(record["address"])
    through = truth.names["value in front of a wait"]["address"]
    found = {goid: starts(chains, goid, "waits") for goid in waiting}
    lines = {goid: {link for start in found[goid] for link in above(truth, start)} for goid in waiting}
    assert {goid: addresses - lines[goid] for goid, addresses in waiting.items()} == {goid: set() for goid in waiting}
    assert all(found[goid] - {through} <= waiting[goid] for goid in waiting)


def test_what_goroutines_hold(chains: Chains, truth: Truth) -> None:
    for record in truth.contexts.values():
        for goid in record["holders"]:
            assert record["address"] in starts(chains, goid), record["name"]


def test_handlers_hold_their_requests(chains: Chains, truth: Truth) -> None:
    requests = {truth.names[f"http request {number}^0"]["address"] for number in (0, 1)}
    holding = {line_of(chain)[0] for chain in chains}
    assert requests <= holding


def test_a_stale_slot_is_no_context(chains: Chains, truth: Truth) -> None:
    (stale,) = [decoy for decoy in truth.decoys.values() if decoy["goid"]]
    assert stale["address"] not in starts(chains, stale["goid"])


def test_the_deep_chain_by_address(host: hosts.Host, ctxforest_subject: hosts.Subject) -> None:
    end = ctxforest_subject.truth.names["end of the deep chain"]["address"]
    (chain,) = hosts.ask(host, ctxforest_subject, "go-ctxchain", end)["chains"]
    assert line_of(chain) == above(ctxforest_subject.truth, end)
    assert len(chain["chain"]) == 53


def test_what_is_no_context_is_refused(host: hosts.Host, ctxforest_subject: hosts.Subject) -> None:
    for decoy in ctxforest_subject.truth.decoys:
        said = hosts.say(host, ctxforest_subject, "go-ctxchain", f"{decoy:#x}", "--json")
        assert hosts.find_document(said.out, "go-ctxchain") is None
        assert f"no context is known to lie at {decoy:#x}" in said.err


@pytest.mark.parametrize("place", ["core", "live"])
def test_an_expression(go: str, gdb: tools.Gdb, place: str) -> None:
    host = hosts.Host(place, gdb)
    with hosts.subject(host, build("ctxforest", go)) as subject:
        (chain,) = hosts.ask(host, subject, "go-ctxchain", "'main.global'")["chains"]
    assert line_of(chain) == above(subject.truth, subject.truth.names["held by a global"]["address"])
