"""Cores with wounds, in processes of their own: kernels with bounds checks, as they are, and in each GDB."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from gdbext.compute.machine import CHECKED
from tests import tools

SECONDS = 3600
"""A hang. Kernels with bounds checks are compiled first where none are kept: minutes on a busy machine."""
RUNS = "120" if os.environ.get("GDBEXT_ALL") == "1" else "40"


def faults(*words: str, **env: str) -> list[Any]:
    """What went wrong in some runs. Raises where they did not come to their end."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.mutated", *words],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tools.ROOT), *sys.path]), **env},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines and "runs" in lines[-1], done.stderr[-2000:]
    assert lines[-1]["answered"] > lines[-1]["refused"] >= 0
    return lines[:-1]


def test_no_wound_leads_a_kernel_out_of_its_arrays() -> None:
    assert faults("--runs", RUNS, "--seed", "bounds", "--commands", "3", **{CHECKED: "1"}) == []


def test_no_wound_kills_us() -> None:
    assert faults("--runs", RUNS, "--seed", "plain", "--commands", "3") == []


@pytest.mark.parametrize("number", range(2))
def test_no_wound_kills_a_debugger(gdb: tools.Gdb, number: int) -> None:
    """GDB itself refuses a core that was cut, as run 0 cuts it: these reach the commands."""
    first = str(1 + 3 * number)
    assert faults("--runs", "3", "--first", first, "--seed", "gdb", "--commands", "4", "--gdb", gdb.version) == []
