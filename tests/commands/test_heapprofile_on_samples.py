"""go-heapprofile against what runtime/pprof itself wrote just before, and as go tool pprof reads it."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from tests import hosts, profiles, tools
from tests.programs import Running, build, run
from tests.waiting import HANG_SECONDS

OWN = "own.pb.gz"


@frozen
class Written:
    """What we wrote, what the runtime had written, and what the command said of it."""

    ours: Path
    own: Path
    said: dict[str, Any]


@pytest.fixture(scope="module")
def written(host: hosts.Host, go: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Written]:
    folder = tmp_path_factory.mktemp("profile")
    with profiled(host, go, folder) as (subject, own):
        said = hosts.ask(host, subject, "go-heapprofile", str(folder / "ours.pb.gz"))
        yield Written(folder / "ours.pb.gz", own, said)


@contextlib.contextmanager
def profiled(host: hosts.Host, go: str, folder: Path) -> Iterator[tuple[hosts.Subject, Path]]:
    """The sample, and what it had the runtime write: into the folder, or beside its core."""
    name = str(folder / OWN) if host.place == "live" else OWN
    with hosts.subject(host, build("accounts", go), "-profile", name) as subject:
        yield subject, folder / OWN if isinstance(subject, Running) else subject.path.with_name(OWN)


def test_every_sample_is_the_runtimes_own(written: Written) -> None:
    """What its writing allocated was counted after it: those stacks are new, and come first."""
    ours, own = profiles.read(written.ours), profiles.read(written.own)
    assert (ours.kinds, ours.period) == (own.kinds, own.period)
    assert [what for what, _ in ours.kinds] == ["alloc_objects", "alloc_space", "inuse_objects", "inuse_space"]
    fresh = len(ours.samples) - len(own.samples)
    assert {sample.values for sample in ours.samples[:fresh]} <= {(0, 0, 0, 0)}
    assert ours.samples[fresh:] == own.samples and len(own.samples) > 30


def test_inlined_and_generic_functions_are_in_it(written: Written) -> None:
    places = {place for sample in profiles.read(written.ours).samples for place in sample.places}
    names = {tuple(line[0] for line in lines) for _, lines in places}
    assert any(one[:3] == ("main.inner", "main.middle", "main.inlined") for one in names)
    assert any("main.apart[go.shape." in line for one in names for line in one)
    assert ("main.again",) in names or any("main.again" in one for one in names)


def test_what_is_said_of_it(written: Written) -> None:
    samples = profiles.read(written.ours).samples
    assert written.said["samples"] == len(samples) and written.said["rate"] == 4096
    for number, name in enumerate(("alloc_objects", "alloc_space", "inuse_objects", "inuse_space")):
        assert written.said[name] == sum(sample.values[number] for sample in samples) > 0


@pytest.mark.parametrize("index", ["alloc_objects", "alloc_space", "inuse_objects", "inuse_space"])
def test_pprof_says_the_same_of_both(written: Written, index: str) -> None:
    ours, own = (pprof(path, "-top", "-nodecount=20", f"-sample_index={index}") for path in (written.ours, written.own))
    assert table(ours) == table(own) and len(table(own)) > 5


@pytest.mark.parametrize("rate", ["0", "-5"])
def test_a_rate_that_was_set_to_none_after_sampling(go: str, rate: str, tmp_path: Path) -> None:
    """runtime/pprof writes what was sampled before, as it is; go-pprof finds that in the program. From Go 1.24 on a
    rate below 0 has everything sampled: what the writing allocated is new."""
    own, ours = tmp_path / OWN, tmp_path / "ours.pb.gz"
    with run(build("accounts", go), "-profile", str(own), "-rate", rate) as running:
        said = hosts.ask(hosts.Host("live"), running, "go-heapprofile", str(ours))
        looked_up = hosts.ask(hosts.Host("live"), running, "go-pprof", str(own))
        sites = hosts.say(hosts.Host("live"), running, "go-histogram", "--sites", "--limit", "1").out
    written, theirs = profiles.read(ours), profiles.read(own)
    fresh = len(written.samples) - len(theirs.samples)
    assert {sample.values for sample in written.samples[:fresh]} <= {(0, 0, 0, 0)}
    assert written.samples[fresh:] == theirs.samples and len(theirs.samples) > 30
    assert written.period == theirs.period == ("space", "bytes", int(rate)) and said["rate"] == int(rate)
    kept = [one for one in looked_up["sites"] if one["function"] == "main.plantHeap" and one["inuse_objects"]]
    assert len(kept) > 5 and all(one["sampled"] == one["inuse_objects"] for one in kept)
    assert f"were sampled, and nothing is scaled (runtime.MemProfileRate is {rate} now)" in sites
    for answer in (said, looked_up):
        assert any(f"MemProfileRate is {rate}: nothing is" in note for note in answer["notes"])


def pprof(path: Path, *how: str) -> str:
    """Names as the file has them: it would take what is in round brackets for a C++ function's parameters."""
    command = [tools.go_program(), "tool", "pprof", "-symbolize=none", *how, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANG_SECONDS, cwd=path.parent)
    assert done.returncode == 0, done.stderr
    return done.stdout


def table(text: str) -> list[str]:
    """Without the lines that say which file it is of and when it was written."""
    return text[text.index("Showing nodes") :].splitlines()
