"""go-histogram --sites and --by class, and go-object's allocation_site, on a program that samples every allocation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests import hosts, programs

Stack = tuple[str, ...]
TYPES = {
    "main.makeOrder": "main.order",
    "main.makeManyOrders": "main.order",
    "main.makeItem": "main.item",
    "main.makeBlob": "main.blob",
}


@pytest.fixture(scope="module")
def sample(host: hosts.Host, go: str) -> Iterator[tuple[hosts.Host, Any]]:
    with hosts.subject(host, programs.build("sites", go)) as subject:
        yield host, subject


def stack(frames: list[dict[str, Any]]) -> Stack:
    return tuple(f"{one['function']} {one['file']}:{one['line']}" for one in frames)


def without_allocator(frames: list[str]) -> Stack:
    """As pprof shows it."""
    first = next(at for at, frame in enumerate(frames) if not frame.startswith(("runtime.", "internal/runtime/")))
    return tuple(frames[first:])


def told(subject: Any) -> tuple[Counter[Stack], Counter[Stack]]:
    """(objects, bytes) of each stack: the profile has a row for each size."""
    objects, size = Counter[Stack](), Counter[Stack]()
    for site in subject.truth.facts["sites"]:
        objects[without_allocator(site["frames"])] += site["objects"]
        size[without_allocator(site["frames"])] += site["bytes"]
    return objects, size


def planted(site: dict[str, Any]) -> bool:
    return bool(site["stack"]) and site["stack"][0]["function"].startswith("main.make")


def test_sites_are_those_of_the_profile(sample: tuple[hosts.Host, Any]) -> None:
    """Each object is sampled, and stands for itself."""
    document = hosts.ask(*sample, "go-histogram", "--sites")
    sampled, estimated, size = Counter[Stack](), Counter[Stack](), Counter[Stack]()
    for site in filter(planted, document["sites"]):
        sampled[stack(site["stack"])] += site["sampled"]
        estimated[stack(site["stack"])] += site["estimated_objects"]
        size[stack(site["stack"])] += site["estimated_bytes"]
    objects, bytes_ = told(sample[1])
    assert sampled == estimated == objects
    assert size == bytes_
    assert document["sampled"]["rate"] == 1


def test_each_site_made_objects_of_one_type(sample: tuple[hosts.Host, Any]) -> None:
    for site in filter(planted, hosts.ask(*sample, "go-histogram", "--sites")["sites"]):
        made = TYPES.get(site["stack"][0]["function"])
        assert made in (None, site["type"]), site


def test_all_objects_of_a_type_are_sampled(sample: tuple[hosts.Host, Any]) -> None:
    document = hosts.ask(*sample, "go-histogram", "--of", "main.order", "--sites")
    exact = [one for one in document["sites"] if planted(one)]
    assert sum(one["sampled"] for one in exact) == 230 == document["sampled"]["of"] == document["sampled"]["objects"]
    assert {one["objects"] for one in exact} == {230}


def test_garbage_that_was_swept_has_no_site(sample: tuple[hosts.Host, Any]) -> None:
    dead = hosts.ask(*sample, "go-histogram", "--sites", "--unreachable")
    assert not [one for one in dead["sites"] if planted(one) and one["type"] == "main.order"]


def test_sites_as_text(sample: tuple[hosts.Host, Any]) -> None:
    said = hosts.say(*sample, "go-histogram", "--of", "main.item", "--sites").out
    assert said.startswith("27 of 27 objects were sampled\n")
    assert "main.makeItem at " in said and " ← main.throughThere ← main.plant" in said


def test_an_object_says_who_allocated_it(sample: tuple[hosts.Host, Any]) -> None:
    host, subject = sample
    found = hosts.ask(host, subject, "go-histogram", "--of", "main.blob")["instances"]
    assert len(found) == 9
    for one in found[:2]:
        site = hosts.ask(host, subject, "go-object", one["address"])["allocation_site"]
        assert site["stack"][0]["function"] == "main.makeBlob" and site["size"] == 704
        assert stack(site["stack"]) in told(subject)[0]
        same = hosts.ask(host, subject, "go-alloc-site", one["address"])["stack"]
        assert same == site["stack"]
    said = hosts.say(host, subject, "go-object", found[0]["address"]).out
    assert "\n\tallocated by main.makeBlob at " in said


def test_classes_add_up(sample: tuple[hosts.Host, Any]) -> None:
    document = hosts.ask(*sample, "go-histogram", "--by", "class")
    dead = hosts.ask(*sample, "go-histogram", "--by", "class", "--unreachable")
    for found, total in ((document, "total"), (dead, "unreachable")):
        assert sum(one["count"] for one in found["classes"]) == found[total]["objects"]
        assert sum(one["bytes"] for one in found["classes"]) == found[total]["bytes"]
        assert all(one["bytes"] == one["count"] * one["elemsize"] for one in found["classes"] if one["elemsize"])


def test_slots_are_those_of_the_spans(sample: tuple[hosts.Host, Any]) -> None:
    spans = {one["class"]: one for one in hosts.ask(*sample, "go-spans")["classes"]}
    live = {one["class"]: one for one in hosts.ask(*sample, "go-histogram", "--by", "class")["classes"]}
    dead = {
        one["class"]: one for one in hosts.ask(*sample, "go-histogram", "--by", "class", "--unreachable")["classes"]
    }
    for number in live.keys() | dead.keys():
        one = live.get(number) or dead[number]
        assert (one["slots"], one["spans"]) == (spans[number]["slots"], spans[number]["spans"])
        both = sum(of[number]["count"] for of in (live, dead) if number in of)
        assert both == spans[number]["live"]


def test_classes_know_no_types(sample: tuple[hosts.Host, Any]) -> None:
    for more in (["--sites"], ["--of", "main.order"]):
        said = hosts.say(*sample, "go-histogram", "--by", "class", *more)
        assert "--by class knows no types" in said.out + said.err
