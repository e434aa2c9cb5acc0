"""Whether time grows with the heap and no faster; and processor time against the collector's own for the same heap.

Processes of samples/scale of several sizes, read without a debugger. Processor time is that of the traversal alone, of
all threads; the collector's is what GODEBUG=gctrace=1 prints of the cheaper of the last two collections: assists,
workers, idle workers. (It prints how long workers were at work: more than they had of a processor that others share.)
"""

from __future__ import annotations

import json
import re
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

from gdbext.compute.freememory import free_memory
from tests import hosts
from tests.bench.heaps import LISTS
from tests.bench.measure import Failed, once
from tests.bench.rounds import NO_INDEX, TIMES, Bench, Line
from tests.programs import Program, Running, run

MEGABYTES = (100, 300, 1200, 4000)
WHOLE = dict(zip(LISTS.flags[::2], map(int, LISTS.flags[1::2]), strict=True))
"""Of 1200."""
BESIDE = 3
"""Times the heap: what there has to be of memory for the process and a copy."""
OVER_COLLECTOR = 2.0
MORE_EACH = 1.35
"""Processor time for an object, against that of 300 MB: the processor's caches hold less of a larger heap."""
TRACE = re.compile(rb"^gc \d+ .* ms clock, [\d.]+\+([\d.]+)/([\d.]+)/([\d.]+)\+[\d.]+ ms cpu,", re.MULTILINE)
COLLECTED = 2
"""The sample collects twice when all is made."""
INSIDE = Path(__file__).with_name("insidegrowth.py")


@frozen
class Growth:
    """``seconds`` of processor time for so many ``objects``: ours to follow them, ours for all of the answer, Go's."""

    objects: int
    follow: float
    whole: float
    collector: float


def growth(bench: Bench, program: Program) -> Iterator[Line]:
    """Sizes one after the other; a size that this machine has no memory for is left out, and said to be."""
    found: dict[int, Growth] = {}
    for size in MEGABYTES:
        if free_memory() < BESIDE * size * 1_000_000:
            yield Line(f"{size:,} MB: left out, no memory for it here", 0.0)
            continue
        found[size] = one = _measured(bench, program, size)
        yield Line(f"{size:,} MB, {one.objects:,} objects: following them, processor time", one.follow)
        yield Line(f"{size:,} MB: go-histogram, all of it, processor time", one.whole)
        yield Line(f"{size:,} MB: Go's own mark, processor time", one.collector)
        yield Line(f"{size:,} MB: following / Go's own", one.follow / one.collector, TIMES, OVER_COLLECTOR)
    base = found[MEGABYTES[1]]
    for size, one in found.items():
        if size > MEGABYTES[1]:
            more = (one.follow / one.objects) / (base.follow / base.objects)
            yield Line(f"processor time for an object, {size:,} MB / {MEGABYTES[1]} MB", more, TIMES, MORE_EACH)


def _measured(bench: Bench, program: Program, size: int) -> Growth:
    flags = [word for name, many in WHOLE.items() for word in (name, str(many * size // MEGABYTES[2]))]
    said = bench.out / "gctrace.txt"
    with said.open("wb") as trace, run(program, *flags, env={"GODEBUG": "gctrace=1"}, stderr=trace.fileno()) as running:
        runs = [_once(bench, running) for _ in range(bench.times + 1)][1:]
    lines = TRACE.findall(said.read_bytes())
    if not lines:
        raise Failed("no collection was traced")
    collector = min(sum(map(float, line)) for line in lines[-COLLECTED:]) / 1000
    follow, whole = (statistics.median(one[name] for one in runs) for name in ("follow", "whole"))
    return Growth(int(runs[0]["objects"]), follow, whole, collector)


def _once(bench: Bench, running: Running) -> dict[str, float]:
    out = bench.out / "growth.txt"
    once([sys.executable, str(INSIDE), str(running.pid)], out, {**hosts.environment(None), **NO_INDEX})
    measured: dict[str, float] = json.loads(out.read_text())
    return measured


__all__ = ["growth"]
