"""What go-goroutine costs: selecting, and GDB's own bt and stepi while nothing is selected."""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Iterator
from pathlib import Path

from tests import hosts
from tests.bench.measure import Failed, once
from tests.bench.rounds import TIMES, Bench, Line
from tests.programs import Running

INSIDE = Path(__file__).with_name("insideframes.py")
MAIN = 1
"""The main goroutine's number; that of the sample is parked."""
SELECT_SECONDS = 0.05
AS_FAST = 1.1
"""Of two medians that should be the same; a tenth is noise here."""


def frames(bench: Bench, running: Running) -> Iterator[Line]:
    """One process, in turns with and without the extension; with it a goroutine was selected once and left."""
    rounds = [(_measured(bench, running, 0), _measured(bench, running, MAIN)) for _ in range(bench.times)]
    for name in ("bt", "stepi"):
        without, with_us = (statistics.median(pair[i][name] for pair in rounds) for i in (0, 1))
        yield Line(f"{name} of a live process", without * 1000, "ms")
        yield Line(f"{name} with the extension, nothing selected", with_us * 1000, "ms")
        yield Line(f"{name}: with / without", with_us / without, TIMES, AS_FAST)
    select = statistics.median(pair[1]["go-goroutine"] for pair in rounds)
    yield Line("go-goroutine N, warm", select, "s", SELECT_SECONDS)


def _measured(bench: Bench, running: Running, goid: int) -> dict[str, float]:
    ours = ["-x", str(hosts.INIT), "-ex", f"go-goroutine {goid}", "-ex", "go-goroutine off"] if goid else []
    line = [bench.gdb.path, *hosts.BEFORE, "-p", str(running.pid), *ours, "-ex", f"python GOID = {goid}"]
    out = bench.out / "frames.txt"
    once([*line, "-x", str(INSIDE), "-ex", "detach"], out, hosts.environment(bench.gdb))
    found = re.search(r"^MEASURED (.*)$", out.read_text(errors="replace"), re.MULTILINE)
    if not found:
        raise Failed(f"GDB measured nothing: {out.with_suffix('.err').read_text(errors='replace')[-500:]}")
    measured: dict[str, float] = json.loads(found[1])
    return measured
