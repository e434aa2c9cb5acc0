"""ELF files against pyelftools, nm and Go's own tools, and files that lie."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from elftools.elf.elffile import ELFFile
from hypothesis import given, settings, strategies as st

from gdbext.binary import elf
from gdbext.binary.elf import HEADER, PT_LOAD, Elf
from gdbext.errors import GdbextError, UnsupportedTarget
from tests import programs, tools
from tests.target import madecore


@pytest.fixture(scope="module")
def newest() -> programs.Program:
    return programs.build("ctxforest", tools.go_versions()[-1])


def test_segments_and_sections_equal_pyelftools(ctxforest: programs.Program) -> None:
    elf = Elf.open(str(ctxforest.exe))
    with open(ctxforest.exe, "rb") as file:
        other = ELFFile(file)
        theirs = [(s["p_offset"], s["p_vaddr"], s["p_filesz"], s["p_memsz"]) for s in other.iter_segments()]
        assert [
            tuple(int(row[key]) for key in ("offset", "vaddr", "filesz", "memsz")) for row in elf.segments
        ] == theirs
        assert (elf.entry, elf.machine) == (other["e_entry"], "amd64")
        for section in other.iter_sections():
            if section["sh_type"] not in ("SHT_NOBITS", "SHT_NULL"):
                assert elf.section_bytes(section.name).tobytes() == section.data(), section.name


def test_symbols_equal_nm(ctxforest: programs.Program) -> None:
    symbols = Elf.open(str(ctxforest.exe)).symbols()
    listed = subprocess.run(["nm", str(ctxforest.exe)], capture_output=True, text=True, check=True).stdout.splitlines()
    rows = [line.split(" ", 2) for line in listed if line[0] != " "]
    by_name: dict[str, set[int]] = {}
    for value, _, name in rows:
        by_name.setdefault(name, set()).add(int(value, 16))
    assert len(by_name) > 1000
    for name in sorted(by_name)[::29] + ["runtime.allgs", "main.main", "runtime.mheap_"]:
        assert symbols.find(name) in by_name[name], name
    assert symbols.find("runtime.allg") is None
    assert symbols.find("allgs") is None
    assert {symbols.name(index) for index in range(1, 200)} - {""} <= by_name.keys() | {"go.go"}


def test_build_ids(ctxforest: programs.Program) -> None:
    elf = Elf.open(str(ctxforest.exe))
    said = subprocess.run([tools.go_program(), "tool", "buildid", str(ctxforest.exe)], capture_output=True, text=True)
    assert elf.go_build_id == said.stdout.strip()
    with open(ctxforest.exe, "rb") as file:
        section = ELFFile(file).get_section_by_name(".note.gnu.build-id")
        assert elf.build_id == (next(section.iter_notes())["n_desc"] if section else "")


@pytest.mark.parametrize("how", ["zlib", "zlib-gnu", "none"])
def test_compressed_debug_sections_read_the_same(newest: programs.Program, tmp_path: Path, how: str) -> None:
    other = tmp_path / "other"
    subprocess.run(["objcopy", f"--compress-debug-sections={how}", str(newest.exe), str(other)], check=True)
    for name in (".debug_info", ".debug_abbrev", ".debug_loclists"):
        ours = Elf.open(str(other)).section_bytes(name)
        assert ours.tobytes() == Elf.open(str(newest.exe)).section_bytes(name).tobytes()
        assert ours.size > 100


def test_a_plain_section_is_not_copied(newest: programs.Program) -> None:
    elf = Elf.open(str(newest.exe))
    text = elf.section_bytes(".text")
    assert np.shares_memory(text, elf.data)
    assert text.size == elf.sections[".text"].size


def test_without_section_headers_the_segments_remain(newest: programs.Program) -> None:
    data = np.fromfile(newest.exe, np.uint8)
    for name in ("shoff", "shnum", "shstrndx"):
        data[: HEADER.itemsize].view(HEADER)[name] = 0
    elf = Elf("bare", data)
    assert elf.sections == {}
    assert elf.section_bytes(".text").size == 0
    assert len(elf.symbols()) == 0
    assert (elf.segments["type"] == PT_LOAD).sum() >= 2
    assert elf.go_build_id == Elf.open(str(newest.exe)).go_build_id


def test_bytes_behind_an_address(newest: programs.Program) -> None:
    elf = Elf.open(str(newest.exe))
    text = elf.sections[".text"]
    found = elf.at(text.address + 16, 64)
    assert found is not None
    assert found.tobytes() == elf.section_bytes(".text")[16:80].tobytes()
    bss = elf.sections[".bss"]
    assert elf.at(bss.address, 8) is None
    assert elf.at(0, 8) is None


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({0: 0}, "not an ELF file"),
        ({4: 1}, "a 32-bit program"),
        ({5: 2}, "little-endian"),
    ],
)
def test_refusals(newest: programs.Program, change: dict[int, int], line: str) -> None:
    data = np.fromfile(newest.exe, np.uint8, 4096)
    for at, value in change.items():
        data[at] = value
    with pytest.raises(UnsupportedTarget, match=line):
        Elf("x", data)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    for path, line in ((tmp_path / "empty", "not an ELF"), (tmp_path / "no", "No such file"), (tmp_path, "directory")):
        with pytest.raises(UnsupportedTarget, match=line) as caught:
            Elf.open(str(path))
        assert "\n" not in str(caught.value)


def everything(elf: Elf) -> int:
    """Ask an Elf for all it has; how many answers came."""
    answers = 0
    for ask in (
        lambda: elf.sections,
        lambda: list(elf.notes()),
        lambda: elf.symbols().find("runtime.allgs"),
        lambda: elf.symbols(".dynsym").find("x"),
        lambda: elf.debug_link,
        lambda: elf.at(0x400000, 100),
        lambda: [elf.section_bytes(name) for name in list(elf.sections)[:50]],
    ):
        try:
            ask()
            answers += 1
        except GdbextError as error:
            assert "\n" not in str(error)
    return answers


@settings(max_examples=150)
@given(
    changes=st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=20), keep=st.integers(0, 1 << 20)
)
def test_damaged_files_answer_or_refuse(changes: list[tuple[int, int]], keep: int) -> None:
    program = programs.build("ctxforest", tools.go_versions()[-1])
    data = np.fromfile(program.exe, np.uint8, keep)
    for at, value in changes:
        if at < data.size:
            data[at] = value
    try:
        elf = Elf("damaged", data)
    except UnsupportedTarget as error:
        assert str(error).startswith("damaged: ")
        return
    assert everything(elf) >= 0


@settings(max_examples=150)
@given(st.binary(max_size=600))
def test_random_bytes_behind_a_header_answer_or_refuse(junk: bytes) -> None:
    head = np.zeros(1, HEADER)
    head["magic"], head["bits"], head["data"], head["machine"] = b"\x7fELF", 2, 1, 62
    head["phoff"], head["phnum"], head["shoff"], head["shnum"], head["shstrndx"] = 64, 5, 100, 6, 1
    elf = Elf("junk", np.frombuffer(head.tobytes() + junk, np.uint8))
    assert everything(elf) >= 0


def test_notes_that_are_a_whole_file_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A damaged header may call anything notes: zeros are none, and of others there are so many at most."""
    zeros = madecore.core([], madecore.thread(7) + bytes(120) + madecore.thread(8))
    many = madecore.core([], madecore.note(9, b"") * 100)
    monkeypatch.setattr(elf, "MOST_NOTES", 30)
    found = [len(list(Elf("core", np.frombuffer(data, np.uint8)).notes())) for data in (zeros, many)]
    assert found == [1, 30]
