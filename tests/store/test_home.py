"""Where dependencies and compiled kernels lie, and what happens where they do not."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from gdbext.store import home

TAG = f"py{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search path and the environment are put back afterwards."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in ("GDBEXT_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def test_the_folder_is_chosen_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    assert home.folder() == Path("/home/someone/.local/share/gdbext")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert home.folder() == Path("/data/gdbext")
    monkeypatch.setenv("GDBEXT_HOME", "/own")
    assert home.folder() == Path("/own")
    assert home.dependencies() == Path("/own") / TAG
    assert home.cache() == Path("/own/cache") / TAG


def test_ours_come_first_and_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GDBEXT_HOME", str(tmp_path))
    (tmp_path / TAG).mkdir()
    assert home.activate() == ""
    assert home.activate() == ""
    assert sys.path[0] == str(tmp_path / TAG)
    assert sys.path.count(str(tmp_path / TAG)) == 1


def test_extras_come_last(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GDBEXT_HOME", str(tmp_path))
    ours, other = (tmp_path / f"with-plot-{tag}" for tag in (home.python_tag(), "py3.0"))
    ours.mkdir()
    other.mkdir()
    for _ in range(2):
        home.activate()
        assert sys.path.count(str(ours)) == 1 and sys.path[-1] == str(ours)
        assert str(other) not in sys.path


def test_what_is_missing_is_said_in_one_line_with_the_cure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GDBEXT_HOME", str(tmp_path))
    found = importlib.util.find_spec
    gone = {"numba", "tabulate"}
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in gone else found(name))
    said = home.activate()
    assert said.startswith(f"gdbext: numba, tabulate not found for Python {TAG[2:]}; run ")
    assert said.endswith("install.sh")
    assert "\n" not in said
