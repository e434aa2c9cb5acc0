"""Importing NumPy through us starts no threads and leaves the environment alone."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

CODE = """
import os
import {module}
import numpy
print(len(os.listdir("/proc/self/task")), os.environ.get("OPENBLAS_NUM_THREADS"))
"""


def threads(module: str, **more: str) -> list[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("OPENBLAS", "OMP"))}
    command = [sys.executable, "-c", CODE.format(module=module)]
    done = subprocess.run(command, env={**env, **more}, capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize("module", ["gdbext.target", "gdbext.target.elf"])
def test_one_thread_and_the_same_environment(module: str) -> None:
    assert threads(module) == ["1", "None"]


def test_the_users_own_number_stays() -> None:
    assert threads("gdbext.target", OPENBLAS_NUM_THREADS="2")[1] == "2"
