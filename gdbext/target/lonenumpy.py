"""NumPy, imported for the first time: without the threads that its linear algebra starts and that nothing here uses.

They cost each start some hundredths of a second of every processor, and address space. ``gdbext.target`` imports this
first, and a command opens its target before anything else.
"""

from __future__ import annotations

import os

THREADS = "OPENBLAS_NUM_THREADS"


def import_numpy() -> None:
    """Import NumPy; the environment is as before then. What somebody else has set or imported already stays."""
    if THREADS in os.environ:
        return
    os.environ[THREADS] = "1"
    try:
        import numpy  # noqa: F401
    finally:
        del os.environ[THREADS]


import_numpy()
