"""go-ctxtree on contexts that no context.Context interface refers to, against the sample's own truth."""

from __future__ import annotations

from typing import Any

import pytest

from tests import hosts, tools
from tests.programs import build, core
from tests.truth import Truth

Rows = dict[int, dict[str, Any]]
KEYS = ("kind", "parent", "registered", "waiters")
ROOTS = {"context.backgroundCtx": "background", None: ""}
BUILDS = {
    "twins": ("-tags=twins",),
    "unoptimised": ("-gcflags=all=-N -l",),
    "stripped": ("-ldflags=-s -w",),
    "stripped-twins": ("-ldflags=-s -w", "-tags=twins"),
    "unoptimised-twins": ("-gcflags=all=-N -l", "-tags=twins"),
}


def same(document: dict[str, Any], truth: Truth) -> None:
    rows: Rows = {int(row["address"], 16): row for row in document["contexts"]}
    assert [truth.contexts[address]["name"] for address in truth.contexts.keys() - rows.keys()] == []
    assert [rows[address] for address in rows.keys() - truth.contexts.keys()] == []
    assert {address: said(row) for address, row in rows.items()} == {
        address: tuple(record[key] for key in KEYS) for address, record in truth.contexts.items()
    }
    assert all(row["children_listed"] == row["children"] for row in rows.values())
    assert document["notes"] == [] or "certain" in document["contexts"][0]


def said(row: dict[str, Any]) -> tuple[Any, ...]:
    parent = ROOTS.get(row["parent_kind"], row["parent"])
    return row["kind"], parent, row["children"] or 0, len(row["waiters"])


def test_on_every_host(host: hosts.Host, go: str) -> None:
    with hosts.subject(host, build("foreign", go)) as subject:
        same(hosts.ask(host, subject, "go-ctxtree"), subject.truth)


@pytest.mark.parametrize("way", BUILDS)
def test_however_it_was_built(go: str, way: str) -> None:
    taken = core(build("foreign", go, BUILDS[way]), f"gcore-{tools.gdbs()[-1]}")
    same(hosts.ask(hosts.Host("core"), taken, "go-ctxtree"), taken.truth)


def test_what_a_watcher_waits_on(go: str) -> None:
    taken = core(build("foreign", go), f"gcore-{tools.gdbs()[-1]}")
    tree = hosts.ask(hosts.Host("core"), taken, "go-ctxtree")["contexts"]
    child = next(row for row in tree if taken.truth.contexts[int(row["address"], 16)]["name"] == "timeout of foreign")
    (watcher,) = child["waiters"]
    chains = hosts.ask(hosts.Host("core"), taken, "go-ctxchain", "-g", str(watcher))["chains"]
    waited = {chain["chain"][0]["address"] for chain in chains if "waits" in {way["how"] for way in chain["found_by"]}}
    assert waited == {child["address"], child["parent"]}
