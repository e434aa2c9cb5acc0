"""The heap by type against other readers of the same core, found on PATH: grf (goref) and viewcore."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from tests import hosts
from tests.bench.measure import once
from tests.bench.rounds import NO_INDEX, TIMES, Bench, Line
from tests.programs import Core

FLAGS = ("-contexts", "500000", "-ballast", "1065500000", "-chain", "866000", "-goroutines", "1000")
"""17.5 million objects in 1.2 GB."""
GRF_OVER_OURS, VIEWCORE_OVER_OURS = 50.0, 4.0
REOPENED_SECONDS = 1.0
TYPED_OVER_BARE = 1.6
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
    yield from _rival(bench, core, "grf", ["core", str(core.exe), str(core.path), "-o", str(bench.out / "grf.out")],
                      ours.seconds, GRF_OVER_OURS)  # fmt: skip
    yield from _rival(bench, core, "viewcore", [str(core.path), "--exe", str(core.exe), "histogram"],
                      ours.seconds, VIEWCORE_OVER_OURS)  # fmt: skip


def _traversal(bench: Bench, core: Core) -> Iterator[Line]:
    """What types cost: processor time of one thread, with them and without."""
    line = ["taskset", "-c", str(_processor()), sys.executable, str(INSIDE), str(core.exe), str(core.path)]
    once([*line, str(bench.times)], bench.out / "traversal.txt", hosts.environment(None))
    typed, bare = json.loads((bench.out / "traversal.txt").read_text().splitlines()[-1])
    yield Line("following the heap's pointers with types, processor time", typed)
    yield Line("that / a mark without types", typed / bare, TIMES, TYPED_OVER_BARE)


def _processor() -> int:
    return min(os.sched_getaffinity(0))


def _rival(bench: Bench, core: Core, name: str, words: list[str], ours: float, limit: float) -> Iterator[Line]:
    """One run of a rival: it takes minutes. Where it is missing that is said, and the rest measured."""
    program = shutil.which(name)
    if program is None:
        yield Line(f"{name}: not on PATH, not measured", 0.0)
        return
    took = once([program, *words], bench.out / f"{name}.txt", dict(os.environ)).seconds
    yield Line(f"{name}, one run", took)
    yield Line(f"{name} / go-histogram in gdb", took / ours, TIMES, limit, at_least=True)
