"""Machine code is made once, kept by all that it was made from, and never half."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from gdbext.compute import compiler, machinecode
from gdbext.compute.library import Library
from gdbext.compute.machine import CHECKED
from gdbext.compute.signatures import KernelFault
from gdbext.store import home
from tests.compute import samplekernels


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty private folder; where this Python's kernels are kept in it."""
    monkeypatch.setenv("GDBEXT_HOME", str(tmp_path))
    return home.cache() / "kernels"


def test_it_is_made_once(monkeypatch: pytest.MonkeyPatch, kept: Path) -> None:
    first = machinecode.object_code(samplekernels.library)
    assert [path.read_bytes()[: len(first)] for path in kept.rglob("*.o")] == [first]
    monkeypatch.setattr(compiler, "compile_library", lambda library: pytest.fail("compiled again"))
    assert machinecode.object_code(samplekernels.library) == first


def test_a_folder_that_cannot_be_written_is_done_without(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    monkeypatch.setenv("GDBEXT_HOME", str(in_the_way))
    assert machinecode.object_code(samplekernels.library)[:4] == b"\x7fELF"
    assert in_the_way.read_text() == ""


def test_the_oldest_states_go(kept: Path) -> None:
    machinecode.object_code(samplekernels.library)
    (path,) = kept.rglob("*.o")
    for number in range(machinecode.MOST_FILES):
        path.with_stem(str(number)).write_bytes(b"code")
        os.utime(path.with_stem(str(number)), (number, number))
    path.write_bytes(b"damaged")
    machinecode.object_code(samplekernels.library)
    assert {one.name for one in path.parent.iterdir()} == {
        path.name, *(f"{1 + number}.o" for number in range(machinecode.MOST_FILES - 1))
    }  # fmt: skip


@pytest.mark.parametrize("place", [100, -100, -1])
def test_code_that_is_damaged_is_not_run(kept: Path, place: int) -> None:
    machinecode.object_code(samplekernels.library)
    path = next(kept.rglob("*.o"))
    damaged = bytearray(path.read_bytes())
    damaged[place] ^= 1
    path.write_bytes(damaged)
    made = machinecode.object_code(samplekernels.library)
    assert made not in bytes(damaged)
    assert machinecode.object_code(samplekernels.library) == made


def test_a_file_that_others_could_have_written_is_not_run(kept: Path) -> None:
    machinecode.object_code(samplekernels.library)
    path = next(kept.rglob("*.o"))
    path.write_bytes(b"\x7fELF, but not ours")
    path.chmod(0o666)
    again = machinecode.object_code(samplekernels.library)
    assert b"not ours" not in again
    assert path.read_bytes()[: len(again)] == again
    assert path.stat().st_mode & 0o077 == 0


def test_bounds_are_checked_on_request(monkeypatch: pytest.MonkeyPatch, kept: Path) -> None:
    plain = machinecode.key_of(samplekernels.library)
    monkeypatch.setenv(CHECKED, "1")
    assert machinecode.key_of(samplekernels.library) != plain
    fresh = Library(samplekernels.library.module)
    beyond = fresh.kernel("u64[] i64 i64[] -> i64 i64")(samplekernels.running.function)
    assert beyond(np.ones(3, np.uint64), 0, np.zeros(3, np.int64)) == (3, 3)
    with pytest.raises(KernelFault, match="running failed"):
        beyond(np.ones(3, np.uint64), 0, np.zeros(2, np.int64))


def test_each_machine_has_its_own(monkeypatch: pytest.MonkeyPatch, kept: Path) -> None:
    before = machinecode.key_of(samplekernels.library)
    monkeypatch.setattr(machinecode, "processor", lambda: ("other", "+sse2"))
    assert machinecode.key_of(samplekernels.library) != before
