"""The heap by type against other readers of the same core, found on PATH: grf (goref) and viewcore."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tests import hosts
from tests.bench.measure import Failed, once
from tests.bench.rounds import NO_INDEX, TIMES, Bench, Line, rival
from tests.programs import Core

GRF_OVER_OURS, VIEWCORE_OVER_OURS = 50.0, 4.0
RIGHT = 0.95
"""The share of the reachable bytes from which on a rival's time is compared."""
REOPENED_SECONDS = 1.0
TYPED_OVER_BARE, ALL_OVER_ONE = 1.6, 0.6
INSIDE = Path(__file__).with_name("insideheap.py")


def heap(bench: Bench, core: Core) -> Iterator[Line]:
    """go-histogram with types, whole processes; what is kept of the core is used at the end only."""
    empty = bench.empty(core)
    ours = bench.ours("histogram", core, "go-histogram", **NO_INDEX)
    plain = bench.plain("histogram-plain", core, "go-histogram", **NO_INDEX)
    yield Line("gdb opens the core", empty.seconds)
    yield Line("go-histogram in gdb, all of it", ours.seconds)
    yield Line("go-histogram, no debugger", plain.seconds)
    yield Line("anonymous memory beyond gdb's", (ours.anonymous - empty.anonymous) / 1e6, "MB")
    if len(os.sched_getaffinity(0)) > 1:
        before = ["taskset", "-c", str(_processor())]
        one = bench.plain("histogram-one", core, "go-histogram", before=before, **NO_INDEX)
        yield Line("on one processor", one.seconds)
        yield Line("all / one", plain.seconds / one.seconds, TIMES)
    yield from _traversal(bench, core)
    again = bench.ours("histogram-again", core, "go-histogram")
    yield Line("go-histogram in gdb, of a core that is known", again.seconds, "s", REOPENED_SECONDS)
    yield from _grf(bench, core, ours.seconds)
    yield from _viewcore(bench, core, ours.seconds)


def _traversal(bench: Bench, core: Core) -> Iterator[Line]:
    """What types cost in one thread, and what several threads gain, with them and without."""
    typed, bare = _inside(bench, core, ["taskset", "-c", str(_processor())])
    yield Line("following the heap's pointers with types, one processor", typed)
    yield Line("that / a mark without types", typed / bare, TIMES, TYPED_OVER_BARE)
    if len(os.sched_getaffinity(0)) > 1:
        all_typed, all_bare = _inside(bench, core, [])
        yield Line("following with types, all processors / one", all_typed / typed, TIMES, ALL_OVER_ONE)
        yield Line("a mark without types, all processors / one", all_bare / bare, TIMES, ALL_OVER_ONE)


def _inside(bench: Bench, core: Core, before: list[str]) -> tuple[float, float]:
    """Seconds of the typed traversal and of a mark without types, run by ``before``."""
    line = [*before, sys.executable, str(INSIDE), str(core.exe), str(core.path), str(bench.times)]
    once(line, bench.out / "traversal.txt", hosts.environment(None))
    typed, bare = json.loads((bench.out / "traversal.txt").read_text().splitlines()[-1])
    return typed, bare


def _processor() -> int:
    return min(os.sched_getaffinity(0))


def _grf(bench: Bench, core: Core, ours: float) -> Iterator[Line]:
    took = rival(bench, "grf", "core", str(core.exe), str(core.path), "-o", str(bench.out / "grf.out"))
    yield Line("grf, one run" if took else "grf: not on PATH, not measured", took)
    if took:
        yield Line("grf / go-histogram in gdb", took / ours, TIMES, GRF_OVER_OURS, at_least=True)


def _viewcore(bench: Bench, core: Core, ours: float) -> Iterator[Line]:
    """Compared only where it is right: of swiss maps, Go 1.24's and newer, it loses what only they refer to."""
    took = rival(bench, "viewcore", str(core.path), "--exe", str(core.exe), "histogram")
    yield Line("viewcore, one run" if took else "viewcore: not on PATH, not measured", took)
    if not took:
        return
    sizes = re.findall(r"^ *\d+ +\d+ +(\d+) \S", (bench.out / "viewcore.txt").read_text(), re.MULTILINE)
    found = sum(map(int, sizes)) / reachable(bench, "histogram-plain")
    yield Line("bytes that viewcore finds / reachable", found, TIMES)
    if found >= RIGHT:
        yield Line("viewcore / go-histogram in gdb", took / ours, TIMES, VIEWCORE_OVER_OURS, at_least=True)


def reachable(bench: Bench, name: str) -> int:
    """Bytes, as go-histogram said in a run of that name."""
    match = re.search(r"([\d,]+) bytes reachable", (bench.out / f"{name}.txt").read_text())
    if not match:
        raise Failed("go-histogram does not say how many bytes are reachable")
    return int(match[1].replace(",", ""))
