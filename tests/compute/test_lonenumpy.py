"""Importing NumPy through us starts no threads and leaves the environment alone."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

CODE = """
import os, time
import {module}
import numpy
limit = time.monotonic() + 40
while "OPENBLAS_NUM_THREADS" not in os.environ and len(os.listdir("/proc/self/task")) > 1 and time.monotonic() < limit:
    time.sleep(0.001)  # the thread that imported it has its last steps to do
print(len(os.listdir("/proc/self/task")), os.environ.get("OPENBLAS_NUM_THREADS"))
"""


def threads(module: str, **more: str) -> list[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("OPENBLAS", "OMP"))}
    command = [sys.executable, "-c", CODE.format(module=module)]
    done = subprocess.run(command, env={**env, **more}, capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize("module", ["gdbext.target", "gdbext.binary.elf"])
def test_one_thread_and_the_same_environment(module: str) -> None:
    assert threads(module) == ["1", "None"]


def test_the_users_own_number_stays() -> None:
    assert threads("gdbext.target", OPENBLAS_NUM_THREADS="2")[1] == "2"


INTERRUPTED = """
import os, signal, sys

class Finder:
    def find_spec(name, path, target=None):
        if name == "numpy.linalg":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Finder)
try:
    import gdbext.target
except KeyboardInterrupt:
    import gdbext.target, numpy
    print(numpy.arange(3).sum())
"""


def test_interrupted_it_is_whole_all_the_same() -> None:
    """NumPy makes an ImportError of it, and cannot be imported another time."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("OPENBLAS", "OMP"))}
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], env=env, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("3\n", "")
