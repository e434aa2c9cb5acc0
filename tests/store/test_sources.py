"""A digest of modules changes with them and with nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gdbext.store.sources import digest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "inner").mkdir()
    (tmp_path / "a.py").write_text("a")
    (tmp_path / "inner" / "b.py").write_text("b")
    return tmp_path


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "a.py").write_text("c"),
        lambda folder: (folder / "a.py").rename(folder / "c.py"),
        lambda folder: (folder / "inner" / "b.py").unlink(),
        lambda folder: (folder / "inner" / "c.py").write_text(""),
    ],
)
def test_what_changes_the_modules_changes_it(folder: Path, change: Callable[[Path], object]) -> None:
    before = digest(folder, "**/*.py")
    change(folder)
    assert digest(folder, "**/*.py") != before


def test_other_files_do_not(folder: Path) -> None:
    before = digest(folder, "**/*.py")
    (folder / "a.txt").write_text("")
    assert digest(folder, "**/*.py") == before


def test_without_sources_there_is_none(tmp_path: Path) -> None:
    assert digest(tmp_path) == ""
