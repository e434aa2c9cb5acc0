"""go-heapdump and go-diff in every host, against what a sample says that it allocated between."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import field, frozen

from gdbext.analysis.dumps import dumpfile
from tests import hosts, programs, tools
from tests.truth import Truth
from tests.waiting import HANG_SECONDS

NAMES = {"main.order": "orders", "main.item": "items", "main.blob": "blobs"}
CANCEL = "*context.cancelCtx"


@frozen
class Steps:
    """Three moments of one process: files, and what it said; a fourth file is of another process."""

    files: list[str]
    truths: list[Truth]
    other: str
    _documents: dict[tuple[int, int], dict[str, Any]] = field(factory=dict)

    def facts(self, step: int) -> dict[str, Any]:
        return self.truths[step].facts

    def diff(self, before: int, after: int) -> dict[str, Any]:
        """Asked once."""
        if (before, after) not in self._documents:
            said = plain("go-diff", self.files[before], self.files[after], "--json").stdout
            self._documents[before, after] = json.loads(said)
        return self._documents[before, after]


def plain(*words: str) -> subprocess.CompletedProcess[str]:
    """Without any program."""
    line = [sys.executable, "-m", "gdbext", *words]
    env = hosts.environment(None)
    return subprocess.run(line, capture_output=True, text=True, env=env, timeout=HANG_SECONDS)


@pytest.fixture(scope="module")
def steps(host: hosts.Host, go: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Steps]:
    folder, program = tmp_path_factory.mktemp("growth"), programs.build("growth", go)
    files, truths = [], []
    with programs.run(program) as running, programs.run(program) as another:
        for number in range(3):
            running = running.go_on() if number else running
            files.append(dumped(host, running, folder / f"{number}"))
            truths.append(running.truth)
        yield Steps(files, truths, dumped(host, another, folder / "other"))


def dumped(host: hosts.Host, running: programs.Running, path: Path) -> str:
    """Of a core that is taken of it for that where the host wants one."""
    subject: Any = running
    if host.place == "core":
        taken = programs.core_of(running, path.with_suffix(".core"))
        subject = programs.Core(running.program, taken, running.truth)
    found = hosts.ask(host, subject, "go-heapdump", str(path))
    if host.place == "core":
        subject.path.unlink()
    assert found["file"] == str(path) and found["size"] == path.stat().st_size
    return str(path)


def count(facts: dict[str, Any], name: str) -> int:
    found = facts[NAMES[name]]
    return found if isinstance(found, int) else len(found)


@pytest.mark.parametrize(("before", "after"), [(0, 1), (1, 2), (0, 2)])
def test_growth_by_type(steps: Steps, before: int, after: int) -> None:
    rows = {row["name"]: row for row in steps.diff(before, after)["types"]}
    for name in NAMES:
        counts = [count(steps.facts(step), name) for step in (before, after)]
        each = steps.facts(0)["sizes"][name] + 8 * (name == "main.blob")  # to the end of the slot
        assert [rows[name]["count_before"], rows[name]["count_after"]] == counts
        assert [rows[name]["bytes_before"], rows[name]["bytes_after"]] == [each * one for one in counts]
        assert rows[name]["count_difference"] == counts[1] - counts[0] and rows[name]["exact"]


def test_what_is_at_the_same_address(steps: Steps) -> None:
    document = steps.diff(0, 1)
    rows, found = {row["name"]: row for row in document["types"]}, document["same"]
    blobs = [set(steps.facts(step)["blobs"]) for step in (0, 1)]
    reused = len(blobs[0] & blobs[1])
    assert reused and rows["main.blob"]["same_count"] == reused
    assert rows["main.order"]["same_count"] == steps.facts(0)["orders"]
    assert not found["proved"], "collections freed something"
    assert found["sampled"] > steps.facts(0)["orders"], "all is sampled"
    assert reused <= found["sampled"] - found["recorded"] < reused + 200, (
        "each of these is a new object, and few others"
    )


def test_where_nothing_was_collected_they_are_the_same_ones(steps: Steps) -> None:
    document = steps.diff(1, 2)
    found, rows = document["same"], {row["name"]: row for row in document["types"]}
    assert found["proved"] == (document["before"]["kind"] != "running")
    assert found["sampled"] == found["recorded"]
    for name in NAMES:
        assert rows[name]["same_count"] == count(steps.facts(1), name)


def test_growth_by_site(steps: Steps) -> None:
    """The rate is 1: what is sampled is all."""
    for before, after in ((0, 1), (1, 2)):
        rows = [row for row in steps.diff(before, after)["sites"] if row["type"] == "main.order"]
        made = [steps.facts(step)["made"] for step in (before, after)]
        for name in made[1]:  # which another line calls at another step
            mine = [row for row in rows if row["stack"][0]["function"] == name]
            counts = [sum(row[f"count_{when}"] for row in mine) for when in ("before", "after")]
            assert counts == [one.get(name, 0) for one in made]
        assert all(row["count_after"] == row["sampled_after"] for row in rows)


def test_growth_by_contexts(steps: Steps) -> None:
    for before, after in ((0, 1), (1, 2)):
        document = steps.diff(before, after)
        proved = document["after"]["kind"] != "running"
        assert bool([note for note in document["notes"] if "cannot be proved" in note]) != proved
        for fate, site in (("held", "main.hold"), ("lost", "main.lose")):
            parent = steps.facts(0)["parents"][fate]
            (row,) = [row for row in document["groups"] if row["registered_with"] == parent]
            counts = [steps.facts(step)[fate] for step in (before, after)]
            assert [row["count_before"], row["count_after"]] == counts and row["same_count"] == counts[0]
            assert (row["verdict"], row["kind"]) == (fate if proved else None, CANCEL)
            assert row["sampled"] == counts[1] and row["site"].startswith(site)


def test_what_lost_contexts_keep(steps: Steps) -> None:
    """As many bytes as go-ctxleaks says: here themselves and their share of nothing else."""
    document = steps.diff(0, 1)
    if document["after"]["kind"] == "running":
        assert document["fates"] == []
        return
    (lost,) = [row for row in document["fates"] if row["verdict"] == "lost"]
    counts = [steps.facts(step)["lost"] for step in (0, 1)]
    assert [lost["contexts_before"], lost["contexts_after"]] == counts
    assert lost["objects_after"] >= counts[1] and lost["bytes_after"] > lost["bytes_before"] >= 80 * counts[0]


def test_lifetimes(steps: Steps) -> None:
    """Of orders none ever goes."""
    found = json.loads(plain("go-lifetimes", *steps.files, "--json").stdout)
    had = [0, *(steps.facts(step)["orders"] for step in range(3))]
    mine = {row["since"]: row for row in found["types"] if row["type"] == "main.order"}
    assert {since: row["count"] for since, row in mine.items()} == {
        since: had[since] - had[since - 1] for since in (1, 2, 3) if had[since] > had[since - 1]
    }
    assert all(row["survived"] == found["collections"][since - 1] for since, row in mine.items())
    assert mine[1]["sampled"] == mine[1]["count"] and "main.firstOrders" in mine[1]["site"]


def test_processes_are_told_apart(steps: Steps) -> None:
    said = plain("go-diff", steps.files[0], steps.other)
    assert (said.returncode, said.stdout, said.stderr.count("\n")) == (2, "", 1)
    assert said.stderr.startswith("gdbext: the two cannot be compared: ")


def test_without_symbols_too(go: str, tmp_path: Path) -> None:
    """When it began is found in its code."""
    program, host = programs.build("growth", go, ("-ldflags=-s -w",)), hosts.Host("live", copied=True)
    with programs.run(program) as running, programs.run(program) as another:
        files = [dumped(host, one, tmp_path / str(one.pid)) for one in (running, another)]
    starts = {dumpfile.read(Path(path)).moment.start for path in files}
    assert len(starts) == 2 and 0 not in starts


def test_the_older_one_second(steps: Steps) -> None:
    assert "older" in steps.diff(1, 0)["notes"][0]


def test_with_the_program_itself(go: str, tmp_path: Path) -> None:
    """In a debugger that holds it and in one that has a core."""
    program, host = programs.build("growth", go), hosts.Host("live", tools.gdbs()[-1])
    with programs.run(program) as running:
        before = dumped(host, running, tmp_path / "before")
        later = running.go_on()
        found = hosts.ask(host, later, "go-diff", before)
        of_core = programs.Core(program, programs.core_of(later, tmp_path / "core"), later.truth)
        again = hosts.ask(hosts.Host("core", host.gdb), of_core, "go-diff", before)
    rows = {row["name"]: (row["count_before"], row["count_after"]) for row in found["types"]}
    assert rows["main.order"] == (running.truth.facts["orders"], later.truth.facts["orders"])
    orders = [row for row in found["sites"] if row["type"] == "main.order"]
    (first,) = [row for row in orders if row["name"].startswith("main.firstOrders ")]
    assert (first["sampled_before"], first["sampled_after"]) == (1000, 1000), "a file has the stacks that a program has"
    assert (found["target"]["kind"], again["target"]["kind"]) == ("live", "core")
    assert ours(again) == ours(found)


def ours(document: dict[str, Any]) -> dict[str, Any]:
    """The rows of what the program itself made: the runtime goes on making its own."""
    return {row["name"]: row for row in document["types"] if row["name"].startswith(("main.", "context."))}
