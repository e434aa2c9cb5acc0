"""go-cycles in every host, against the rings that samples plant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests import hosts, programs
from tests.waiting import until


@pytest.fixture(scope="module")
def sample(host: hosts.Host, go: str) -> Iterator[tuple[hosts.Host, Any]]:
    with hosts.subject(host, programs.build("heap", go)) as subject:
        yield host, subject


@pytest.fixture(scope="module")
def cycles(sample: tuple[hosts.Host, Any]) -> list[dict[str, Any]]:
    found = hosts.ask(*sample, "go-cycles")["cycles"]
    assert isinstance(found, list)
    return found


def addresses(row: dict[str, Any]) -> list[str]:
    return [row["example"]["entering"]["to"], *(edge["to"] for edge in row["example"]["edges"])]


def test_the_ring_of_the_sample(sample: tuple[hosts.Host, Any], cycles: list[dict[str, Any]]) -> None:
    """Three nodes, one of which holds its name; a variable leads to the first."""
    planted = [one["address"] for one in sample[1].truth.facts["objects"] if one["name"] == "ring"]
    (row,) = (row for row in cycles if set(planted) <= set(addresses(row)))
    assert row["objects"] == 3 and row["retained_objects"] == 3 and row["bytes"] == row["retained_bytes"]
    assert row["types"] == [{"type": "main.node", "count": 3}] and not row["contexts"]
    assert row["address"] == planted[0] == row["example"]["entering"]["to"] == row["example"]["closing"]["to"]
    assert row["example"]["entering"]["from"] is None and row["entrances"] == 1
    assert row["root"]["kind"] == "global" and row["only_root"] == row["root"]["name"] == "main.globals"
    edges = [*row["example"]["edges"], row["example"]["closing"]]
    assert row["example"]["length"] == 3 and {edge["field"] for edge in edges} == {".next"}


def test_what_is_garbage_is_no_cycle(sample: tuple[hosts.Host, Any], cycles: list[dict[str, Any]]) -> None:
    dropped = {one["address"] for one in sample[1].truth.facts["objects"] if one["name"] == "dropped ring"}
    assert dropped and not any(dropped & set(addresses(row)) for row in cycles)


def test_every_ring_closes(cycles: list[dict[str, Any]]) -> None:
    for row in cycles:
        example = row["example"]
        edges = [*example["edges"], example["closing"]]
        assert [edge["from"] for edge in edges] == addresses(row)
        assert example["closing"]["to"] == row["address"] and len(edges) == example["length"]
        assert row["objects"] == sum(one["count"] for one in row["types"])
        assert row["retained_bytes"] >= row["bytes"] and row["retained_objects"] >= row["objects"]
    sizes = [row["retained_bytes"] for row in cycles]
    assert sizes == sorted(sizes, reverse=True)


def test_what_is_retained_is_what_one_object_retains(
    sample: tuple[hosts.Host, Any], cycles: list[dict[str, Any]]
) -> None:
    """A component retains at least what the object by which it is entered does."""
    for row in cycles[:5]:
        (one,) = hosts.ask(*sample, "go-retained", row["address"])["items"]
        assert one["retained_bytes"] <= row["retained_bytes"]


def test_as_text(sample: tuple[hosts.Host, Any]) -> None:
    out = hosts.say(*sample, "go-cycles", "--all").out
    assert "\tkept by main.globals alone; entered from main.globals.ring\n" in out
    assert "main.node, which closes the ring\n" in out
    assert "no object leads to itself" in hosts.say(*sample, "go-cycles", "--min", "1000000").out


def test_contexts_are_one_line(host: hosts.Host, go: str) -> None:
    """The forest's contexts lead to their children and back. What a goroutine holds may change between two looks."""
    with hosts.subject(host, programs.build("ctxforest", go)) as subject:

        def alike() -> bool:
            rows = hosts.ask(host, subject, "go-cycles")["cycles"]
            contexts = [row for row in rows if row["contexts"]]
            assert contexts
            many = "is of contexts" if len(contexts) == 1 else "are of contexts"
            line = f"{len(contexts):,} of these {many}, parents with their children"
            return line in hosts.say(host, subject, "go-cycles").out

        until(alike, "two looks at the same")
