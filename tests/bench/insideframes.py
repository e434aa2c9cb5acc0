"""Sourced by GDB: medians of bt and stepi, and of go-goroutine where it is there, in seconds, as one line of JSON."""

from __future__ import annotations

import json
import statistics
import time

import gdb

TIMES = 300


def seconds(command: str) -> float:
    start = time.perf_counter()
    gdb.execute(command, to_string=True)
    return time.perf_counter() - start


def run() -> dict[str, float]:
    found = {name: statistics.median(seconds(name) for _ in range(TIMES)) for name in ("bt", "stepi")}
    if GOID:  # type: ignore[name-defined]  # noqa: F821
        selects = []
        for _ in range(TIMES):
            selects.append(seconds(f"go-goroutine {GOID}"))  # type: ignore[name-defined]  # noqa: F821
            seconds("go-goroutine off")
        found["go-goroutine"] = statistics.median(selects)
    return found


gdb.write(f"\nMEASURED {json.dumps(run())}\n")
