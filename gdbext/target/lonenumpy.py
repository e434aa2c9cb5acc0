"""NumPy, imported for the first time: without the threads that its linear algebra starts and that nothing here uses.

They cost each start some hundredths of a second of every processor, and address space. ``gdbext.target`` imports this
first, and a command opens its target before anything else.
"""

from __future__ import annotations

import os
import signal
import threading
from _thread import start_new_thread
from contextlib import suppress

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
    done, started = threading.Event(), list[int]()
    try:
        started.extend(map(start_new_thread, [_run], [(done,)]))  # one call into C: it has started, or is noted
        done.wait()
    except KeyboardInterrupt:
        if started:
            done.wait()
        raise


def _run(done: threading.Event) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # as in target/parallel.py
    with suppress(ImportError):  # those who use it say so
        import numpy  # noqa: F401
    done.set()


import_numpy()
