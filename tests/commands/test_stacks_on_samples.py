"""go-stacks against runtime.Stack of the same program, letter by letter, in every host and on every Go."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests import hosts, tools
from tests.programs import build, core
from tests.truth import Truth
from tests.waiting import HANG_SECONDS

FIRST_WITH_GROUPS, FIRST_WITH_BUBBLES = 24, 25
FIRST_WITH_LABELS = 27
"""runtime.Stack prints profiler labels from Go 1.27 on; we always do."""
MINUTES = r", \d+ minutes(?=[\],])"
CORE = hosts.Host("core")
WAYS = {
    "plain": (),
    "pie": ("-buildmode=pie",),
    "unoptimised": ("-gcflags=all=-N -l",),
    "stripped": ("-ldflags=-s -w",),
    "stripped-pie": ("-ldflags=-s -w", "-buildmode=pie"),
}


def blocks(text: str) -> dict[int, str]:
    """What was printed of each goroutine, by goid; a debugger's own lines and notes are not in it.

    Nor are the minutes it has waited: they pass between the program's look and ours.
    """
    found: dict[int, str] = {}
    for part in re.split(r"\n\n|^note: |^\[(?!originating)", text, flags=re.MULTILINE):
        if match := re.search(r"^goroutine (\d+) \[", part, re.MULTILINE):
            found[int(match[1])] = re.sub(MINUTES, "", part[match.start() :].rstrip("\n"), count=1)
    return found


def told(truth: Truth, go: str) -> dict[int, str]:
    """What runtime.Stack printed, without the goroutine that has moved on since."""
    found = {goid: block for goid, block in blocks(truth.facts["stack"]).items() if goid != truth.reporter}
    assert len(found) > 2
    return found


def printed(text: str, go: str, truth: Truth) -> dict[int, str]:
    """What we printed of the goroutines that runtime.Stack printed."""
    wanted = told(truth, go).keys()
    found = {goid: block for goid, block in blocks(text).items() if goid in wanted}
    if int(go.split(".")[1]) < FIRST_WITH_LABELS:
        return {goid: re.sub(r"\] \{.*\}:\n", "]:\n", block, count=1) for goid, block in found.items()}
    return found


def same(host: hosts.Host, subject: hosts.Subject) -> None:
    go = subject.program.go
    said = hosts.say(host, subject, "go-stacks", "--all")
    assert printed(said.out, go, subject.truth) == told(subject.truth, go)


def test_every_goroutine(host: hosts.Host, goroutines_subject: hosts.Subject) -> None:
    same(host, goroutines_subject)


def test_in_c(host: hosts.Host, go: str) -> None:
    with hosts.subject(host, build("goroutinescgo", go, env={"CGO_ENABLED": "1"})) as subject:
        same(host, subject)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("maker", ["kernel", "dlv", *(f"gcore-{gdb}" for gdb in tools.gdbs())])
def test_every_kind_of_core(go: str, maker: str, way: str) -> None:
    same(CORE, core(build("goroutines", go, WAYS[way]), maker))


@pytest.mark.parametrize("remembered", [1, 5])
def test_remembered_ancestors(go: str, remembered: int) -> None:
    """GODEBUG=tracebackancestors: the stacks that each goroutine's ancestors had."""
    settings = {"GODEBUG": f"tracebackancestors={remembered}"}
    taken = core(build("goroutines", go), f"gcore-{tools.gdbs()[-1]}", env=settings)
    counts = {block.count("[originating from") for block in told(taken.truth, go).values()}
    assert counts == set(range(min(remembered, 2) + 1))
    same(CORE, taken)


def since(first: int) -> tuple[str, ...]:
    """The Go releases of the list from Go 1.``first`` on, or else that one."""
    found = tuple(go for go in tools.go_versions() if int(go.split(".")[1]) >= first)
    return found or tuple(go for go in tools.EVERY_GO if go.startswith(f"1.{first}."))


@pytest.mark.parametrize("place", ["core", "live"])
@pytest.mark.parametrize("release", since(FIRST_WITH_GROUPS))
def test_bubbles(release: str, place: str) -> None:
    """In Go 1.24 testing/synctest is an experiment."""
    env = {"GOEXPERIMENT": "synctest"} if release.startswith("1.24.") else {}
    with hosts.subject(hosts.Host(place), build("synctest", release, env=env)) as subject:
        same(hosts.Host(place), subject)
        document = hosts.ask(hosts.Host(place), subject, "go-stacks", "--all")
        wanted = told(subject.truth, release)
    found = {row["goid"]: row.get("synctest_bubble") for row in document["stacks"]}
    numbers = {goid: re.search(r"synctest (?:bubble|group) (\d+)\]", block) for goid, block in wanted.items()}
    assert {goid: found[goid] for goid in wanted} == {
        goid: int(number[1]) if number else None for goid, number in numbers.items()
    }
    assert len(set(found.values())) == 3


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("release", since(FIRST_WITH_BUBBLES))
def test_bubbles_in_every_kind_of_program(release: str, way: str) -> None:
    same(CORE, core(build("synctest", release, WAYS[way]), f"gcore-{tools.gdbs()[-1]}"))


