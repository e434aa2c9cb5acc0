"""Version strings as seen in the wild, and build information that is not there or lies."""

from __future__ import annotations

import os
import subprocess

import numpy as np
import pytest
from hypothesis import given, strategies as st

from gdbext.binary import buildinfo
from gdbext.binary.elf import HEADER, Elf
from gdbext.errors import GdbextError, UnsupportedTarget
from tests import programs, tools


@pytest.fixture(scope="module")
def elf() -> Elf:
    return Elf.open(str(programs.build("ctxforest", tools.go_versions()[-1]).exe))


@pytest.mark.parametrize(
    ("text", "version", "minor", "experiments"),
    [
        ("go1.27.3", "go1.27.3", 27, ()),
        ("go1.24rc1", "go1.24rc1", 24, ()),
        ("go1.25.5 X:greenteagc", "go1.25.5", 25, ("greenteagc",)),
        ("go1.22.10 X:noallocheaders,arenas", "go1.22.10", 22, ("arenas", "noallocheaders")),
        ("go1.26.6-X:nogreenteagc", "go1.26.6", 26, ("nogreenteagc",)),
        ("devel go1.28-abcdef012 Mon Jan 1 00:00:00 2026 +0000", "go1.28-abcdef012", 28, ()),
        ("go1.28-devel_0123abc Mon Jan 1 X:runtimefreegc", "go1.28-devel_0123abc", 28, ("runtimefreegc",)),
        ("go1.24.4 (Red Hat 1.24.4-1.el9) X:boringcrypto", "go1.24.4", 24, ("boringcrypto",)),
    ],
)
def test_versions(elf: Elf, text: str, version: str, minor: int, experiments: tuple[str, ...]) -> None:
    found = buildinfo.parse(elf, text, "")
    assert (found.version, found.minor, found.experiments) == (version, minor, experiments)


def test_experiments_in_the_module_data_count_too(elf: Elf) -> None:
    found = buildinfo.parse(elf, "go1.27.3", "path\tx\nbuild\tGOARCH=amd64\nbuild\tGOEXPERIMENT=mapsplitgroup\n")
    assert found.experiments == ("mapsplitgroup",)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("go1.20.14", "Go 1.21 is the oldest"),
        ("go1.4", "Go 1.21 is"),
        ("", "not one we know"),
        ("devel +abc", "not one"),
    ],
)
def test_versions_refused(elf: Elf, text: str, line: str) -> None:
    with pytest.raises(UnsupportedTarget, match=line):
        buildinfo.parse(elf, text, "")


def test_the_same_as_go_version_says(ctxforest: programs.Program) -> None:
    found = buildinfo.read(Elf.open(str(ctxforest.exe)))
    command = [tools.go_program(), "version", "-m", str(ctxforest.exe)]
    said = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "GOTOOLCHAIN": "go1.27.3"}).stdout
    first, *rest = said.splitlines()
    assert found.version == first.split(": ")[1]
    assert [line.rstrip("\t") for line in found.modules.splitlines()] == [line.strip("\t") for line in rest]


def test_found_without_section_headers(elf: Elf) -> None:
    data = elf.data.copy()
    data[: HEADER.itemsize].view(HEADER)["shoff"] = 0
    assert buildinfo.read(Elf("bare", data)) == buildinfo.read(elf)


def with_info(elf: Elf, change: bytes, at: int) -> Elf:
    data = elf.data.copy()
    start = elf.sections[".go.buildinfo"].offset + at
    data[start : start + len(change)] = np.frombuffer(change, np.uint8)
    return Elf("changed", data)


def test_gos_before_1_18_are_refused(elf: Elf) -> None:
    with pytest.raises(UnsupportedTarget, match=r"Go 1\.17 or older"):
        buildinfo.read(with_info(elf, b"\0", 15))


def test_no_build_information_is_no_go(elf: Elf) -> None:
    with pytest.raises(UnsupportedTarget, match="no Go runtime found"):
        buildinfo.read(with_info(elf, b"\0" * 16, 0))


@given(st.binary(min_size=1, max_size=60))
def test_random_build_information_answers_or_refuses(junk: bytes) -> None:
    elf = Elf.open(str(programs.build("ctxforest", tools.go_versions()[-1]).exe))
    row = elf.sections[".go.buildinfo"]
    data = elf.data[: row.offset + row.size].copy()
    start = row.offset + 32
    data[start : start + len(junk)] = np.frombuffer(junk, np.uint8)
    data[: HEADER.itemsize].view(HEADER)["shoff"] = 0
    try:
        assert buildinfo.read(Elf("junk", data)).minor >= 21
    except GdbextError as error:
        assert str(error).startswith("junk: ")
