"""go-ctxchain in Delve against the sample's own truth."""

from __future__ import annotations

from typing import Any

import pytest

from tests import programs, tools
from tests.commands.test_ctxchain_on_samples import above
from tests.dlvscripts import delve
from tests.truth import Truth

Chains = list[dict[str, Any]]

ROOTS = {"context.backgroundCtx": "background", "context.todoCtx": "todo"}


@pytest.fixture(scope="session")
def said(dlv_host: str, go: str) -> delve.Said:
    return delve.said(
        dlv_host, programs.build("ctxforest", go), "go-ctxchain all --json", "go-ctxchain main.global --json"
    )


@pytest.fixture(scope="session")
def chains(said: delve.Said) -> Chains:
    found: Chains = said.document()["chains"]
    return found


def line_of(chain: dict[str, Any]) -> list[str]:
    links = [link["address"] for link in chain["chain"]]
    return links + [ROOTS[kind] for kind in [chain["chain"][-1]["parent_kind"]] if kind in ROOTS]


def starts(chains: Chains, goid: int, how: str = "") -> set[str]:
    mine = (chain for chain in chains if chain["goid"] == goid)
    return {line_of(chain)[0] for chain in mine if not how or how in {way["how"] for way in chain["found_by"]}}


def test_parents(chains: Chains, said: delve.Said) -> None:
    assert chains
    assert [line_of(chain) for chain in chains] == [above(said.truth, line_of(chain)[0]) for chain in chains]


def test_what_goroutines_wait_for(chains: Chains, said: delve.Said) -> None:
    waiting: dict[int, set[str]] = {}
    for record in said.truth.contexts.values():
        for goid in record["waiters"]:
            waiting.setdefault(goid, set()).add(record["address"])
    found = {goid: starts(chains, goid, "waits") for goid in waiting}
    assert {goid: found[goid] for goid in waiting} == {goid: expected(said.truth, waiting[goid]) for goid in waiting}


def expected(truth: Truth, waited: set[str]) -> set[str]:
    """A context of the user's own that nobody but the heap holds is not looked for."""
    return waited - {truth.names["foreign"]["address"]}


def test_what_goroutines_hold(chains: Chains, said: delve.Said) -> None:
    for record in said.truth.contexts.values():
        for goid in record["holders"]:
            assert record["address"] in starts(chains, goid), record["name"]


def test_handlers_hold_their_requests(chains: Chains, said: delve.Said) -> None:
    requests = {said.truth.names[f"http request {number}^0"]["address"] for number in (0, 1)}
    assert requests <= {line_of(chain)[0] for chain in chains}


def test_a_stale_slot_is_no_context(chains: Chains, said: delve.Said) -> None:
    (stale,) = [decoy for decoy in said.truth.decoys.values() if decoy["goid"]]
    assert stale["address"] not in starts(chains, stale["goid"])


def test_an_expression(said: delve.Said) -> None:
    (chain,) = said.document(1)["chains"]
    assert line_of(chain) == above(said.truth, said.truth.names["held by a global"]["address"])
    assert chain["found"] == "expression main.global"


def test_addresses(ctxforest_core: programs.Core) -> None:
    truth = ctxforest_core.truth
    end = truth.names["end of the deep chain"]["address"]
    (document,) = delve.on_core(ctxforest_core, f"go-ctxchain {end} --json")
    (chain,) = delve.Said(truth, (document,)).document()["chains"]
    assert line_of(chain) == above(truth, end)
    assert len(chain["chain"]) == 52


def test_many_goroutines_at_one_lock_are_no_chain_of_waiters(go: str) -> None:
    """From Go 1.26 on the records of a semaphore's waiters hang together: each is looked at once."""
    program = programs.build("scale", go)
    said = delve.said("core", program, "go-ctxchain all --json", arguments=["-contexts=10", "-goroutines=3000"])
    told = said.truth.facts["waiters"]
    waits = [chain for chain in said.document()["chains"] if "waits" in {way["how"] for way in chain["found_by"]}]
    assert len(waits) == told > 0


def test_decoys_are_refused(ctxforest_core: programs.Core) -> None:
    lines = [f"go-ctxchain {decoy:#x}" for decoy in ctxforest_core.truth.decoys]
    answers = delve.on_core(ctxforest_core, *lines)
    for line, answer in zip(lines, answers, strict=True):
        assert answer.startswith(f"go-ctxchain: no context is known to lie at {line.split()[1]}; "), answer
        assert answer.count("\n") == 1


def test_without_optimisation_variables_have_names(go: str) -> None:
    program = programs.build("ctxforest", go, ["-gcflags=all=-N -l"])
    truth = programs.core(program, f"gcore-{tools.gdbs()[-1]}").truth
    goids = truth.names["waited for by receives"]["waiters"]
    said = delve.said("core", program, *(f"go-ctxchain -g {goid} --json" for goid in goids))
    for number in range(len(goids)):
        ways = [way["where"] for chain in said.document(number)["chains"] for way in chain["found_by"]]
        assert any(way in ("argument ctx of main.waitReceive", "argument ctx of main.waitSelect") for way in ways), ways


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("go-ctxchain -g 999999", "go-ctxchain: no goroutine 999999; go-goroutines lists them\n"),
        ("go-ctxchain --nonsense", "go-ctxchain: no option --nonsense; help go-ctxchain\n"),
        ("go-ctxchain -g", "go-ctxchain: -g needs a value; help go-ctxchain\n"),
        ("go-ctxchain -g x", "go-ctxchain: -g needs a number, not x; help go-ctxchain\n"),
        ("go-ctxtree main.park", "go-ctxtree: main.park: its value (chan struct {}) is no context in memory\n"),
    ],
)
def test_what_is_wrong_is_one_line(ctxforest_core: programs.Core, line: str, answer: str) -> None:
    assert delve.on_core(ctxforest_core, line) == (answer,)
