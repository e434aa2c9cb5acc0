"""go-pprof of the file that runtime/pprof itself wrote, against what go tool pprof reads in it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from gdbext.analysis.profiles.sites import VALUES
from tests import hosts, profiles, tools
from tests.commands.test_heapprofile_on_samples import pprof, profiled
from tests.programs import build, run


@frozen
class Asked:
    """What was said of the runtime's own file, and of one that go-heapprofile wrote of the same program."""

    own: Path
    said: dict[str, Any]
    of_ours: dict[str, Any]


@pytest.fixture(scope="module")
def asked(host: hosts.Host, go: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    folder = tmp_path_factory.mktemp("profile")
    with profiled(host, go, folder) as (subject, own):
        said = hosts.ask(host, subject, "go-pprof", str(own))
        hosts.ask(host, subject, "go-heapprofile", str(folder / "ours"))
        yield Asked(own, said, hosts.ask(host, subject, "go-pprof", str(folder / "ours")))


def test_values_are_those_of_pprof(asked: Asked) -> None:
    """go tool pprof -raw: a line for each sample, a line for each location."""
    raw = pprof(asked.own, "-raw")
    places = {int(id_): int(address, 16) for id_, address in re.findall(r"^ +(\d+): (0x[0-9a-f]+) M=", raw, re.M)}
    sums: dict[int, list[int]] = {}
    for values, leaf in re.findall(r"^ +((?:-?\d+ +){3}-?\d+): (\d+)", raw, re.M):
        known = sums.setdefault(places[int(leaf)], [0] * len(VALUES))
        sums[places[int(leaf)]] = [a + int(b) for a, b in zip(known, values.split(), strict=True)]
    found = {int(one["profiled_address"], 16): [one[name] for name in VALUES] for one in asked.said["sites"]}
    assert found == sums and len(found) > 20
    assert asked.said["total"] == {name: sum(one[n] for one in sums.values()) for n, name in enumerate(VALUES)}


@pytest.mark.parametrize("sample", VALUES)
def test_flat_is_that_of_pprof(asked: Asked, sample: str) -> None:
    unit = ("-unit=B",) if sample.endswith("space") else ()
    top = pprof(asked.own, "-top", "-nodecount=10000", "-nodefraction=0", f"-sample_index={sample}", *unit)
    rows = re.findall(r"^ +(\d+)B? +\S+% +\S+% +\d+B? +\S+% +(.+?)(?: \(inline\)| \(partial-inline\))?$", top, re.M)
    theirs = {function: int(flat) for flat, function in rows if int(flat)}
    ours = Counter[str]()
    for one in asked.said["sites"]:
        ours[one["function"]] += one[sample]
    assert +ours == theirs and len(theirs) > 3


def test_every_site_is_this_programs_and_verified(asked: Asked) -> None:
    for said in (asked.said, asked.of_ours):
        assert said["build"]["same"] is True and said["build"]["agree"] == said["build"]["of"] == len(said["sites"])
        assert [one for one in said["sites"] if not one["verified"]] == [] and said["verified"] == len(said["sites"])
        assert {one["chain"][-1].startswith("runtime.mallocgc") for one in said["sites"]} == {True}
    names = {tuple(frame["function"] for frame in one["frames"])[:3] for one in asked.said["sites"]}
    assert ("main.inner", "main.middle", "main.inlined") in names


def test_what_is_reachable_was_in_use(asked: Asked) -> None:
    """Between the collection that the profile is of and the end, the program freed nothing of what it counts."""
    sites = {one["profiled_address"]: one for one in asked.said["sites"]}
    kept = [one for one in sites.values() if one["function"] == "main.plantHeap" and one["inuse_objects"]]
    assert len(kept) > 5
    assert [(one["estimated_objects"], one["estimated_bytes"]) for one in kept] == [
        (one["inuse_objects"], one["inuse_space"]) for one in kept
    ]
    assert all(one["sampled"] and one["example"] for one in kept)


def test_both_files_say_the_same(asked: Asked) -> None:
    own, ours = (
        {one["profiled_address"]: [one[name] for name in (*VALUES, "address", "chain")] for one in said["sites"]}
        for said in (asked.said, asked.of_ours)
    )
    assert own.items() <= ours.items()


def test_the_values_are_those_that_another_reader_finds(asked: Asked) -> None:
    sums = Counter[int]()
    for sample in profiles.read(asked.own).samples:
        sums[sample.places[0][0]] += sample.values[3]
    found = {int(one["profiled_address"], 16): one["inuse_space"] for one in asked.said["sites"]}
    assert +Counter(found) == +sums


def test_of_another_process_and_of_another_build(tmp_path: Path) -> None:
    """Position-independent code lies somewhere else in each process."""
    go, place = tools.go_versions()[-1], hosts.Host("live")
    moved = build("accounts", go, ("-buildmode=pie",))
    for name, program in (("pie", moved), ("plain", build("accounts", go))):
        with run(program, "-profile", str(tmp_path / name)):
            pass
    with run(moved, "-profile", str(tmp_path / "own")) as running:
        own, other, foreign = (
            hosts.ask(place, running, "go-pprof", str(tmp_path / n)) for n in ("own", "pie", "plain")
        )
    for said in (own, other):
        assert said["build"]["same"] is True and said["build"]["agree"] == said["build"]["of"]
        assert said["verified"] == len(said["sites"]) > 20
    planted = [
        {one["address"] for one in said["sites"] if one["function"] == "main.plantHeap"} for said in (own, other)
    ]
    assert planted[0] & planted[1]
    assert foreign["build"]["same"] is False and foreign["verified"] == 0
    assert {one["why"] for one in foreign["sites"]} == {"another build"}
