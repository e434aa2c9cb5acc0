"""The installer compiles every kernel, and then nobody needs the compiler."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gdbext.compute import warm
from gdbext.store import home
from tests import hosts, programs

WITHOUT_NUMBA = """
import sys
from gdbext.frontend import cli
status = cli.main(sys.argv[1:])
assert "numba" not in sys.modules
sys.exit(status)
"""


def test_kernels_are_compiled_and_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Those of two modules into a folder of their own; the installer itself ends where it cannot compile one."""
    some = sorted(warm.libraries(), key=lambda library: len(library.kernels))[:2]
    monkeypatch.setenv("GDBEXT_HOME", str(tmp_path))
    monkeypatch.setattr(warm, "libraries", lambda: some)
    assert warm.main() == 0
    for library in some:
        (kept,) = (home.cache() / "kernels" / library.module).glob("*.o")
        assert kept.stat().st_mode & 0o077 == 0


def test_every_kernel_is_there() -> None:
    """Compiled where the installer keeps them: as machine code of this machine, not by the compiler again."""
    assert warm.main() == 0
    for library in warm.libraries():
        assert list((home.cache() / "kernels" / library.module).glob("*.o")), library.module


def test_dependencies_get_their_bytecode_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GDBEXT_HOME", str(tmp_path / "tests" / "numba"))  # what the folder is called does not matter
    assert warm.compile_packages()
    for name in ("package/__init__.py", "package/tests/one.py", "numba/__init__.py"):
        (home.dependencies() / name).parent.mkdir(parents=True)
        (home.dependencies() / name).write_text("x = 1\n")
    assert warm.compile_packages()
    (made,) = home.dependencies().rglob("*.pyc")
    before = made.stat()
    assert warm.compile_packages()
    assert made.is_relative_to(home.dependencies() / "package" / "__pycache__")
    assert made.stat().st_mtime_ns == before.st_mtime_ns


def test_bytecode_that_cannot_be_made_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GDBEXT_HOME", str(tmp_path))
    home.dependencies().mkdir()
    (home.dependencies() / "broken.py").write_text("no Python\n")
    assert not warm.compile_packages()


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(home, "REQUIRED", ("nosuchpackage",))
    assert warm.main() == 1
    assert "nosuchpackage not found" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["go-ctxtree", "go-goroutines", "go-ctxchain --all", "go-doctor"])
def test_no_command_needs_the_compiler(ctxforest_core: programs.Core, command: str) -> None:
    assert warm.main() == 0
    line = [sys.executable, "-c", WITHOUT_NUMBA, "core", str(ctxforest_core.exe), str(ctxforest_core.path)]
    said = subprocess.run([*line, *command.split()], env=hosts.environment(None), capture_output=True, text=True)
    assert (said.returncode, said.stderr) == (0, "")


SHORT = {
    "gdbext.compute.kernels.weigh": "some twenty numbers",
    "gdbext.report.kernels.room": "called for some thousand rows at a time",
    "gdbext.report.kernels.rows": "called for some thousand rows at a time",
    "gdbext.binary.dwarf.kernels.string_end": "one string",
    "gdbext.binary.dwarf.kernels.read_root": "one entry",
    "gdbext.binary.dwarf.kernels.fnv": "one name",
}
"""Kernels that end before anybody could be quick enough to interrupt them."""


def test_what_may_take_long_can_be_interrupted() -> None:
    deaf = {
        f"{library.module}.{kernel.name}"
        for library in warm.libraries()
        for kernel in library.kernels
        if not any(signature.polls for signature in kernel.signatures)
    }
    assert deaf == set(SHORT)
