"""The runtime's variables without a symbol table: where the linker's own symbols say that they are."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from gdbext.errors import MemoryFault, MissingSymbol
from gdbext.golang.reading.opening import open_program
from gdbext.golang.reading.stripped import WITNESSES, StrippedSymbols, Witness
from gdbext.golang.runtime.moduledata import FIRST_MODULE
from gdbext.target.opening import open_core
from tests import hosts, tools
from tests.programs import Core, Program as Sample, build, core
from tests.waiting import HANG_SECONDS

CGO = (("CGO_ENABLED", "1"),)
WAYS = {
    "plain": ((), ()),
    "pie": (("-buildmode=pie",), ()),
    "external": (("-ldflags=-linkmode=external",), CGO),
    "external-pie": (("-ldflags=-linkmode=external", "-buildmode=pie"), CGO),
    "unoptimised": (("-gcflags=all=-N -l",), ()),
}


SINCE = {"runtime.isIdleInSynctest": 25, "runtime.gcCleanups": 25}


def names(go: str) -> list[str]:
    """The variables that a release has."""
    return [FIRST_MODULE, *(name for name in WITNESSES if int(go.split(".")[1]) >= SINCE.get(name, 0))]


def taken(go: str, way: str) -> Core:
    flags, env = WAYS[way]
    return core(build("goroutines", go, flags, dict(env)), f"gcore-{tools.gdbs()[-1]}")


@pytest.mark.parametrize("way", WAYS)
def test_as_the_linker_says(go: str, way: str) -> None:
    """Of programs that have symbols, which the search does not look at."""
    found = taken(go, way)
    program = open_program(open_core(str(found.exe), str(found.path)))
    search = StrippedSymbols(program.target)
    addresses = {name: search.address(name) for name in names(go)}
    assert addresses == {name: program.symbol(name) for name in names(go)}


def test_without_section_headers(go: str, tmp_path: Path) -> None:
    """As some packers and strippers leave a program: the line table is found by how it starts."""
    found = taken(go, "plain")
    assert bare(evolve(found.program, exe=found.exe), tmp_path).stat().st_size < found.exe.stat().st_size
    program = open_program(open_core(str(bare(found.program, tmp_path)), str(found.path)))
    assert not program.binary.elf.sections and not program.binary.has_symbols
    addresses = {name: program.symbol(name) for name in names(go)}
    whole = open_program(open_core(str(found.exe), str(found.path)))
    assert addresses == {name: whole.symbol(name) for name in addresses}


def bare(program: Sample, folder: Path) -> Path:
    """A copy of the program without symbols, debug information and section headers."""
    path = folder / "bare"
    if not path.exists():
        strip = ["objcopy", "--strip-all", str(program.exe), str(path)]
        subprocess.run(strip, check=True, capture_output=True, timeout=HANG_SECONDS)
        data = bytearray(path.read_bytes())
        data[40:48] = bytes(8)  # e_shoff
        data[58:64] = bytes(6)  # e_shentsize, e_shnum, e_shstrndx
        path.write_bytes(data)
    return path


def test_what_has_no_witness_is_refused_by_name(go: str) -> None:
    found = taken(go, "plain")
    search = StrippedSymbols(open_core(str(found.exe), str(found.path)))
    with pytest.raises(MissingSymbol, match=r"runtime\.gcCPULimiter"):
        search.address("runtime.gcCPULimiter")


def test_witnesses_that_disagree_are_not_believed(go: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = taken(go, "plain")
    program = open_program(open_core(str(found.exe), str(found.path)))
    other = Witness("runtime.preemptall", 0, 2)  # runtime.allp
    monkeypatch.setitem(WITNESSES, "runtime.work", (*WITNESSES["runtime.work"], other))
    with pytest.raises(MissingSymbol, match=r"runtime\.work"):
        StrippedSymbols(program.target).address("runtime.work")
    monkeypatch.setitem(WITNESSES, "runtime.work", (evolve(other, count=3),))
    with pytest.raises(MissingSymbol, match=r"runtime\.work"):
        StrippedSymbols(program.target).address("runtime.work")


@pytest.mark.parametrize("readable", [0, 1, 2, 3, 5, 8, 13, 21])
def test_unreadable_memory_is_a_refusal(go: str, readable: int, monkeypatch: pytest.MonkeyPatch) -> None:
    found = taken(go, "plain")
    program = open_program(open_core(str(found.exe), str(found.path)))
    kind, left = type(program.target.memory), iter(range(readable))
    read = kind.read

    def limited(target: Any, address: int, size: int) -> bytes:
        if next(left, None) is None:
            raise MemoryFault(address, size)
        data: bytes = read(target, address, size)
        return data

    monkeypatch.setattr(kind, "read", limited)
    search = StrippedSymbols(program.target)
    with pytest.raises(MissingSymbol):
        for name in (FIRST_MODULE, *WITNESSES):
            search.address(name)


def test_every_command_on_every_host(host: hosts.Host, go: str) -> None:
    """What needs a name that nobody finds is refused in one line."""
    with hosts.subject(host, build("ctxforest", go, ("-ldflags=-s -w",))) as subject:
        tree = hosts.ask(host, subject, "go-ctxtree")
        listed = hosts.ask(host, subject, "go-goroutines")
        chain = hosts.ask(host, subject, "go-ctxchain", "--all")
        threads = hosts.ask(host, subject, "go-threads")
    told = set(subject.truth.facts_by_hex)
    assert {row["address"] for row in tree["contexts"]} == told
    assert subject.truth.goroutines.keys() <= {row["goid"] for row in listed["goroutines"]}
    assert chain["chains"] and {row["goid"] for row in threads["threads"]}
