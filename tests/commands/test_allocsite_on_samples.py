"""go-alloc-site against the samples of the memory profile that the runtime dumped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import heaps, hosts
from tests.heapdump import HeapDump
from tests.programs import Core, build

SOME, MOST = 25, 32
TYPES = re.compile(r"\[.*\]")


@pytest.fixture(scope="module")
def dumped(host: hosts.Host, go: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, HeapDump]]:
    path = Path(tmp_path_factory.mktemp("heap")) / heaps.DUMP
    name = heaps.DUMP if host.place == "core" else str(path)
    with hosts.subject(host, build("heap", go), "-profile", "-dump", name) as subject:
        where = subject.path.with_name(heaps.DUMP) if isinstance(subject, Core) else path
        yield subject, HeapDump.read(where)


def test_sampled_objects(host: hosts.Host, dumped: tuple[Any, HeapDump]) -> None:
    subject, dump = dumped
    for address, number in list(dump.samples.items())[:SOME]:
        document = hosts.ask(host, subject, "go-alloc-site", f"{address:#x}", "--full")
        bucket = dump.buckets[number]
        assert document["sampled"] and document["notes"] == []
        assert int(document["bucket"]["address"], 16) == number and document["bucket"]["size"] == bucket.size
        assert (document["bucket"]["allocs"], document["bucket"]["frees"]) == (bucket.allocs, bucket.frees)
        assert document["profile"]["sampled"] == len(dump.samples) and document["profile"]["rate"] == 4096


def test_stacks_are_those_of_the_profile(host: hosts.Host, dumped: tuple[Any, HeapDump]) -> None:
    """runtime.MemProfile has them by their frames, 32 at most."""
    subject, dump = dumped
    sites = {(site["size"], tuple(shortened(site["frames"]))) for site in subject.truth.facts["profile"]}
    planted = {int(record["address"], 16): record["name"] for record in subject.truth.facts["objects"]}
    sampled = sorted(planted.keys() & dump.samples.keys(), key=lambda address: "inlined" not in planted[address])
    inlined = set[str]()
    for address in sampled[:SOME]:
        document = hosts.ask(host, subject, "go-alloc-site", f"{address:#x}", "--full")
        frames = [f"{frame['function']} {frame['file']}:{frame['line']}" for frame in document["stack"]]
        assert (document["bucket"]["size"], tuple(frames[:MOST])) in sites
        inlined |= {frame["function"] for frame in document["stack"] if frame["inlined"]}
    assert ("main.inlined" in inlined) == any("inlined" in planted[address] for address in sampled[:SOME])


def shortened(frames: list[str]) -> list[str]:
    """As runtime.Stack prints names."""
    return [TYPES.sub("[...]", frame) for frame in frames[:MOST]]


def test_the_allocator_is_not_shown(host: hosts.Host, dumped: tuple[Any, HeapDump]) -> None:
    subject, dump = dumped
    planted = {int(record["address"], 16) for record in subject.truth.facts["objects"]} & dump.samples.keys()
    for address in sorted(planted)[:SOME]:
        stack = hosts.ask(host, subject, "go-alloc-site", f"{address:#x}")["stack"]
        assert not stack[0]["function"].startswith(("runtime.", "internal/runtime/"))


def test_others(host: hosts.Host, dumped: tuple[Any, HeapDump]) -> None:
    """Everything planted: sampled, or it says that it is not."""
    subject, dump = dumped
    planted = [record for record in subject.truth.facts["objects"] if not record["dead"]]
    addresses = sorted({int(record["address"], 16) for record in planted} - set(dump.samples))[:SOME]
    for address in addresses:
        document = hosts.ask(host, subject, "go-alloc-site", f"{address:#x}")
        inside = [at for at in dump.samples if 0 <= address - at < 8 or at // 16 == address // 16]
        if not inside:
            assert not document["sampled"] and document["stack"] == [] and document["bucket"] is None
        assert document["profile"]["objects"] == subject.truth.facts["memstats"]["HeapObjects"]
