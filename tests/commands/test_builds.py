"""The same answers whatever way the program was built."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, frozen

from tests import hosts, tools
from tests.commands import test_goroutines_on_samples as stacks
from tests.commands.test_ctxtree_on_samples import by_address
from tests.programs import Core, Program, build, core, made_whole
from tests.waiting import HANG_SECONDS

CORE = hosts.Host("core")


@frozen
class Way:
    """One way of building, and the Go releases (minor versions) that know it."""

    name: str
    flags: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    first: int = 21
    last: int = 99

    def __str__(self) -> str:
        return self.name


WAYS = (
    Way("pie", ("-buildmode=pie",)),
    Way("external", ("-ldflags=-linkmode=external",), (("CGO_ENABLED", "1"),)),
    Way("external-pie", ("-buildmode=pie", "-ldflags=-linkmode=external"), (("CGO_ENABLED", "1"),)),
    Way("unoptimised", ("-gcflags=all=-N -l",)),
    Way("trimpath", ("-trimpath",)),
    Way("uncompressed-dwarf", ("-ldflags=-compressdwarf=false",)),
    Way("no-dwarf", ("-ldflags=-w",)),
    Way("stripped", ("-ldflags=-s -w",)),
    Way("stripped-pie", ("-ldflags=-s -w", "-buildmode=pie")),
    Way("stripped-external-pie", ("-ldflags=-s -w -linkmode=external", "-buildmode=pie"), (("CGO_ENABLED", "1"),)),
    Way("stripped-unoptimised", ("-ldflags=-s -w", "-gcflags=all=-N -l")),
    Way("noallocheaders", (), (("GOEXPERIMENT", "noallocheaders"),), 22, 22),
    Way("noswissmap", (), (("GOEXPERIMENT", "noswissmap"),), 24, 25),
    Way("greenteagc", (), (("GOEXPERIMENT", "greenteagc"),), 25, 25),
    Way("nogreenteagc", (), (("GOEXPERIMENT", "nogreenteagc"),), 26, 27),
    Way("mapsplitgroup", (), (("GOEXPERIMENT", "mapsplitgroup"),), 27, 27),
)


def cases() -> list[Any]:
    """Every way with each release of the list that knows it; experiments with their own releases where none does."""
    made: list[Any] = []
    for way in WAYS:
        known = [go for go in tools.EVERY_GO if way.first <= int(go.split(".")[1]) <= way.last]
        for go in [go for go in known if go in tools.go_versions()] or known[-1:]:
            made.append(pytest.param(way, go, id=f"{way}-go{go}"))
    return made


def same_contexts(taken: Core) -> None:
    rows = by_address(hosts.ask(CORE, taken, "go-ctxtree"))
    for key in ("kind", "state"):
        assert {a: row[key] for a, row in rows.items()} == {
            a: record[key] for a, record in taken.truth.contexts.items()
        }
    told = {address: sorted(record["waiters"]) for address, record in taken.truth.contexts.items()}
    assert {address: row["waiters"] for address, row in rows.items()} == told
    told_children = {address: record["children"] for address, record in taken.truth.contexts.items()}
    assert {address: row["children"] or 0 for address, row in rows.items()} == told_children


def same_goroutines(taken: Core) -> None:
    rows = stacks.by_goid(hosts.ask(CORE, taken, "go-goroutines"))
    printed = list(stacks.printed(taken.truth))
    assert {goroutine.goid: stacks.place(rows[goroutine.goid]) for goroutine in printed} == {
        goroutine.goid: stacks.first_user_frame(goroutine) for goroutine in printed
    }


@pytest.mark.parametrize(("way", "release"), cases())
def test_contexts(way: Way, release: str) -> None:
    same_contexts(core(build("ctxforest", release, way.flags, dict(way.env)), f"gcore-{tools.gdbs()[-1]}"))


@pytest.mark.parametrize(("way", "release"), cases())
def test_goroutines(way: Way, release: str) -> None:
    same_goroutines(core(build("goroutines", release, way.flags, dict(way.env)), f"gcore-{tools.gdbs()[-1]}"))


@pytest.mark.parametrize("place", [".", ".debug"])
def test_debug_information_in_another_file(go: str, place: str) -> None:
    """As distributions ship it: the program stripped, its DWARF in a file of its own beside it or in .debug."""
    program = build("ctxforest", go, ("-ldflags=-linkmode=external",), {"CGO_ENABLED": "1"})
    same_contexts(core(evolve(program, exe=split(program, place)), f"gcore-{tools.gdbs()[-1]}"))


def split(program: Program, place: str) -> Path:
    """A copy of the program without debug information, which lies in the folder ``place`` beside it."""
    folder = program.exe.parent / f"split{place}"
    exe, debug = folder / program.name, folder / place / f"{program.name}.debug"
    if not folder.exists():
        with made_whole(folder) as new:
            (new / place).mkdir(exist_ok=True)
            shutil.copy(program.exe, new / exe.name)
            _binutils("objcopy", "--only-keep-debug", str(program.exe), str(new / place / debug.name))
            _binutils("strip", "--strip-debug", str(new / exe.name))
            _binutils("objcopy", f"--add-gnu-debuglink={new / place / debug.name}", str(new / exe.name))
    return exe


def _binutils(*command: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=HANG_SECONDS)
    except FileNotFoundError:
        raise tools.MissingTool(f"no {command[0]} on PATH: install binutils") from None
