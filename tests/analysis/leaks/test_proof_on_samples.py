"""What was proved against what happens: a program that goes on and fires every cancel that it can reach."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests import generated, tools
from tests.cancels import GONE, PROVED, judge
from tests.programs import build

SEEDS = range(40) if os.environ.get("GDBEXT_ALL") == "1" else range(3)
GENERATED = range(100) if os.environ.get("GDBEXT_ALL") == "1" else range(2)
MANY = 300
BUILDS = {"as it is": (), "unoptimised": ("-gcflags=all=-N -l",), "stripped": ("-ldflags=-s -w",)}
NOBODY = (
    "dropped",
    "blocked sender, nobody receives",
    "deferred, in select {}",
    "deferred, waits for ever",
    "deferred, waits for a lock nobody has",
    "timer that was stopped",
)
"""Places from which nothing comes back; a signal's own goroutine has some of these cancel functions too."""


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_proved_never_ends(go: str, tmp_path: Path, seed: int) -> None:
    found = judge(build("cancels", go), tmp_path, seed, MANY)
    assert found.wrong == []
    assert found.doubts == ()
    assert len(found.ended) > MANY // 3


@pytest.mark.parametrize("way", BUILDS)
def test_however_it_was_built(go: str, tmp_path: Path, way: str) -> None:
    found = judge(build("cancels", go, BUILDS[way]), tmp_path, 7, MANY)
    assert found.wrong == []
    assert found.doubts == ()


@pytest.mark.parametrize("seed", GENERATED)
def test_other_sources(tmp_path: Path, seed: int) -> None:
    """A program of its own for each seed, the releases one after the other."""
    releases = tools.go_versions()
    found = generated.judged(seed, releases[-1 - seed % len(releases)], tmp_path, MANY)
    assert found.wrong == []
    assert found.doubts == ()
    assert len(found.ended) > MANY // 4
    said = [one for place in found.places if place.startswith(("nobody", "timer stopped")) for one in found.of(place)]
    assert sum(one in (*PROVED, GONE) for one in said) >= len(said) // 2
    reachable = [address for address, one in found.records.items() if one["reachable"] and not one["root"]]
    assert {found.said(address) for address in reachable} == {"held"}


def test_with_the_race_detector(tmp_path: Path) -> None:
    """Whose code runs on schedulers' stacks, and leaves no trace of the goroutine there."""
    program = build("cancels", tools.EVERY_GO[-1], ("-race",), env={"CGO_ENABLED": "1"})
    found = [judge(program, tmp_path, seed, MANY) for seed in SEEDS]
    assert [one.wrong for one in found] == [[]] * len(found)
    assert {one.doubts for one in found} == {()}
    assert all(set(one.verdicts.values()) & set(PROVED) for one in found)


def test_what_nobody_can_cancel_is_proved(go: str, tmp_path: Path) -> None:
    found = judge(build("cancels", go), tmp_path, 11, 2 * MANY)
    for place in NOBODY:
        said = found.of(place)
        assert sum(one in (*PROVED, GONE) for one in said) >= len(said) // 2, place


def test_what_somebody_can_cancel_is_held(go: str, tmp_path: Path) -> None:
    found = judge(build("cancels", go), tmp_path, 13, MANY)
    said = {found.said(address) for address, one in found.records.items() if one["reachable"] and not one["root"]}
    assert said == {"held"}
