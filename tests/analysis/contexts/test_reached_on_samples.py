"""What nothing reaches is not in the tree but with --garbage, and nothing else is missing there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests import hosts
from tests.programs import build

FAMILIES = 500
FOUND = 2 * FAMILIES
"""A parent and its child refer to one another; to the others nothing does, and a search has nothing to go by."""
MAY_BE_HELD = 12
"""Contexts that a register or a dead word of a thread's stack may still name: they count as reachable."""


@pytest.fixture(scope="module")
def subject(go: str, host: hosts.Host) -> Iterator[hosts.Subject]:
    with hosts.subject(host, build("ctxforest", go), "-garbage", str(FAMILIES)) as found:
        yield found


@pytest.fixture(scope="module")
def tree(host: hosts.Host, subject: hosts.Subject) -> dict[str, Any]:
    return hosts.ask(host, subject, "go-ctxtree")


@pytest.fixture(scope="module")
def dropped(subject: hosts.Subject) -> set[str]:
    return set(subject.truth.facts["garbage"])


def listed(document: dict[str, Any]) -> set[str]:
    return {row["address"] for row in document["contexts"]}


def stands_still(host: hosts.Host) -> bool:
    return str(host) != "pid"


def test_garbage_is_left_out(host: hosts.Host, tree: dict[str, Any], dropped: set[str]) -> None:
    assert len(dropped) == 4 * FAMILIES
    if not stands_still(host):
        assert tree["garbage"] is None and len(dropped & listed(tree)) >= FOUND
        return
    assert len(dropped & listed(tree)) <= MAY_BE_HELD
    assert FOUND - MAY_BE_HELD <= tree["garbage"] <= len(dropped)


def test_all_that_is_kept_is_there(subject: hosts.Subject, tree: dict[str, Any]) -> None:
    assert {hex(address) for address in subject.truth.contexts} <= listed(tree)


def test_garbage_is_shown_where_it_is_asked_for(host: hosts.Host, subject: hosts.Subject, dropped: set[str]) -> None:
    document = hosts.ask(host, subject, "go-ctxtree", "--garbage")
    if not stands_still(host):
        assert document["contexts"] == [] and document["notes"]
        return
    garbage = {row["address"] for row in document["contexts"] if not row["reachable"]}
    assert garbage <= dropped and len(garbage) == document["garbage"]


def test_the_header_says_so(host: hosts.Host, subject: hosts.Subject) -> None:
    text = hosts.say(host, subject, "go-ctxtree").out
    assert ("more are garbage that was not collected yet" in text) == stands_still(host)
    assert ("found by a scan of the heap" in text) != stands_still(host)


def test_one_that_is_garbage(host: hosts.Host, subject: hosts.Subject) -> None:
    if not stands_still(host):
        return
    document = hosts.ask(host, subject, "go-ctxtree", "--garbage")
    one = min(row["address"] for row in document["contexts"] if not row["reachable"])
    said = hosts.say(host, subject, "go-ctxtree", one)
    assert "nothing reaches the context" in said.out + said.err
    assert one in hosts.say(host, subject, "go-ctxtree", one, "--garbage").out
