"""Sourced by GDB in a test: 2,000 rounds of go-goroutine H and off; prints the shortest select, and how GDB grew."""

from __future__ import annotations

import time
from pathlib import Path

import gdb


def anonymous() -> int:
    """GDB's own RssAnon in kB."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("RssAnon"))
    return int(line.split()[1])


def seconds(goid: int) -> float:
    start = time.process_time()
    gdb.execute(f"go-goroutine {goid}", to_string=True)
    taken = time.process_time() - start
    gdb.execute("go-goroutine off", to_string=True)
    return taken


def run(goid: int) -> str:
    for _ in range(500):
        seconds(goid)
    before = anonymous()
    taken = min(seconds(goid) for _ in range(2_000))
    return f"{taken:.6f} {anonymous() - before}\n"


gdb.write(run(H))  # type: ignore[name-defined]  # noqa: F821
