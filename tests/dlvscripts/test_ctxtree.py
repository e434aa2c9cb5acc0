"""go-ctxtree in Delve against the sample's own truth: what can be walked to, and what is said of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests import programs
from tests.commands.test_ctxtree_on_samples import Rows, by_address, expected, plain, unix_ns
from tests.dlvscripts import delve
from tests.truth import Truth

ROOTS = {"context.backgroundCtx": "background", "context.todoCtx": "todo", None: ""}
NAMED = ("root of deadlines", "big family", "root of values", "parent of WithoutCancel", "root of user types")


@pytest.fixture(scope="session")
def said(dlv_host: str, go: str) -> delve.Said:
    return delve.said(dlv_host, programs.build("ctxforest", go), "go-ctxtree --json", "go-ctxtree")


@pytest.fixture(scope="session")
def rows(said: delve.Said) -> Rows:
    return by_address(said.document())


@pytest.fixture(scope="session")
def below(ctxforest_core: programs.Core) -> tuple[Truth, dict[str, dict[str, Any]]]:
    """The trees below some contexts that only the heap holds, by name."""
    addresses = [ctxforest_core.truth.names[name]["address"] for name in NAMED]
    lines = [f"go-ctxtree (*context.cancelCtx)({address}) --values --json" for address in addresses]
    said = delve.Said(ctxforest_core.truth, delve.on_core(ctxforest_core, *lines))
    return ctxforest_core.truth, {name: said.document(number) for number, name in enumerate(NAMED)}


def seeds(truth: Truth) -> set[int]:
    """What stacks, package variables and Done channels waited on hold."""
    found = {a for a, record in truth.contexts.items() if record["waiters"] or record["holders"]}
    names = ("held by a global", "value in front of a wait", "http request 0^0", "http request 1^0")
    return found | {int(truth.names[name]["address"], 16) for name in names}


def walked(truth: Truth, todo: set[int], up: bool = True) -> set[int]:
    """With their parents and with what is registered with them."""
    found: set[int] = set()
    while todo:
        found |= todo
        fresh = set()
        for address, record in truth.contexts.items():
            if up and address in todo and record["parent"].startswith("0x"):
                fresh.add(int(record["parent"], 16))
            if record["registered_with"] and int(record["registered_with"], 16) in todo:
                fresh.add(address)
        todo = fresh - found
    return found


def test_all_that_can_be_walked_to_and_nothing_else(rows: Rows, said: delve.Said) -> None:
    names = {address: record["name"] for address, record in said.truth.contexts.items()}
    assert [names[address] for address in walked(said.truth, seeds(said.truth)) - rows.keys()] == []
    assert [row for address, row in rows.items() if address not in names] == []


def test_what_is_said_of_each(rows: Rows, said: delve.Said) -> None:
    assert {address: facts(row) for address, row in rows.items()} == {
        address: told(said.truth, address) for address in rows
    }


def test_what_the_parent_is(said: delve.Said) -> None:
    listed = said.document()["contexts"]
    kinds = {row["address"]: row["kind"] for row in listed}
    above = {row["address"]: kinds[row["parent"]] for row in listed if row["parent"] in kinds}
    assert above and {row["address"]: row["parent_kind"] for row in listed if row["address"] in above} == above


def test_a_key_that_takes_no_place(ctxforest_core: programs.Core) -> None:
    address = ctxforest_core.truth.names["empty struct key"]["address"]
    (said,) = delve.on_core(ctxforest_core, f"go-ctxtree (*context.valueCtx)({address})")
    assert ", main.emptyKey{} = (not shown without --values)" in said


def facts(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": row["kind"],
        "state": row["state"],
        "parent": ROOTS.get(row["parent_kind"], "") or row["parent"] or "",
        "registered_with": row["registered_with"] or "",
        "children": row["children"] or 0,
        "waiters": sorted(row["waiters"]),
    }


def told(truth: Truth, address: int) -> dict[str, Any]:
    record = truth.contexts[address]
    keys = ("kind", "state", "parent", "registered_with", "children")
    return {key: record[key] for key in keys} | {"waiters": sorted(record["waiters"])}


def test_below_a_context(below: tuple[Truth, dict[str, dict[str, Any]]]) -> None:
    truth, documents = below
    for name, document in documents.items():
        found = by_address(document)
        root = int(truth.names[name]["address"], 16)
        assert walked(truth, {root}, up=False) <= found.keys() <= truth.contexts.keys(), name
        assert {a: facts(row) | {"registered_with": ""} for a, row in found.items()} == {
            a: told(truth, a) | {"registered_with": ""} for a in found
        }
        assert document["roots"] == [hex(root)]


def test_deadlines(below: tuple[Truth, dict[str, dict[str, Any]]]) -> None:
    truth, documents = below
    found = by_address(documents["root of deadlines"]) | by_address(documents["big family"])
    timers = [address for address, row in found.items() if row["kind"] == "*context.timerCtx"]
    assert len(timers) > 100
    assert {address: unix_ns(found[address]["deadline"]) for address in timers} == {
        address: truth.contexts[address]["deadline_unix_ns"] for address in timers
    }
    assert all(3_400e9 < found[address]["deadline_in_ns"] <= 3_600e9 for address in timers)


def test_keys_and_values(below: tuple[Truth, dict[str, dict[str, Any]]]) -> None:
    truth, documents = below
    found = by_address(documents["root of values"]) | by_address(documents["big family"])
    records = {a: truth.contexts[a] for a, row in found.items() if row["kind"] == "*context.valueCtx"}
    simple = {a: r for a, r in records.items() if r["key_type"] in ("string", "main.intKey")}
    assert len(simple) > 100
    assert {a: found[a]["key"] for a in simple} == {a: expected(r["key_type"], r["key"]) for a, r in simple.items()}
    values = {a: r for a, r in simple.items() if plain(r["value_type"]) and r["value_type"] in ("string", "int")}
    assert {a: found[a]["value"] for a in values} == {
        a: expected(r["value_type"], r["value"]) for a, r in values.items()
    }


def test_values_are_masked(rows: Rows) -> None:
    assert {str(row["value"]) for row in rows.values() if row["kind"] == "*context.valueCtx"} == {
        str({"absent": "not shown without --values"})
    }


def test_families_fold(ctxforest_core: programs.Core) -> None:
    root = ctxforest_core.truth.names["big family"]["address"]
    (text,) = delve.on_core(ctxforest_core, f"go-ctxtree {root}")
    lines = text.splitlines()
    assert lines[0] == "401 contexts: 401 live, 0 cancelled"
    assert lines[1] == f"{root} *context.cancelCtx, live, 300 registered, child of context.Background()"
    families = ["├─ ×100 *context.valueCtx", "├─ ×100 *context.cancelCtx", "└─ ×100 *context.timerCtx"]
    assert [line.partition(", ")[0] for line in lines[2:] if "×" in line] == families


def test_cancelled_ones_say_why(ctxforest_core: programs.Core) -> None:
    truth = ctxforest_core.truth
    own = [
        r for r in truth.contexts.values() if r["cause"] and r["kind"] in ("*context.cancelCtx", "*context.timerCtx")
    ]
    lines = [f"go-ctxchain ({record['kind']})({record['address']}) --json" for record in own]
    said = delve.Said(truth, delve.on_core(ctxforest_core, *lines))
    causes = {record["name"]: said.document(i)["chains"][0]["chain"][0]["cause"] for i, record in enumerate(own)}
    assert causes == {record["name"]: record["cause"] for record in own}


@pytest.mark.parametrize("name", ["hostile value", "hostile key"])
def test_what_a_terminal_obeys_is_never_printed(ctxforest_core: programs.Core, name: str) -> None:
    address = ctxforest_core.truth.names[name]["address"]
    (text,) = delve.on_core(ctxforest_core, f"go-ctxchain (*context.valueCtx)({address}) --values")
    assert address in text
    assert [letter for letter in text if letter != "\n" and not letter.isprintable()] == []


def test_before_the_program_has_begun(go: str) -> None:
    (said,) = delve.batch(["exec", str(programs.build("ctxforest", go).exe)], ["go-ctxtree"], "exit")
    assert said.startswith("the program has not begun: ") and said.count("\n") == 1


def test_no_context_lies_at_0(go: str) -> None:
    """A nil pointer to a type of no bytes is no context, and nobody's parent."""
    said = delve.said("core", programs.build("bridges", go), "go-ctxtree --json")
    found = by_address(said.document())
    server = next(one["address"] for one in said.truth.facts["contexts"] if one["name"] == "server")
    assert 0 not in found and int(server, 16) in found
    assert not any(row["parent"] == "0x0" for row in said.document()["contexts"])
