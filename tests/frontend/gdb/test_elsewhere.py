"""A GDB whose Python has no numba: the commands answer from another interpreter, and say the same on a core."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from gdbext.store import home
from tests import hosts, programs, tools
from tests.programs import Core, build, core, run

HIDES = (
    "python import importlib.util; find = importlib.util.find_spec; "
    "importlib.util.find_spec = lambda name, *package: None if name == 'numba' else find(name, *package)"
)
LAUNCHER = """#!/bin/sh
PYTHONPATH="{root}:{packages}" exec "{python}" -m gdbext "$@"
"""
COMMANDS = ("go-ctxtree", "go-goroutines --json --limit 2", "go-histogram --limit 5", "go-stacks 1", "go-doctor --help")
INTERRUPT = (
    "python import os, signal, threading, time; there = lambda: os.path.exists('{noted}'); "
    "wait = lambda: [time.sleep(0.01) for _ in iter(there, True)] + [time.sleep(0.3)]; "
    "threading.Thread(target=lambda: wait() and os.kill(os.getpid(), signal.SIGINT), daemon=True).start()"
)
"""A moment after the file is there."""


@pytest.fixture
def private(tmp_path: Path) -> dict[str, str]:
    """The environment of a private folder as install.sh makes it, with the reader of this checkout."""
    for path in home.folder().glob("py3.*"):
        (tmp_path / path.name).symlink_to(path.resolve())
    (tmp_path / "cache").symlink_to(home.folder() / "cache")
    (tmp_path / "bin").mkdir()
    reader = tmp_path / "bin" / "gdbext"
    packages = home.dependencies() if home.dependencies().is_dir() else ""
    reader.write_text(LAUNCHER.format(root=tools.ROOT, packages=packages, python=sys.executable))
    reader.chmod(0o755)
    return {"GDBEXT_HOME": str(tmp_path)}


@pytest.fixture(scope="module")
def forest() -> Core:
    return core(build("ctxforest", tools.go_versions()[-1]), f"gcore-{tools.gdbs()[-1]}")


def said(gdb: tools.Gdb, where: list[str], env: Mapping[str, str], *lines: str) -> hosts.Said:
    return hosts.batch(gdb, ["-iex", HIDES, *where, *hosts.LOAD], *lines, env=env)


def test_the_same_output(gdb: tools.Gdb, forest: Core, private: dict[str, str]) -> None:
    for line in COMMANDS:
        found = said(gdb, hosts.place(forest), private, "set go-limit 7", line)
        wanted = hosts.batch(gdb, [*hosts.place(forest), *hosts.LOAD], "set go-limit 7", line)
        assert found.out == wanted.out, line
        assert "numba" not in found.err


def test_what_goes_wrong_is_the_same_line(gdb: tools.Gdb, forest: Core, private: dict[str, str]) -> None:
    found = said(gdb, hosts.place(forest), private, "go-object 0x1", "go-stacks --nope", "go-ctxtree --limit 1")
    wanted = hosts.batch(gdb, [*hosts.place(forest), *hosts.LOAD], "go-object 0x1", "go-stacks --nope")
    assert found.err == wanted.err and "go-stacks: unrecognized arguments: --nope" in found.err
    assert "0x1: no object of the Go heap lies there" in found.out and "*context.cancelCtx" in found.out


def test_what_needs_the_engine_inside(gdb: tools.Gdb, forest: Core, private: dict[str, str]) -> None:
    found = said(gdb, hosts.place(forest), private, "go-goroutine 1", "p $go_g(1)")
    python = f"GDB's Python {gdb.python}"
    assert f"go-goroutine needs numba in {python}; go-stacks N shows a goroutine's stack\n" in found.err
    assert f"this needs numba in {python}; the go- commands answer without, on a core\n" in found.err


def test_of_a_process_it_says_what_to_type(gdb: tools.Gdb, private: dict[str, str]) -> None:
    """And that answers while GDB holds the process."""
    with run(build("ctxforest", tools.go_versions()[-1])) as running:
        asked = f"{private['GDBEXT_HOME']}/bin/gdbext pid {running.pid} go-ctxtree --limit 1"
        found = said(gdb, hosts.place(running), private, "go-ctxtree --limit 1", f"shell {asked}")
    why = f"GDB's Python {gdb.python} has no numba, and only cores are read by another interpreter"
    assert f"{why}; in another terminal: {asked}\n" in found.err
    assert "context.cancelCtx" in found.out


def test_of_nothing(gdb: tools.Gdb, private: dict[str, str]) -> None:
    found = said(gdb, [], private, "go-ctxtree")
    assert found.err == "no process and no core here; type file EXE, then core-file CORE, or attach PID\n"


def test_without_a_reader_it_says_what_is_missing(gdb: tools.Gdb, private: dict[str, str]) -> None:
    Path(private["GDBEXT_HOME"], "bin", "gdbext").unlink()
    found = said(gdb, [], private)
    wanted = f"gdbext: numba not found for Python {gdb.python}; run {tools.ROOT / 'install.sh'}\n"
    assert found.err == wanted


def test_ctrl_c_is_passed_on(gdb: tools.Gdb, private: dict[str, str]) -> None:
    """Nothing follows, GDB lives, and the reader is gone."""
    many = programs.core(programs.build("scale", "1.27.3"), f"gcore-{tools.gdbs()[-1]}", "-contexts", "200000")
    reader = Path(private["GDBEXT_HOME"], "bin", "gdbext")
    noted = Path(private["GDBEXT_HOME"], "pid")
    reader.write_text(reader.read_text().replace("\n", f"\necho $$ >{noted}\n", 1))
    lines = (INTERRUPT.format(noted=noted), "go-ctxtree --json", "echo after\\n")
    found = said(gdb, hosts.place(many), private, *lines)
    assert "interrupted; nothing is lost" in found.err
    assert found.out.endswith("after\n") and not found.out.rstrip().endswith("}")
    with pytest.raises(ProcessLookupError):
        os.kill(int(noted.read_text()), signal.SIG_DFL)
