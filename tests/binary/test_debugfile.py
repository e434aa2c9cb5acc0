"""Separate debug files: found by build id and by link, refused when they are another program's."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from gdbext.binary import debugfile
from gdbext.binary.elf import Elf
from gdbext.binary.executable import Binary
from tests import programs, tools


@pytest.fixture(scope="module")
def newest() -> programs.Program:
    return programs.build("ctxforest", tools.go_versions()[-1])


def split(program: programs.Program, folder: Path, link: bool) -> tuple[Path, Path]:
    """A stripped executable and its debug file."""
    bare, debug = folder / "bare", folder / "bare.dbg"
    subprocess.run(["objcopy", "--only-keep-debug", str(program.exe), str(debug)], check=True)
    subprocess.run(["objcopy", "--strip-all", str(program.exe), str(bare)], check=True)
    if link:
        subprocess.run(["objcopy", f"--add-gnu-debuglink={debug}", str(bare)], check=True)
    return bare, debug


def by_build_id(bare: Path, debug: Path, root: Path) -> Path:
    name = Elf.open(str(bare)).build_id
    place = root / ".build-id" / name[:2] / f"{name[2:]}.debug"
    place.parent.mkdir(parents=True)
    return debug.rename(place)


def answers_like(binary: Binary, path: Path) -> None:
    whole = Binary.open(str(path))
    assert binary.has_dwarf
    assert binary.has_symbols
    for name in ("runtime.allgs", "main.main"):
        assert binary.symbol(name) == whole.symbol(name)
    assert binary.layout("runtime.g") == whole.layout("runtime.g")
    assert binary.subprogram(binary.symbol("main.main")) is not None
    main = binary.symbol("main.main")
    assert bytes(binary.elf.at(main, 64)) == bytes(whole.elf.at(main, 64))
    assert any(bytes(binary.elf.at(main, 64)))


def test_by_build_id(newest: programs.Program, tmp_path: Path) -> None:
    bare, debug = split(newest, tmp_path, link=False)
    by_build_id(bare, debug, tmp_path / "debug")
    assert not Binary.open(str(bare), []).has_dwarf
    answers_like(Binary.open(str(bare), [str(tmp_path / "debug")]), newest.exe)


@pytest.mark.parametrize("place", ["", ".debug"])
def test_by_link_next_to_the_executable(newest: programs.Program, tmp_path: Path, place: str) -> None:
    bare, debug = split(newest, tmp_path, link=True)
    (tmp_path / place).mkdir(exist_ok=True)
    debug.rename(tmp_path / place / debug.name)
    answers_like(Binary.open(str(bare), []), newest.exe)


def test_by_link_below_a_debug_directory(newest: programs.Program, tmp_path: Path) -> None:
    bare, debug = split(newest, tmp_path, link=True)
    root = tmp_path / "lib"
    place = Path(f"{root}{bare.resolve().parent}")
    place.mkdir(parents=True)
    debug.rename(place / debug.name)
    assert not Binary.open(str(bare), []).has_dwarf
    answers_like(Binary.open(str(bare), [str(root)]), newest.exe)


def test_a_link_with_another_checksum_is_not_followed(newest: programs.Program, tmp_path: Path) -> None:
    bare, debug = split(newest, tmp_path, link=True)
    with open(debug, "ab") as file:
        file.write(b"x")
    assert debugfile.find(Elf.open(str(bare)), []) is None
    assert not Binary.open(str(bare), []).has_symbols


def test_another_build_ids_file_is_not_taken(newest: programs.Program, tmp_path: Path) -> None:
    bare, debug = split(newest, tmp_path, link=False)
    place = by_build_id(bare, debug, tmp_path / "debug")
    other = programs.build("goroutines", tools.go_versions()[-1])
    place.write_bytes(other.exe.read_bytes())
    assert debugfile.find(Elf.open(str(bare)), [str(tmp_path / "debug")]) is None
    place.write_bytes(b"not an ELF file")
    assert debugfile.find(Elf.open(str(bare)), [str(tmp_path / "debug")]) is None
