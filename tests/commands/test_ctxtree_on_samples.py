"""go-ctxtree against the sample's own truth, in every host and on every Go."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from tests import hosts, tools
from tests.programs import Program, core
from tests.truth import Truth

VALUE = "*context.valueCtx"
Rows = dict[int, dict[str, Any]]


@pytest.fixture(scope="session")
def rows(host: hosts.Host, ctxforest_subject: hosts.Subject) -> Rows:
    return by_address(hosts.ask(host, ctxforest_subject, "go-ctxtree", "--values"))


@pytest.fixture(scope="session")
def truth(ctxforest_subject: hosts.Subject) -> Truth:
    return ctxforest_subject.truth


def by_address(document: dict[str, Any]) -> Rows:
    return {int(row["address"], 16): row for row in document["contexts"]}


def said(rows: Rows, key: str) -> dict[int, Any]:
    return {address: row[key] for address, row in rows.items()}


def told(truth: Truth, key: str) -> dict[int, Any]:
    return {address: record[key] for address, record in truth.contexts.items()}


def test_exactly_the_planted_ones(rows: Rows, truth: Truth) -> None:
    names = {address: record["name"] for address, record in truth.contexts.items()}
    assert [names[address] for address in names.keys() - rows.keys()] == []
    assert [rows[address] for address in rows.keys() - names.keys()] == []


def test_no_decoy(rows: Rows, truth: Truth) -> None:
    assert [decoy["name"] for address, decoy in truth.decoys.items() if address in rows] == []


def test_kinds(rows: Rows, truth: Truth) -> None:
    assert said(rows, "kind") == told(truth, "kind")


def test_parents(rows: Rows, truth: Truth) -> None:
    roots = {"context.backgroundCtx": "background", "context.todoCtx": "todo", None: ""}
    parents = {address: roots.get(row["parent_kind"], row["parent"]) for address, row in rows.items()}
    assert parents == told(truth, "parent")


def test_states(rows: Rows, truth: Truth) -> None:
    assert said(rows, "state") == told(truth, "state")


def test_causes(rows: Rows, truth: Truth) -> None:
    assert {address: row["cause"] or "" for address, row in rows.items()} == told(truth, "cause")


def test_registered_with(rows: Rows, truth: Truth) -> None:
    assert {address: row["registered_with"] or "" for address, row in rows.items()} == told(truth, "registered_with")


def test_children(rows: Rows, truth: Truth) -> None:
    assert {address: row["children"] or 0 for address, row in rows.items()} == told(truth, "children")


def test_waiters(rows: Rows, truth: Truth) -> None:
    expected = {address: sorted(goids) for address, goids in told(truth, "waiters").items()}
    assert {address: sorted(goids) for address, goids in said(rows, "waiters").items()} == expected


def test_deadlines(rows: Rows, truth: Truth) -> None:
    timers = [address for address, record in truth.contexts.items() if record["kind"] == "*context.timerCtx"]
    expected = {address: truth.contexts[address]["deadline_unix_ns"] for address in timers}
    assert {address: unix_ns(rows[address]["deadline"]) for address in timers} == expected


def test_time_left(rows: Rows, truth: Truth) -> None:
    far = int(truth.names["timeout, far"]["address"], 16)
    assert 3_400e9 < rows[far]["deadline_in_ns"] <= 3_600e9


def test_values(rows: Rows, truth: Truth) -> None:
    records = {
        address: record
        for address, record in truth.contexts.items()
        if record["kind"] == VALUE and plain(record["key_type"])
    }
    assert len(records) > 100
    keys = {address: expected(record["key_type"], record["key"]) for address, record in records.items()}
    assert {address: rows[address]["key"] for address in records} == keys
    values = {a: expected(r["value_type"], r["value"]) for a, r in records.items() if plain(r["value_type"])}
    del values[int(truth.names["long value"]["address"], 16)]
    assert {address: rows[address]["value"] for address in values} == values


def plain(type_name: str) -> bool:
    return not type_name.startswith(("*", "[]"))


def expected(type_name: str, text: str) -> str:
    """A value as Go source has it: a named type says its name."""
    if type_name == "string":
        return text.replace("\\a", "\\x07")  # Go prints the bell as \\a; by its number is as good
    return f"{type_name}({text})" if "." in type_name and "{" not in text else text


def test_a_long_value_is_cut(rows: Rows, truth: Truth) -> None:
    record = truth.names["long value"]
    value = rows[int(record["address"], 16)]["value"]
    assert value.startswith(record["value"][:150])
    assert len(value) < 1_000 < len(record["value"])


def test_values_are_masked_in_json(host: hosts.Host, ctxforest_subject: hosts.Subject) -> None:
    masked = by_address(hosts.ask(host, ctxforest_subject, "go-ctxtree"))
    values = [row["value"] for row in masked.values() if row["kind"] == VALUE]
    assert values
    assert {tuple(value) for value in values} == {("absent",)}


@pytest.mark.parametrize("maker", ["kernel", "dlv", *(f"gcore-{gdb}" for gdb in tools.gdbs())])
def test_every_kind_of_core(ctxforest: Program, maker: str) -> None:
    taken = core(ctxforest, maker)
    rows = by_address(hosts.ask(hosts.Host("core"), taken, "go-ctxtree", "--values"))
    assert said(rows, "kind") == told(taken.truth, "kind")
    assert said(rows, "state") == told(taken.truth, "state")
    assert {address: sorted(row["waiters"]) for address, row in rows.items()} == {
        address: sorted(goids) for address, goids in told(taken.truth, "waiters").items()
    }


def unix_ns(text: str) -> int:
    """``2026-11-23T09:16:41.123456789Z`` in nanoseconds since 1970."""
    seconds, fraction = text.removesuffix("Z").split(".")
    return int(datetime.fromisoformat(f"{seconds}+00:00").timestamp()) * 10**9 + int(fraction.ljust(9, "0"))
