"""NumPy, imported for the first time: without the threads that its linear algebra starts and that nothing here uses.

They cost each start some hundredths of a second of every processor, and address space. ``gdbext.target`` imports this
first, and a command opens its target before anything else.
"""

from __future__ import annotations

import os
from contextlib import suppress

from gdbext.compute import deaf

THREADS = "OPENBLAS_NUM_THREADS"


def import_numpy() -> None:
    """Import NumPy; the environment is as before then. What somebody else has set or imported already stays."""
    if THREADS in os.environ:
        _import()
        return
    os.environ[THREADS] = "1"
    try:
        _import()
    finally:
        del os.environ[THREADS]


def _import() -> None:
    """In a thread, which no interrupt reaches: NumPy half imported cannot be imported again in this process."""
    done, started = deaf.Said(), list[int]()
    try:
        deaf.start(started, _run, [(done,)])
        done.wait()
    except KeyboardInterrupt:
        if started:
            done.wait()
        raise


def _run(done: deaf.Said) -> None:
    with suppress(ImportError):  # those who use it say so
        import numpy  # noqa: F401
    done.say()


import_numpy()
