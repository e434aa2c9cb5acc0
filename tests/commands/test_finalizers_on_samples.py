"""go-finalizers against what the sample pending made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests import hosts
from tests.programs import build

THING = 16
"""Bytes of a main.thing."""


@pytest.fixture(scope="module")
def subject(host: hosts.Host, go: str) -> Iterator[hosts.Subject]:
    with hosts.subject(host, build("pending", go)) as found:
        yield found


@pytest.fixture(scope="module")
def answer(host: hosts.Host, subject: hosts.Subject) -> dict[str, Any]:
    return hosts.ask(host, subject, "go-finalizers")


def test_every_one_that_was_made(answer: dict[str, Any], subject: hosts.Subject) -> None:
    said = {(one["kind"], one["address"], one["function"]) for one in subject.truth.facts["specials"]}
    found = {(row["kind"], row["address"], row["function"] or "") for row in answer["objects"]}
    assert said <= found and len(said) >= 3
    ours = {row["function"] for row in answer["objects"] if (row["function"] or "").startswith("main.")}
    assert ours <= {"main.finalized", "main.cleaned", "main.blocked", "main.dropped"}


def test_types_and_what_is_dead(answer: dict[str, Any], subject: hosts.Subject) -> None:
    rows = [row for row in answer["objects"] if row["function"] in ("main.finalized", "main.dropped")]
    assert {row["type"] for row in rows} == {"main.thing"}
    dropped = [row["reachable"] for row in rows if row["function"] == "main.dropped"]
    assert len(dropped) == subject.truth.facts["dropped"]
    if answer["target"]["kind"] == "running":
        assert set(dropped) == {None}
        return
    assert dropped.count(False) >= len(dropped) - 1  # where the last one was may still be on a stack
    held = {one["address"] for one in subject.truth.facts["specials"]}
    assert all(row["reachable"] for row in answer["objects"] if row["address"] in held)
    types = {row["type"] for row in answer["objects"] if row["address"] in held}
    assert types == {"main.thing"}


def test_groups(answer: dict[str, Any], subject: hosts.Subject) -> None:
    assert sum(group["count"] for group in answer["groups"]) == len(answer["objects"])
    groups = {group["function"]: group for group in answer["groups"] if group["kind"] == "finalizer"}
    assert groups["main.finalized"]["count"] == 3 and groups["main.dropped"]["bytes"] == THING * 9
    counts = Counter(row["kind"] for row in answer["objects"])
    assert counts["finalizer"] == sum(group["count"] for group in groups.values())


def test_each_object_once(answer: dict[str, Any], subject: hosts.Subject) -> None:
    total, dropped = answer["total"], subject.truth.facts["dropped"]
    held = {one["address"] for one in subject.truth.facts["specials"]}
    assert len(held) + dropped <= total["objects"] <= len(answer["objects"])
    assert THING * (len(held) + dropped) <= total["bytes"] <= sum(row["bytes"] for row in answer["objects"])
    if answer["target"]["kind"] == "running":
        assert total["dead"] is None
        return
    # where the last one was may still be on a stack
    assert dropped - 1 <= total["dead"] <= total["objects"] - len(held)


def test_what_is_about_to_run(answer: dict[str, Any], subject: hosts.Subject) -> None:
    queued = subject.truth.facts["queued"]
    assert queued - 1 <= answer["queued"]["finalizers"] <= queued
    assert answer["queued"]["cleanups"] == 0
