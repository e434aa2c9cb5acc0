"""go-spans, go-mcache and go-mcentral against what the heap sample read with runtime.ReadMemStats."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import heaps, hosts
from tests.programs import build, run
from tests.waiting import states, until

SINCE = 2
"""Objects that the runtime may have made for itself since the program counted: on a busy machine that is long ago."""


@pytest.fixture(scope="module")
def subject(host: hosts.Host, go: str) -> Iterator[hosts.Subject]:
    with hosts.subject(host, build("heap", go), "-cached", "1000") as found:
        yield found


def ask(host: hosts.Host, subject: hosts.Subject, *command: str) -> dict[str, Any]:
    document = hosts.ask(host, subject, *command)
    assert document["notes"] == []
    return document


def test_classes_are_what_the_program_counts(host: hosts.Host, subject: hosts.Subject) -> None:
    classes = ask(host, subject, "go-spans")["classes"]
    said, more = subject.truth.facts["memstats"], subject.truth.facts["cached"]
    live = Counter[int]()
    for row in classes:
        live[row["elemsize"]] += row["live"]
        assert row["live"] + row["free"] == row["slots"] and (row["noscan"], row["unswept"]) == (
            row["class"] % 2 == 1,
            0,
        )
    known = {size: mallocs - frees for size, mallocs, frees in said["BySize"] if size}
    slot = min(size for size in known if size >= more["size"])
    known[slot] += more["count"]
    known[16] += more["count"] * more["tiny"] // 16
    since = {size: live[size] - count for size, count in known.items() if live[size] != count}
    assert all(0 < count <= SINCE for count in since.values()) and sum(since.values()) <= SINCE
    made = sum(row["live_bytes"] for row in classes) - said["HeapAlloc"]
    own = sum(size * count for size, count in since.items())
    assert made - own == more["count"] * slot + more["count"] * more["tiny"]


def test_states(host: hosts.Host, subject: hosts.Subject) -> None:
    found = ask(host, subject, "go-spans")
    states = {row["state"]: row for row in found["states"]}
    in_use = {name: sum(row[name] for row in found["classes"]) for name in ("spans", "bytes")}
    assert states["in use"] == {"state": "in use", **in_use}
    assert states["manual"]["bytes"] >= subject.truth.facts["memstats"]["StackInuse"] / 2
    assert set(states) <= {"dead", "in use", "manual"}


def test_each_span_of_a_class(host: hosts.Host, subject: hosts.Subject) -> None:
    found = ask(host, subject, "go-spans", "--class", "5")
    (row,) = found["classes"]
    for name in ("bytes", "slots", "live", "free"):
        assert sum(span[name] for span in found["spans"]) == row[name]
    assert len({span["address"] for span in found["spans"]}) == row["spans"]


def test_the_span_of_an_object(host: hosts.Host, subject: hosts.Subject) -> None:
    """By an address in it, and by that of its record."""
    planted = {record["name"]: record for record in subject.truth.facts["objects"] if not record["dead"]}
    for name in ("ring", "huge", "no pointer", "a string of a tiny block"):
        record = planted[name]
        span = hosts.ask(host, subject, "go-spans", record["address"])["span"]
        address = int(record["address"], 16)
        assert int(span["base"], 16) <= address < int(span["base"], 16) + span["slots"] * span["elemsize"]
        assert record["count"] * record["size"] <= span["elemsize"] and span["alloc_count"] == span["live"] > 0
        assert span["state"] == "in use" and span["noscan"] == (record["pointers"] <= 0)
        assert hosts.ask(host, subject, "go-spans", span["address"])["span"] == span


def test_every_span_is_cached_or_in_a_set(host: hosts.Host, subject: hosts.Subject) -> None:
    """The heap's list of spans knows nothing of caches and sets."""
    spans = {row["class"]: row["spans"] for row in ask(host, subject, "go-spans")["classes"]}
    found = Counter[int]()
    for row in ask(host, subject, "go-mcentral")["classes"]:
        found[row["class"]] += row["partial_swept"] + row["full_swept"]
        assert row["partial_unswept"] == row["full_unswept"] == 0
    found.update(span["class"] for cache in ask(host, subject, "go-mcache")["caches"] for span in cache["spans"])
    assert found == spans


def test_the_sets_of_a_class(host: hosts.Host, subject: hosts.Subject) -> None:
    found = ask(host, subject, "go-mcentral", "--class", "5")
    (row,) = found["classes"]
    counts = Counter(span["set"] for span in found["spans"])
    assert counts == {name: row[name] for name in counts} and sum(counts.values()) > 0
    assert all((span["free"] == 0) == span["set"].startswith("full") for span in found["spans"])


def test_caches(host: hosts.Host, subject: hosts.Subject) -> None:
    more = subject.truth.facts["cached"]
    caches = ask(host, subject, "go-mcache")["caches"]
    assert len({cache["p"] for cache in caches}) == len(caches) > 0
    assert not any(cache["stale"] for cache in caches)
    spans = [span for cache in caches for span in cache["spans"]]
    made = Counter(elem for span in spans for elem in [span["elemsize"]] * span["pending"])
    assert 0 < made.total() <= more["count"] + more["count"] * more["tiny"] // 16
    assert set(made) <= {16, *(span["elemsize"] for span in spans if span["elemsize"] >= more["size"])}
    assert 0 < sum(cache["tiny_allocs"] for cache in caches) <= more["count"]
    for span in spans:
        one = hosts.ask(host, subject, "go-spans", span["mspan"])["span"]
        assert (one["base"], one["live"], one["class"]) == (span["span"], span["taken"], span["class"])
        assert one["held_by"].startswith("the cache of P ")


def test_between_marking_and_sweeping(go: str, tmp_path: Path) -> None:
    """Spans that have to be swept are in sets of such, or in caches that are stale."""
    program, unswept = build("heap", go), 0
    while not unswept:
        with run(program, "-unswept", "-dump", str(tmp_path / heaps.DUMP)) as running:
            until(lambda: states(running.pid) == {"T"}, "it stops itself")
            spans = {row["class"]: row["unswept"] for row in ask(hosts.Host("live"), running, "go-spans")["classes"]}
            central = hosts.ask(hosts.Host("live"), running, "go-mcentral")
            caches = ask(hosts.Host("live"), running, "go-mcache")["caches"]
            os.kill(running.pid, signal.SIGCONT)
        unswept = sum(spans.values())
        found = Counter(span["class"] for cache in caches if cache["stale"] for span in cache["spans"])
        for row in central["classes"]:
            found[row["class"]] += row["partial_unswept"] + row["full_unswept"]
        assert {number: count for number, count in found.items() if count} == {
            n: count for n, count in spans.items() if count
        }
