"""go-ctxleaks: whole processes against grf (goref), its passes and the dominators of --verdict against the first mark,
memory; and whether all that grows with the heap and no faster."""

from __future__ import annotations

import json
import shutil
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

from gdbext.compute.freememory import free_memory
from tests import hosts, tools
from tests.bench.growth import BESIDE, MEGABYTES, WHOLE
from tests.bench.measure import once
from tests.bench.rounds import NO_INDEX, TIMES, Bench, Line, rival
from tests.programs import Core, Program, core

GRF_OVER_OURS = 20.0
PASSES_OVER_MARK, DOMINATORS_OVER_MARK = 1.5, 4.0
VERDICTS_OVER_HEAP, DOMINATORS_OVER_HEAP = 0.7, 1.5
MORE_EACH = 1.35
"""Time for an object, against that of 300 MB: the processor's caches hold less of a larger heap."""
INSIDE = Path(__file__).with_name("insideleaks.py")


def leaks(bench: Bench, taken: Core) -> Iterator[Line]:
    """Of one heap."""
    first = bench.plain("ctxleaks-first", taken, "go-ctxleaks", **NO_INDEX)
    again = bench.plain("ctxleaks", taken, "go-ctxleaks")
    tree = bench.plain("ctxtree-verdict", taken, "go-ctxtree", "--verdict", **NO_INDEX)
    inside = _inside(bench, taken)
    yield Line("go-ctxleaks, all of it, of a core that nobody has read before", first.seconds)
    yield Line("go-ctxleaks, all of it, of a core that is known", again.seconds)
    yield Line("go-ctxtree --verdict, all of it", tree.seconds)
    yield from _passes(inside)
    size = inside["bytes"]
    yield Line("go-ctxleaks: RssAnon / heap", first.anonymous / size, TIMES, VERDICTS_OVER_HEAP)
    yield Line("go-ctxtree --verdict: RssAnon / heap", tree.anonymous / size, TIMES, DOMINATORS_OVER_HEAP)
    yield from _rival(bench, taken, {"first": first.seconds, "known": again.seconds})


def _passes(inside: dict[str, float]) -> Iterator[Line]:
    mark = inside["mark"]
    yield Line("following the heap's pointers", mark)
    yield Line("searching contexts", inside["contexts"])
    yield Line("shortest paths", inside["paths"])
    yield Line("all passes of the proof, and what sets keep", inside["passes"])
    yield Line("passes / mark", inside["passes"] / mark, TIMES, PASSES_OVER_MARK)
    yield Line("contexts by the thousand", inside["piles"])
    yield Line("what each context retains", inside["retained"])
    yield Line("what each retains / mark", inside["retained"] / mark, TIMES, DOMINATORS_OVER_MARK)


def _rival(bench: Bench, taken: Core, ours: dict[str, float]) -> Iterator[Line]:
    took = rival(bench, "grf", "core", str(taken.exe), str(taken.path), "-o", str(bench.out / "grf.out"))
    yield Line("grf core, one run" if took else "grf: not on PATH, not measured", took)
    if took:
        yield Line("grf / go-ctxleaks of a core that nobody has read before", took / ours["first"], TIMES)
        yield Line("grf / go-ctxleaks", took / ours["known"], TIMES, GRF_OVER_OURS, at_least=True)


def growing(bench: Bench, program: Program) -> Iterator[Line]:
    """Heaps of several sizes, one after the other; one that there is no memory for is left out, and said to be."""
    found: dict[int, dict[str, float]] = {}
    for size in MEGABYTES:
        if free_memory() < BESIDE * size * 1_000_000:
            yield Line(f"{size:,} MB: left out, no memory for it here", 0.0)
            continue
        found[size] = one = _of_size(bench, program, size)
        title = f"{size:,} MB, {one['objects']:,.0f} objects, {one['lost']:,.0f} lost"
        yield Line(f"{title}: passes of the proof", one["passes"])
        yield Line(f"{size:,} MB: passes / mark", one["passes"] / one["mark"], TIMES, PASSES_OVER_MARK)
        yield Line(f"{size:,} MB: what each retains / mark", one["retained"] / one["mark"], TIMES, DOMINATORS_OVER_MARK)
    base = found[MEGABYTES[1]]
    for size, one in ((size, one) for size, one in found.items() if size > MEGABYTES[1]):
        for what in ("passes", "retained"):
            more = one[what] / one["objects"] / (base[what] / base["objects"])
            yield Line(f"{what}: time for an object, {size:,} MB / {MEGABYTES[1]} MB", more, TIMES, MORE_EACH)


def _of_size(bench: Bench, program: Program, size: int) -> dict[str, float]:
    flags = [word for name, many in WHOLE.items() for word in (name, str(many * size // MEGABYTES[2]))]
    taken = core(program, f"gcore-{tools.gdbs()[-1]}", *flags)
    try:
        return _inside(bench, taken)
    finally:
        shutil.rmtree(taken.path.parent)


def _inside(bench: Bench, taken: Core) -> dict[str, float]:
    """Medians, after one run that warms up."""
    runs = [_once(bench, taken) for _ in range(bench.times + 1)][1:]
    return {name: statistics.median(one[name] for one in runs) for name in runs[0]}


def _once(bench: Bench, taken: Core) -> dict[str, float]:
    out = bench.out / "insideleaks.txt"
    once([sys.executable, str(INSIDE), str(taken.exe), str(taken.path)], out, {**hosts.environment(None), **NO_INDEX})
    measured: dict[str, float] = json.loads(out.read_text())
    return measured


__all__ = ["growing", "leaks"]
