"""The Binary: identity, refusals, symbols with and without debug information, globals, bytes of the file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gdbext.binary.elf import HEADER, Elf
from gdbext.binary.executable import Binary
from gdbext.errors import MissingField, MissingSymbol, UnsupportedTarget
from tests import programs, tools

NEWEST = tools.go_versions()[-1]


@pytest.fixture(scope="module")
def newest() -> Binary:
    return Binary.open(str(programs.build("ctxforest", NEWEST).exe))


def nm(path: Path | str) -> dict[str, int]:
    said = subprocess.run(["nm", str(path)], capture_output=True, text=True, check=True).stdout
    rows = [line.split(" ", 2) for line in said.splitlines() if line[0] != " "]
    return {name: int(value, 16) for value, _, name in rows}


def test_identity(ctxforest: programs.Program) -> None:
    binary = Binary.open(str(ctxforest.exe))
    assert binary.go_version == f"go{ctxforest.go}"
    assert binary.minor == int(ctxforest.go.split(".")[1])
    assert (binary.arch, binary.experiments, binary.path) == ("amd64", (), str(ctxforest.exe))
    assert binary.has_dwarf
    assert binary.has_symbols
    assert binary.entry == nm(ctxforest.exe)["_rt0_amd64_linux"]


def test_experiments_show() -> None:
    program = programs.build("ctxforest", NEWEST, env={"GOEXPERIMENT": "nogreenteagc"})
    assert Binary.open(str(program.exe)).experiments == ("nogreenteagc",)


def test_position_independent_code_has_link_time_addresses() -> None:
    program = programs.build("ctxforest", NEWEST, flags=["-buildmode=pie"])
    binary = Binary.open(str(program.exe))
    assert binary.symbol("runtime.allgs") == nm(program.exe)["runtime.allgs"]
    found = binary.subprogram(binary.symbol("main.main"))
    assert found is not None
    assert found.name == "main.main"


def test_globals_equal_nm(newest: Binary) -> None:
    listed, found = nm(newest.path), {each.name: each for each in newest.globals()}
    assert found["runtime.allgs"].type_name == "[]*runtime.g"
    assert found["runtime.mheap_"].type_name == "runtime.mheap"
    assert len(found) > 500
    assert {name: each.address for name, each in found.items() if name in listed} == {
        name: listed[name] for name in found if name in listed
    }


def test_without_dwarf_symbols_and_tables_remain(tmp_path: Path) -> None:
    program = programs.build("ctxforest", NEWEST, flags=["-ldflags=-w"])
    binary = Binary.open(str(program.exe), [])
    assert (binary.has_dwarf, binary.has_symbols) == (False, True)
    assert binary.symbol("runtime.allgs") == nm(program.exe)["runtime.allgs"]
    assert binary.subprogram(binary.symbol("main.main")) is None
    assert list(binary.globals()) == []
    assert binary.layout("runtime.g").size == 456
    with pytest.raises(MissingField, match="no debug information"):
        binary.layout("main.nothing")


def test_stripped_says_so() -> None:
    program = programs.build("ctxforest", NEWEST, flags=["-ldflags=-s -w"])
    binary = Binary.open(str(program.exe), [])
    assert (binary.has_dwarf, binary.has_symbols) == (False, False)
    with pytest.raises(MissingSymbol, match=r"no symbol runtime\.allgs; it is stripped: use the unstripped build"):
        binary.symbol("runtime.allgs")
    assert binary.layout("runtime.g").size == 456


def test_dwarf_alone_names_symbols(newest: Binary, tmp_path: Path) -> None:
    other = tmp_path / "other"
    subprocess.run(["objcopy", "--remove-section=.symtab", newest.path, str(other)], check=False, capture_output=True)
    if not other.exists() or Elf.open(str(other)).has_section(".symtab"):
        data = np.fromfile(newest.path, np.uint8)
        names = newest.elf.section_bytes(".shstrtab").tobytes()
        at = newest.elf.sections[".shstrtab"].offset + names.find(b".symtab\0")
        data[at : at + 7] = np.frombuffer(b".nosyms", np.uint8)
        data.tofile(other)
    binary = Binary.open(str(other), [])
    assert len(binary.symbols) == 0
    for name in ("runtime.allgs", "main.main"):
        assert binary.symbol(name) == newest.symbol(name)
    with pytest.raises(MissingSymbol, match=r"no symbol runtime\.nothing$"):
        binary.symbol("runtime.nothing")


def refused(path: Path | str, line: str) -> None:
    with pytest.raises(UnsupportedTarget, match=line) as caught:
        Binary.open(str(path))
    assert "\n" not in str(caught.value)


def test_refusals(tmp_path: Path) -> None:
    program = programs.build("ctxforest", NEWEST)
    refused(programs.build("ctxforest", NEWEST, env={"GOARCH": "386"}).exe, "a 32-bit program")
    refused(sys.executable, "no Go runtime found")
    refused(__file__, "not an ELF file")
    refused(tmp_path / "nothing", "cannot read .*nothing: No such file")
    refused(tmp_path, "cannot read")
    data = np.fromfile(program.exe, np.uint8)
    data[: HEADER.itemsize].view(HEADER)["type"] = 4
    data.tofile(tmp_path / "core")
    refused(tmp_path / "core", "a core file, not an executable")
    data[:1000].tofile(tmp_path / "short")
    refused(tmp_path / "short", "short: ")


def test_opening_reads_no_debug_information(newest: Binary) -> None:
    code = (
        "import sys; from gdbext.binary.executable import Binary; b = Binary.open(sys.argv[1]);"
        "b.symbol('runtime.allgs');"
        "assert 'numba' not in sys.modules and 'dwarf' not in b.__dict__"
    )
    done = subprocess.run([sys.executable, "-c", code, newest.path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
