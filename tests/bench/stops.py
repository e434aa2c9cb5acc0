"""For how long a process of 1.2 GB stands still while it is copied, by its own heart: the longest gap between beats."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator, Mapping

from tests import hosts, tools
from tests.bench.measure import once
from tests.bench.rounds import Bench, Line
from tests.programs import Running

FLAGS = ("-gc=false", "-contexts", "-1", "-goroutines", "-1", "-ballast", "1200000000")
LIVE_SECONDS, SNAPSHOT_SECONDS = 0.6, 1.0
IDLE_SECONDS = 2.0
COMMAND = "go-histogram"


def stops(bench: Bench, running: Running) -> Iterator[Line]:
    """``live``, and ``--snapshot`` in each GDB, which attaches for that and reads symbols: all of it is in the gap."""
    rounds = [dict(_round(bench, running)) for _ in range(bench.times + 1)][1:]
    for name, limit in rounds[0]:
        yield Line(name, statistics.median(one[name, limit] for one in rounds), "s", limit)


def _round(bench: Bench, running: Running) -> Iterator[tuple[tuple[str, float | None], float]]:
    running.beats()
    time.sleep(IDLE_SECONDS)
    yield ("nothing: the longest gap", None), running.beats()["longest_gap_ns"] / 1e9
    line = [sys.executable, "-m", "gdbext", "live", str(running.pid), COMMAND]
    yield ("live PID: the longest gap", LIVE_SECONDS), _gap(bench, running, "live", line, hosts.environment(None))
    for gdb in tools.gdbs():
        asked = ["-ex", f"{COMMAND} --snapshot"]
        line = [gdb.path, *hosts.BEFORE, *hosts.place(running), *hosts.LOAD, *asked]
        name = f"--snapshot in GDB {gdb}: the longest gap", SNAPSHOT_SECONDS
        yield name, _gap(bench, running, f"snapshot-{gdb}", line, hosts.environment(gdb))


def _gap(bench: Bench, running: Running, name: str, line: list[str], env: Mapping[str, str]) -> float:
    running.beats()
    once(line, bench.out / f"{name}.txt", env)
    return float(running.beats()["longest_gap_ns"]) / 1e9
