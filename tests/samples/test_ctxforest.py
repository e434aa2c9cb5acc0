"""The sample's truth is complete and does not contradict itself, on every Go."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.programs import Core, Running
from tests.truth import Truth

KINDS = {
    "*context.cancelCtx",
    "*context.timerCtx",
    "*context.afterFuncCtx",
    "*context.valueCtx",
    "context.withoutCancelCtx",
    "context.stopCtx",
    "*signal.signalCtx",
    "*main.scope",
    "main.request",
    "*main.named",
    "*main.foreign",
    "*main.foreignAfter",
}


@pytest.fixture
def truth(ctxforest_running: Running) -> Truth:
    return ctxforest_running.truth


def test_every_kind_is_planted(truth: Truth) -> None:
    assert {record["kind"] for record in truth.contexts.values()} == KINDS


def test_every_parent_is_known(truth: Truth) -> None:
    parents = {record["parent"] for record in truth.contexts.values()}
    foreign = {record["kind"] for record in truth.contexts.values() if not record["parent"]}
    assert parents - set(truth.facts_by_hex) == {"background", "todo", ""}
    assert foreign == {"*main.foreign", "*main.foreignAfter"}


def test_children_are_those_registered(truth: Truth) -> None:
    records = truth.contexts.values()
    counted = Counter(record["registered_with"] for record in records if record["registered_with"])
    assert counted == {record["address"]: record["children"] for record in records if record["children"]}


def test_waiters_wait(truth: Truth) -> None:
    waiting = {goid: truth.goroutines[goid].state for record in truth.contexts.values() for goid in record["waiters"]}
    assert len(waiting) == 11
    assert set(waiting.values()) == {"chan receive", "select"}


def test_decoys_are_no_contexts(truth: Truth) -> None:
    assert len(truth.decoys) == 10
    assert not truth.decoys.keys() & truth.contexts.keys()


def test_a_core_keeps_the_truth(ctxforest_core: Core) -> None:
    assert ctxforest_core.path.stat().st_size > 1_000_000
    assert len(ctxforest_core.truth.contexts) > 500
