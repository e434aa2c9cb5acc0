"""Memory that large arrays leave behind in our own process."""

from __future__ import annotations

import ctypes


def trim() -> None:
    """Give the C library's free memory back to the system: arrays of many megabytes leave holes that it would keep.

    Of use after a step that made many; where the C library has no malloc_trim (musl) nothing happens.
    """
    found = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if found is not None:
        found(0)
