"""go-heapprofile as a person reads it, on a made profile."""

from __future__ import annotations

from pathlib import Path

import pytest

from gdbext.commands import heapprofile
from gdbext.errors import UsageError
from gdbext.session import Session
from tests import profiles
from tests.commands.asking import document, text
from tests.counters import Profile
from tests.golang.madecode import Code, Function
from tests.synthetic import World


@pytest.fixture
def world() -> World:
    code = Code(World(), Function("main.makes", line=50))
    profile = Profile(code.world)
    profile.bucket(900, (code.pc("main.makes"),), (12, 7))
    profile.bucket(16, (1,), (1, 0), nstk=1 << 40)
    return code.world


@pytest.fixture
def session(world: World) -> Session:
    return Session(world.target)


def test_the_text(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "p"
    assert text(heapprofile.COMMAND, session, str(path)) == (
        f"1 sample in {path}, one for each 4.00 KiB\n"
        "in use: about 25 objects of 22.3 KiB; allocated: 60 of 53.5 KiB\n"
        f"go tool pprof -http : {path}\n"
        "\n"
        "note: not read of the profile: 1 bucket\n"
    )
    assert document(heapprofile.COMMAND, session, str(path)) == {
        "command": "go-heapprofile",
        "schema": 1,
        "target": document(heapprofile.COMMAND, session, str(path))["target"],
        "file": str(path),
        "samples": 1,
        "rate": 4096,
        "alloc_objects": 60,
        "alloc_space": 54749,
        "inuse_objects": 25,
        "inuse_space": 22812,
        "notes": ["not read of the profile: 1 bucket"],
    }


@pytest.mark.parametrize(
    ("rate", "said"), [(0, "nothing is sampled now, and nothing scaled"), (-5, "nothing is scaled")]
)
def test_a_rate_that_is_none(session: Session, world: World, tmp_path: Path, rate: int, said: str) -> None:
    world.words(world.symbols["runtime.MemProfileRate"], rate & ((1 << 64) - 1))
    path = tmp_path / "p"
    assert text(heapprofile.COMMAND, session, str(path)) == (
        f"1 sample in {path}, not scaled\n"
        "in use: 5 sampled objects of 4.39 KiB; allocated: 12 of 10.5 KiB\n"
        f"go tool pprof -http : {path}\n"
        "\n"
        "note: not read of the profile: 1 bucket\n"
        f"note: runtime.MemProfileRate is {rate}: {said} (as in runtime/pprof)\n"
    )
    found = document(heapprofile.COMMAND, session, str(path))
    assert (found["rate"], found["inuse_objects"], found["inuse_space"]) == (rate, 5, 4500)
    assert profiles.read(path).period == ("space", "bytes", rate)


def test_the_file(session: Session, tmp_path: Path) -> None:
    text(heapprofile.COMMAND, session, str(tmp_path / "p"))
    found = profiles.read(tmp_path / "p")
    assert found.period == ("space", "bytes", 4096)
    (sample,) = found.samples
    assert sample.labels == (("bytes", 900),)
    assert [lines for _, lines in sample.places] == [(("main.makes", "main.go", 50, 50),)]


def test_nothing_of_anybody_elses_is_overwritten(session: Session, tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(b"mine")
    with pytest.raises(UsageError, match="none of ours"):
        text(heapprofile.COMMAND, session, str(tmp_path / "mine"))
    assert (tmp_path / "mine").read_bytes() == b"mine"
    with pytest.raises(UsageError, match="no folder"):
        text(heapprofile.COMMAND, session, str(tmp_path / "nowhere" / "p"))
