"""go-histogram in every host: its sums are its totals, and those are what the runtime counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests import hosts, programs

YOUNG = 3000


@pytest.fixture(scope="module")
def sample(host: hosts.Host, go: str) -> Iterator[tuple[hosts.Host, Any]]:
    with hosts.subject(host, programs.build("heap", go), "-young", str(YOUNG)) as subject:
        yield host, subject


def sums(document: dict[str, Any], of: str = "types") -> dict[str, int]:
    return {
        "objects": sum(row["count"] for row in document[of]),
        "bytes": sum(row["bytes"] for row in document[of]),
    }


def test_rows_add_up(sample: tuple[hosts.Host, Any]) -> None:
    document = hosts.ask(*sample, "go-histogram")
    assert sums(document) == document["total"]
    assert sums(hosts.ask(*sample, "go-histogram", "--by", "package")) == document["total"]
    dead = hosts.ask(*sample, "go-histogram", "--unreachable")
    assert sums(dead) == dead["unreachable"] == document["unreachable"]
    assert all(row["average_bytes"] == round(row["bytes"] / row["count"]) for row in document["types"])


def test_totals_are_those_of_memstats(sample: tuple[hosts.Host, Any]) -> None:
    """Alive and garbage together are all that is allocated: nothing is between."""
    document, stats = hosts.ask(*sample, "go-histogram"), sample[1].truth.facts["memstats"]
    objects = document["total"]["objects"] + document["unreachable"]["objects"]
    size = document["total"]["bytes"] + document["unreachable"]["bytes"]
    assert (objects, size) == (stats["HeapObjects"], stats["HeapAlloc"])


def test_dropped_objects_are_garbage(sample: tuple[hosts.Host, Any]) -> None:
    """The sample drops some thousand of one size, and may have the last one in a register."""
    dead = hosts.ask(*sample, "go-histogram", "--unreachable")
    assert dead["unreachable"]["objects"] >= YOUNG - 1


def test_garbage_has_types(sample: tuple[hosts.Host, Any]) -> None:
    """The sample drops some that an interface held. Objects are listed by it too, and go-object says it of one."""
    host, subject = sample
    dead, dropped = hosts.ask(host, subject, "go-histogram", "--unreachable"), subject.truth.facts["wide"]
    (row,) = (row for row in dead["types"] if row["type"] == "main.failure")
    assert dropped - 1 <= row["count"] <= dropped and row["exact"]
    found = hosts.ask(host, subject, "go-histogram", "--of", "main.failure", "--unreachable")
    assert len(found["instances"]) == row["count"] and not any(one["reachable"] for one in found["instances"])
    one = hosts.ask(host, subject, "go-object", found["instances"][0]["address"])
    assert (one["type"], one["exact"], one["reachable"]) == ("main.failure", True, False)
    printed = hosts.ask(host, subject, "go-print", found["instances"][0]["address"])
    assert printed["type"] == "main.failure"


def test_objects_of_a_type(sample: tuple[hosts.Host, Any]) -> None:
    """Those that the sample planted are among them, where their type is certain."""
    host, subject = sample
    document = hosts.ask(host, subject, "go-histogram")
    exact = {row["type"] for row in document["types"] if row["exact"]}
    planted: dict[str, set[str]] = {}
    for record in subject.truth.facts["objects"]:
        if record["type"] in exact and record["kind"] == "struct" and record["count"] == 1 and not record["dead"]:
            planted.setdefault(record["type"], set()).add(record["address"])
    for name in sorted(planted)[:5]:
        found = hosts.ask(host, subject, "go-histogram", "--of", name)
        assert sums({"types": found["types"]})["objects"] == len(found["instances"])
        assert all(one["reachable"] for one in found["instances"])


def test_rows_that_are_not_certain_are_listed_by_what_they_are_called(sample: tuple[hosts.Host, Any]) -> None:
    """Those of their own row, and no others."""
    rows = hosts.ask(*sample, "go-histogram")["types"]
    likely = next(row for row in rows if row["type"] and not row["exact"])
    untyped = next(row for row in rows if not row["type"] and row["elemsize"])
    pointers = ", no pointers" if untyped["noscan"] else ""
    names = {f"{likely['type']} (likely)": likely, f"(no type, {untyped['elemsize']} bytes{pointers})": untyped}
    for name, row in names.items():
        found = hosts.ask(*sample, "go-histogram", "--of", f'"{name}"' if sample[0].gdb else name)
        assert len(found["instances"]) == row["count"] and found["types"] == [row]


def test_a_type_that_no_object_has(sample: tuple[hosts.Host, Any]) -> None:
    said = hosts.say(*sample, "go-histogram", "--of", "no.such")
    assert "no object is known to be of type no.such" in said.out + said.err
