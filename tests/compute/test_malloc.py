"""Holes between arrays are given back."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gdbext.compute import malloc


def resident() -> int:
    """Anonymous bytes of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("RssAnon:"))


def test_holes_are_given_back() -> None:
    arrays = [np.ones(100_000, np.uint8) for _ in range(600)]  # too small for pages of their own
    del arrays[:-1]
    before = resident()
    malloc.trim()
    assert before - resident() > 40_000_000
    assert arrays[0].all()
