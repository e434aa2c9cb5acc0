"""Machine code is made once, kept by all that it was made from, and never half."""

from __future__ import annotations

from pathlib import Path

import pytest

from gdbext import home
from gdbext.target import compiling, machinecode
from tests.target import samplekernels


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty private folder; where this Python's kernels are kept in it."""
    monkeypatch.setenv("GDBEXT_HOME", str(tmp_path))
    return home.cache() / "kernels"


def test_it_is_made_once(monkeypatch: pytest.MonkeyPatch, kept: Path) -> None:
    first = machinecode.object_code(samplekernels.library)
    assert [path.read_bytes() for path in kept.rglob("*.o")] == [first]
    monkeypatch.setattr(compiling, "compile_library", lambda library: pytest.fail("compiled again"))
    assert machinecode.object_code(samplekernels.library) == first


def test_new_sources_and_other_processors_have_their_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(machinecode, "PACKAGE", tmp_path)
    (tmp_path / "somekernels.py").write_text("one")
    before = machinecode.folder()
    (tmp_path / "other.py").write_text("not a kernel")
    assert machinecode.folder() == before
    (tmp_path / "somekernels.py").write_text("two")
    after = machinecode.folder()
    assert after != before
    monkeypatch.setattr(machinecode, "processor", lambda: ("other", "+sse2"))
    assert machinecode.folder() not in (before, after)


def test_a_folder_that_cannot_be_written_is_done_without(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    monkeypatch.setenv("GDBEXT_HOME", str(in_the_way))
    assert machinecode.object_code(samplekernels.library)[:4] == b"\x7fELF"
    assert in_the_way.read_text() == ""


def test_the_oldest_states_go(kept: Path) -> None:
    for number in range(machinecode.MOST_FOLDERS + 3):
        machinecode.keep(kept / str(number) / "x.o", b"code")
    assert len(list(kept.iterdir())) == machinecode.MOST_FOLDERS
    assert not list(kept.rglob("tmp*"))


def test_a_file_that_others_could_have_written_is_not_run(kept: Path) -> None:
    machinecode.object_code(samplekernels.library)
    path = next(kept.rglob("*.o"))
    path.write_bytes(b"\x7fELF, but not ours")
    path.chmod(0o666)
    again = machinecode.object_code(samplekernels.library)
    assert b"not ours" not in again
    assert path.read_bytes() == again
    assert path.stat().st_mode & 0o077 == 0
