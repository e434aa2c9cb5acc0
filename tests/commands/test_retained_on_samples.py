"""go-retained in every host, against what the sample says of the objects that it planted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests import hosts, programs


@pytest.fixture(scope="module")
def sample(host: hosts.Host, go: str) -> Iterator[tuple[hosts.Host, Any]]:
    with hosts.subject(host, programs.build("heap", go)) as subject:
        yield host, subject


def planted(subject: Any, name: str) -> list[dict[str, Any]]:
    found = [one for one in subject.truth.facts["objects"] if one["name"] == name and not one["dead"]]
    assert found, name
    return found


def one(sample: tuple[hosts.Host, Any], address: str) -> dict[str, Any]:
    (found,) = hosts.ask(*sample, "go-retained", address)["items"]
    assert isinstance(found, dict)
    return found


def test_a_list_retains_its_links(sample: tuple[hosts.Host, Any]) -> None:
    """Each link holds the one that was planted before it."""
    links = planted(sample[1], "link")
    for number in (0, 1, len(links) - 1):
        found = one(sample, links[number]["address"])
        assert found["retained_objects"] == number + 1
        assert found["retained_bytes"] == (number + 1) * found["shallow_bytes"]
        assert found["shallow_bytes"] >= links[number]["size"]
    assert one(sample, links[0]["address"])["dominator"] == links[1]["address"]


def test_a_tree_retains_its_nodes(sample: tuple[hosts.Host, Any]) -> None:
    nodes = planted(sample[1], "tree")
    found = hosts.ask(*sample, "go-retained", nodes[-1]["address"], "--tree")["items"]
    assert found[0]["retained_objects"] == len(nodes) and found[0]["type"] == "main.tree"
    halves = [row["retained_objects"] for row in found[1:]]
    assert halves == [len(nodes) // 2] * 2 and {row["dominator"] for row in found[1:]} == {nodes[-1]["address"]}


def test_a_ring_is_kept_by_what_leads_to_it(sample: tuple[hosts.Host, Any]) -> None:
    found = one(sample, planted(sample[1], "ring")[0]["address"])
    assert found["retained_objects"] == 3 and found["root"] == "main.globals"


def test_what_a_goroutine_alone_holds(sample: tuple[hosts.Host, Any]) -> None:
    """Its stack holds what the sample says, and its g is its own."""
    rows = {row["goid"]: row for row in hosts.ask(*sample, "go-retained", "--by", "goroutine")["items"]}
    assert set(rows) == {row["goid"] for row in hosts.ask(*sample, "go-goroutines")["goroutines"]}
    assert all(row["retained_bytes"] >= row["shallow_bytes"] > 0 for row in rows.values() if row["goid"])
    for name in ("variable", "deferred in a loop"):
        found = one(sample, planted(sample[1], name)[0]["address"])
        while found["dominator"] is not None:
            found = one(sample, found["dominator"])
        assert found["root"].startswith("goroutine "), name
        goid = int(found["root"].split(",")[0].split()[1])
        assert rows[goid]["retained_bytes"] >= found["retained_bytes"] + rows[goid]["shallow_bytes"]


def test_what_a_variable_alone_holds(sample: tuple[hosts.Host, Any]) -> None:
    rows = {row["group"]: row for row in hosts.ask(*sample, "go-retained", "--by", "global")["items"]}
    trees = planted(sample[1], "tree")
    assert rows["main.globals"]["retained_objects"] > len(trees)
    assert rows["main.globals"]["shallow_bytes"] == 0


def test_sets_are_the_histograms(sample: tuple[hosts.Host, Any]) -> None:
    """Each row is at least what its objects themselves take, and these add up to all that there is."""
    total = hosts.ask(*sample, "go-histogram")["total"]
    for by in ("type", "package"):
        found = hosts.ask(*sample, "go-retained", "--by", by)
        assert found["total"] == total
        assert sum(row["shallow_bytes"] for row in found["items"]) == total["bytes"]
        assert sum(row["shallow_objects"] for row in found["items"]) == total["objects"]
        sizes = [row["retained_bytes"] for row in found["items"]]
        assert sizes == sorted(sizes, reverse=True)
        assert all(row["retained_bytes"] >= row["shallow_bytes"] for row in found["items"])


def test_the_largest_objects_come_first(sample: tuple[hosts.Host, Any]) -> None:
    host, subject = sample
    rows = hosts.ask(host, subject, "go-retained", "--limit", "20")["items"]
    sizes = [row["retained_bytes"] for row in rows]
    assert len(rows) == 20 and sizes == sorted(sizes, reverse=True)
    assert one(sample, rows[0]["address"]) == {**rows[0], "group": None, "goid": None}
    assert "kept by" in hosts.say(host, subject, "go-retained", "--limit", "3").out
    assert "everything that roots reach" in hosts.say(host, subject, "go-retained", "--tree", "--limit", "9").out


def test_json_is_bounded_too(sample: tuple[hosts.Host, Any]) -> None:
    total = hosts.ask(*sample, "go-histogram")["total"]["objects"]
    found = hosts.ask(*sample, "go-retained")
    assert len(found["items"]) == 100 and found["left_out"] == total - 100
    every = hosts.ask(*sample, "go-retained", "--limit", str(total))
    assert len(every["items"]) == total and every["left_out"] == 0


def test_what_is_refused(sample: tuple[hosts.Host, Any]) -> None:
    host, subject = sample
    address = planted(subject, "tree")[0]["address"]
    for words in (("--by", "type", address), ("--by", "global", "--tree")):
        said = hosts.say(host, subject, "go-retained", *words)
        assert "--by is of the whole heap" in said.out + said.err
    dead = [one for one in subject.truth.facts["objects"] if one["name"] == "dropped ring"]
    said = hosts.say(host, subject, "go-retained", dead[0]["address"])
    assert "is free" in said.out + said.err
