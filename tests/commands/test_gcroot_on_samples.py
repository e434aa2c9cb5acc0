"""go-object, go-refs and go-gcroot in every host, against the memory itself and what the sample says of its objects."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests import hosts, programs

HELD_BY = {"global": "global", "stack": "frame", "stack object": "frame", "finalizer": "finalizer"}
"""What a root's kind may be, by what the sample holds an object with; others it does not say."""


@pytest.fixture(scope="module")
def sample(host: hosts.Host, go: str) -> Iterator[tuple[hosts.Host, Any]]:

    with hosts.subject(host, programs.build("heap", go)) as subject:
        yield host, subject


def planted(subject: Any, *held: str) -> list[dict[str, Any]]:
    """Objects that are held so, of one value each."""
    every = subject.truth.facts["objects"]
    return [one for one in every if one["held"] in held and not one["dead"] and one["size"] and one["kind"] == "struct"]


def test_an_object(sample: tuple[hosts.Host, Any]) -> None:
    host, subject = sample
    for record in planted(subject, "global", "interface")[:6]:
        found = hosts.ask(host, subject, "go-object", record["address"])
        assert (found["address"], found["base"]) == (record["address"], record["address"])
        assert found["allocated"] and found["reachable"]
        assert found["size"] >= record["size"] * record["count"]
        assert not found["exact"] or found["type"] == record["type"]


def test_no_object(sample: tuple[hosts.Host, Any]) -> None:
    found = hosts.ask(*sample, "go-object", "0x10")
    assert found["base"] is None and found["allocated"] is None


def test_paths_begin_where_the_sample_holds_an_object(sample: tuple[hosts.Host, Any]) -> None:
    host, subject = sample
    chosen = [one for how in HELD_BY for one in planted(subject, how)[:2]]
    assert len(chosen) > 3
    for record in chosen:
        found = hosts.ask(host, subject, "go-gcroot", record["address"])
        assert found["reachable"], record
        path = found["paths"][0]
        assert path["root"]["kind"] == HELD_BY[record["held"]], record
        base = hosts.ask(host, subject, "go-object", record["address"])["base"]
        assert path["edges"][-1]["to"] == base


def test_an_object_with_a_finalizer_in_a_ring(sample: tuple[hosts.Host, Any]) -> None:
    """Nothing but its own contents keeps it, for ever."""
    (record,) = (one for one in sample[1].truth.facts["objects"] if one["name"] == "in a ring with a finalizer")
    (path,) = hosts.ask(*sample, "go-gcroot", record["address"])["paths"]
    name = f"contents of {record['address']} main.looped, which has a finalizer"
    assert (path["root"]["kind"], path["root"]["name"]) == ("finalizer", name)
    assert [edge["type"] for edge in path["edges"]] == ["main.beyond", "main.looped"]
    assert f"root: {name}\n" in hosts.say(*sample, "go-gcroot", record["address"]).out


def test_a_type_that_is_not_certain_is_called_likely(sample: tuple[hosts.Host, Any]) -> None:
    """A pointer to what a larger structure begins with says no more; that structure's object is the same one."""
    (record,) = (one for one in sample[1].truth.facts["objects"] if one["name"] == "known by its beginning")
    last = hosts.ask(*sample, "go-gcroot", record["address"])["paths"][0]["edges"][-1]
    assert (last["type"], last["exact"]) == ("main.beginning", False)
    assert f"{record['address']} main.beginning (likely)\n" in hosts.say(*sample, "go-gcroot", record["address"]).out


def test_paths_as_a_picture(sample: tuple[hosts.Host, Any], tmp_path: Path) -> None:
    """A box for the root and for each object, an arrow for each field."""
    record = planted(sample[1], "global")[0]
    graph, picture = tmp_path / "g", tmp_path / "p"
    found = hosts.ask(*sample, "go-gcroot", record["address"], "--dot", str(graph), "--svg", str(picture))
    (path,) = found["paths"]
    boxes = re.findall(r'^n\d+ \[label="(.*?)[ "]', graph.read_text(), re.M)
    arrows = re.findall(r"^(n\d+) -> (n\d+)(?: \[label=\"(.*)\"\])?;$", graph.read_text(), re.M)
    assert boxes == ["root:", *(edge["to"] for edge in path["edges"])]
    assert [arrow[:2] for arrow in arrows] == [(f"n{at}", f"n{at + 1}") for at in range(len(path["edges"]))]
    assert [arrow[2] for arrow in arrows[1:]] == [edge["field"] for edge in path["edges"][1:]]
    assert ElementTree.parse(picture).getroot().tag == "{http://www.w3.org/2000/svg}svg"
    assert found["notes"][:2] == [f"wrote {graph}: dot -Tsvg {graph} > FILE.svg", f"wrote {picture}"]


def test_captured_variables_have_their_names(sample: tuple[hosts.Host, Any], go: str) -> None:
    """The debug information says what a closure captured from Go 1.23 on."""
    (record,) = (one for one in sample[1].truth.facts["objects"] if one["name"] == "captured")
    fields = {one["field"] for one in hosts.ask(*sample, "go-refs", record["address"], "--all")["referrers"]}
    assert ("captured captured" in fields) == (tuple(map(int, go.split("."))) >= (1, 23))


def test_steps_lead_to_each_other(sample: tuple[hosts.Host, Any]) -> None:
    """Each step is among those who refer to the next one."""
    host, subject = sample
    record = planted(subject, "interface")[0]
    edges = hosts.ask(host, subject, "go-gcroot", record["address"])["paths"][0]["edges"]
    for edge in edges[1:]:
        referrers = hosts.ask(host, subject, "go-refs", edge["to"], "--all")["referrers"]
        assert edge["from"] in {one["base"] for one in referrers}
        assert edge["field"] in {one["field"] for one in referrers if one["base"] == edge["from"]}
