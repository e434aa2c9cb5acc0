"""go-spans, go-object, go-mem and go-gc in Delve against what the heap sample planted and the runtime counted itself.

The sample allocates nothing after it has written runtime.MemStats.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import pytest

from tests import programs, tools
from tests.dlvscripts import delve

LINES = ("go-mem --json", "go-spans --json", "go-gc --json", "go-mem", "go-spans --limit 2", "go-gc")
SCAVENGED = {"HeapReleased", "HeapIdle", "NextGC"}
"""The scavenger gives memory back in the background. (The goal of a heap that is not collected is what there is.)"""
MOVED = {"GCSys": -1, "HeapSys": 1}
"""So are work buffers, which become idle spans (runtime/mgcwork.go, freeSomeWbufs)."""
GC_PROGRAM = 128 << 10
"""Bytes of a type above which Go 1.22 and 1.23 have a program for the collector instead of a bitmap."""
COLLECTIONS = 3
"""That the sample asks for; it lets none begin by itself."""

OF_A_KIND = 2


@pytest.fixture(scope="session")
def said(dlv_host: str, go: str) -> delve.Said:
    return delve.said(dlv_host, programs.build("heap", go), *LINES)


@pytest.fixture(scope="session")
def stats(said: delve.Said) -> dict[str, Any]:
    found: dict[str, Any] = said.truth.facts["memstats"]
    return found


@pytest.fixture(scope="session")
def classes(said: delve.Said) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = said.document(1)["classes"]
    return found


def test_the_runtimes_own_counters(said: delve.Said, stats: dict[str, Any]) -> None:
    found = said.document()["memstats"]
    shared = found.keys() & stats.keys()
    assert len(shared) > 20
    moved = stats["GCSys"] - found["GCSys"]
    now = {**stats, **{name: stats[name] + MOVED[name] * moved for name in MOVED}}
    assert {name: found[name] for name in shared - SCAVENGED} == {name: now[name] for name in shared - SCAVENGED}
    assert found["NumGC"] == found["NumForcedGC"] == COLLECTIONS
    assert found["HeapReleased"] >= stats["HeapReleased"]
    assert found["HeapIdle"] == stats["HeapIdle"] + moved


def test_live_objects_by_size(classes: list[dict[str, Any]], stats: dict[str, Any]) -> None:
    live: dict[int, int] = {}
    for row in classes:
        live[row["elemsize"]] = live.get(row["elemsize"], 0) + row["live"]
    assert sum(live.values()) == stats["HeapObjects"]
    small = {size: mallocs - frees for size, mallocs, frees in stats["BySize"] if size}
    assert {size: live.get(size, 0) for size in small} == small


def test_spans_add_up(classes: list[dict[str, Any]], stats: dict[str, Any]) -> None:
    assert sum(row["bytes"] for row in classes) == stats["HeapInuse"]
    assert all(row["live"] + row["free"] == row["slots"] for row in classes)
    assert all(row["noscan"] == bool(row["class"] & 1) for row in classes)
    assert [row["bytes"] for row in classes] == sorted((row["bytes"] for row in classes), reverse=True)


def test_the_collector(said: delve.Said, stats: dict[str, Any]) -> None:
    found = said.document(2)
    assert found["phase"] == "off"
    assert found["gogc"] == -1 and found["memory_limit"] is None
    assert found["cycles"] == COLLECTIONS
    assert sum(pause["ns"] for pause in found["pauses"]) == stats["PauseTotalNs"]
    assert found["pauses"][0]["end_unix_ns"] == stats["LastGC"]
    assert len(found["pauses"]) == COLLECTIONS


def test_text_is_bounded(said: delve.Said, classes: list[dict[str, Any]]) -> None:
    mem, spans, gc = said.answers[3:6]
    assert mem.startswith("from the system  ") and "live and dead objects" in mem
    assert spans.splitlines()[-1] == f"… and {len(classes) - 2} more classes (--all shows them, --limit N so many)"
    assert "GOGC=off, GOMEMLIMIT=off" in gc


def test_objects(go: str) -> None:
    program = programs.build("heap", go)
    taken = programs.core(program, f"gcore-{tools.gdbs()[-1]}")
    records = {record["address"]: record for record in alike(taken.truth.facts["objects"])}
    answers = delve.on_core(taken, *(f"go-object {address} --json" for address in records))
    found = dict(zip(records, map(parsed, answers), strict=True))
    lost = {address for address in records if found[address] is None}
    assert all(records[address]["dead"] for address in lost)
    records = {address: record for address, record in records.items() if address not in lost}
    assert {a: found[a]["allocated"] for a in records} == {a: not record["dead"] for a, record in records.items()}
    assert all(int(found[a]["base"], 16) <= int(a, 16) for a in records)
    noted = {a: found[a]["type"] for a in records if found[a]["type"]}
    assert bool(noted) == (go != "1.21.13")
    assert noted == {a: records[a]["type"] for a in noted}
    wide = {a for a, r in records.items() if r["pointers"] > 0 and r["size"] * r["count"] > 512 and not r["dead"]}
    if go.startswith(("1.22", "1.23")):  # of these the runtime notes a type of its own making, which has no name
        wide -= {a for a in wide if records[a]["size"] > GC_PROGRAM}
    assert go == "1.21.13" or wide <= noted.keys()


def alike(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Some of each kind: of a thousand nodes each would only take its time."""
    kinds = defaultdict(list)
    for one in objects:
        if one["size"]:
            kinds[one["type"], one["kind"], one["count"], one["dead"], one["pointers"] > 0].append(one)
    return [record for records in kinds.values() for record in records[:OF_A_KIND]]


def parsed(answer: str) -> dict[str, Any] | None:
    return json.loads(answer) if answer.startswith("{") else None


def test_addresses_outside_of_the_heap(ctxforest_core: programs.Core) -> None:
    lines = ("go-object 0x10", "go-object nonsense", "go-object")
    assert delve.on_core(ctxforest_core, *lines) == (
        "0x10 is in no object of the heap: nothing of Go's\n",
        "go-object: which address? go-object 0xADDR; help go-object\n",
        "go-object: which address? go-object 0xADDR; help go-object\n",
    )
