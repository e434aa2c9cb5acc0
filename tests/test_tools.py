"""A missing tool is a failure with a sentence, and what a debugger prints around an answer does not hide it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import hosts, tools
from tests.bench.measure import Failed, once
from tests.bench.rounds import Line


@pytest.fixture
def nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with no tools at all."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("GDBEXT_HOME", str(tmp_path))
    monkeypatch.delenv("GDBEXT_GDBS", raising=False)
    return tmp_path


def test_a_missing_tool_says_so(nothing: Path) -> None:
    with pytest.raises(tools.MissingTool, match=r"no go on PATH and none in the private folder .*; run \./install\.sh"):
        tools.go_program()
    with pytest.raises(tools.MissingTool, match="no dlv on PATH"):
        tools.dlv_program()
    with pytest.raises(tools.MissingTool, match="no gdb on PATH"):
        tools.gdbs()


def test_what_is_no_gdb_says_so(nothing: Path) -> None:
    program = nothing / "gdb"
    program.write_text("#!/bin/true\n")
    program.chmod(0o755)
    with pytest.raises(tools.MissingTool, match="is no GDB with Python"):
        tools.gdbs()


def test_a_gdb_by_its_version() -> None:
    gdb = tools.gdbs()[0]
    assert tools.gdb_named(gdb.version) == tools.gdb_named(gdb.version.split(".")[0]) == gdb
    with pytest.raises(tools.MissingTool, match=r"no GDB 1\.0 among"):
        tools.gdb_named("1.0")


def test_releases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GDBEXT_GOS", raising=False)
    monkeypatch.setenv("GDBEXT_ALL", "1")
    assert tools.go_versions() == tools.EVERY_GO
    monkeypatch.setenv("GDBEXT_GOS", "go1.25.5:1.26.8")
    assert tools.go_versions() == ("1.25.5", "1.26.8")


def test_a_document_among_other_lines() -> None:
    text = '{ not json\n[New LWP 7]\n{"command": "go-other"}\n{"command": "go-doctor", "schema": 1}\n[detached]\n'
    assert hosts.find_document(text, "go-doctor") == {"command": "go-doctor", "schema": 1}
    assert hosts.find_document(text, "go-ctxtree") is None


def test_a_run_is_measured(tmp_path: Path) -> None:
    run = once(["python3", "-c", "import time; block = bytearray(1) * 50_000_000; time.sleep(1)"], tmp_path / "out")
    assert run.seconds > 1
    assert 50_000_000 < run.anonymous < 80_000_000


def test_a_failed_run_has_no_time(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="status 3"):
        once(["sh", "-c", "exit 3"], tmp_path / "out")


def test_promises() -> None:
    assert Line("", 2.0, limit=8.0).kept is True
    assert Line("", 9.0, limit=8.0).kept is False
    assert Line("", 9.0, limit=8.0, at_least=True).kept is True
    assert Line("", 9.0).kept is None