def test_json_says_the_same(host: hosts.Host, goroutines_subject: hosts.Subject) -> None:
    document = hosts.ask(host, goroutines_subject, "go-stacks", "--all")
    truth = goroutines_subject.truth
    rows = {row["goid"]: row for row in document["stacks"]}
    whole = {goid: found for goid, found in truth.goroutines.items() if goid != truth.reporter and not found.cut}
    assert {goid: places(rows[goid]) for goid in whole} == {
        goid: [(frame.function, frame.file, frame.line) for frame in found.frames] for goid, found in whole.items()
    }
    assert all(row["stops"] is None for goid, row in rows.items() if goid in whole)
    inlined = [frame for frame in rows[plant(truth, "inlined")]["frames"] if frame["inlined"]]
    assert [frame["function"] for frame in inlined] == ["main.inner", "main.middle", "main.outer"]


def places(row: dict[str, Any]) -> list[tuple[str, str, int]]:
    names = {"runtime.gopanic": "panic"}
    return [(names.get(one["function"], one["function"]), one["file"], one["line"]) for one in row["frames"]]


def plant(truth: Truth, name: str) -> int:
    found: int = next(one["goid"] for one in truth.facts["plants"] if one["name"] == name)
    return found


def test_pointers_of_frames(host: hosts.Host, goroutines_subject: hosts.Subject) -> None:
    """Stack pointers grow outwards and inlined calls share their caller's frame."""
    document = hosts.ask(host, goroutines_subject, "go-stacks", "--all", "--full")
    for row in document["stacks"]:
        spots = [(int(frame["sp"], 16), int(frame["pc"], 16)) for frame in row["frames"]]
        assert [sp for sp, _ in spots] == sorted(sp for sp, _ in spots)
        for inner, outer, frame in zip(spots, spots[1:], row["frames"], strict=False):
            assert (inner == outer) == frame["inlined"]


def test_named_and_filtered(host: hosts.Host, goroutines_subject: hosts.Subject) -> None:
    truth = goroutines_subject.truth
    wanted = [plant(truth, "inlined"), plant(truth, "select")]
    document = hosts.ask(host, goroutines_subject, "go-stacks", *map(str, wanted))
    assert sorted(row["goid"] for row in document["stacks"]) == sorted(wanted)
    recursive = hosts.ask(host, goroutines_subject, "go-stacks", "--in", "main.recurse", "--full")
    assert [row["goid"] for row in recursive["stacks"]] == [plant(truth, "deep recursion")]
    deep = [frame["function"] for frame in recursive["stacks"][0]["frames"]]
    assert deep.count("main.recurse") == 221 and deep[-1] == "runtime.goexit"


def test_folded(host: hosts.Host, goroutines_subject: hosts.Subject) -> None:
    document = hosts.ask(host, goroutines_subject, "go-stacks", "--group")
    groups, truth = document["stacks"], goroutines_subject.truth
    counts = [group["count"] for group in groups]
    assert counts == sorted(counts, reverse=True) and counts == [len(group["goids"]) for group in groups]
    goids = [goid for group in groups for goid in group["goids"]]
    assert len(goids) == len(set(goids)) and truth.goroutines.keys() <= set(goids)


def test_a_stack_deeper_than_what_a_look_copies(go: str) -> None:
    """Nothing is stopped: the first look at each stack is short, those that need more are copied again."""
    host = hosts.Host("live")
    with hosts.subject(host, build("goroutines", go), "-depth", "5000") as running:
        same(host, running)
        goid = plant(running.truth, "deep recursion")
        (row,) = hosts.ask(host, running, "go-stacks", str(goid))["stacks"]
    names = [frame["function"] for frame in row["frames"]]
    assert row["stops"] is None and names.count("main.recurse") == 5001


def test_the_profile_has_the_goroutines_that_runtime_stack_shows(go: str, tmp_path: Path) -> None:
    """And the functions, inlined ones too, as go tool pprof reads them."""
    taken, path = core(build("goroutines", go), f"gcore-{tools.gdbs()[-1]}"), tmp_path / "goroutines.pb.gz"
    document = hosts.ask(CORE, taken, "go-stacks", "--all", "--pprof", str(path))
    told = taken.truth.goroutines
    assert document["pprof"]["goroutines"] == len(told)
    command = [tools.go_program(), "tool", "pprof", "-traces", str(path)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=HANG_SECONDS, check=True).stdout
    traces = [named(trace) for trace in re.split(r"^-+\+-+\n", said, flags=re.MULTILINE)[1:] if trace.strip()]
    whole = [goroutine for goid, goroutine in told.items() if goid != taken.truth.reporter and not goroutine.cut]
    for goroutine in whole:
        wanted = ["runtime.gopanic" if each.function == "panic" else each.function for each in goroutine.frames]
        assert any(wanted == [name for name in trace if name in wanted] for trace in traces), wanted


def named(trace: str) -> list[str]:
    """The functions of one trace, innermost first; labels stand before them."""
    lines = [line[13:].strip() for line in trace.splitlines() if re.match(r"^\s*\d*   \S", line)]
    return [line.removesuffix(" (inline)") for line in lines]
