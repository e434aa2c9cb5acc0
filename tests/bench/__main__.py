"""How fast, on programs of a real size: ``python -m tests.bench``. Ratios of one run, medians, everything warm.

Builds samples, takes cores (1.2 GB of heap with 1.6 million contexts; 100,000 goroutines; 20 million objects),
measures, prints a table and deletes the cores. Status 1 when a promise was not kept.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tabulate import tabulate

from tests import tools
from tests.bench import delve, heap, heaps, leaks, pages, retained, rounds
from tests.bench.frames import frames
from tests.bench.growth import growth
from tests.bench.heaps import Heap
from tests.bench.stops import FLAGS, stops
from tests.programs import Core, build, core, run

HEADERS = ("", "measured", "promised", "")
ROUNDS = (
    *("load", "contexts", "chain", "children", "goroutines", "stacks", "chains", "heap", "heaplists", "heaptypes"),
    *("retained", "rpc", "family", "leaks", "leakslists", "frames", "stops", "growth", "leaksgrowth", "pages"),
)
MEASURES = {
    "contexts": rounds.contexts,
    "chain": rounds.lines,
    "children": rounds.lines,
    "goroutines": rounds.goroutines,
    "stacks": rounds.stacks,
    "chains": rounds.chains,
    "heap": heap.heap,
    "heaplists": heap.heap,
    "heaptypes": heap.heap,
    "retained": retained.retained,
    "leaks": leaks.leaks,
    "leakslists": leaks.leaks,
    "rpc": delve.rpc,
    "family": delve.family,
}

LAID_OUT = {
    "heap": heaps.LEAKED,
    "heaplists": heaps.LISTS,
    "heaptypes": heaps.TYPES,
    "retained": heaps.LISTS,
    "leaks": heaps.LEAKED,
    "leakslists": heaps.LISTS,
    "rpc": Heap("scale", delve.LARGE),
    "family": Heap("scale", delve.MANY),
}
"""What is made for a round, whatever else is asked for."""


def main() -> int:
    args = _arguments()
    bench = rounds.Bench(tools.gdb_named(args.gdb) if args.gdb else tools.gdbs()[0], args.runs, args.out)
    args.out.mkdir(parents=True, exist_ok=True)
    machine = f"{platform.machine()}, {os.cpu_count()} processors"
    print(f"{machine}, Go {args.go}, GDB {bench.gdb}, medians of {args.runs} runs")
    lines: list[rounds.Line] = []
    for name in args.only or ROUNDS:
        lines += _round(name, bench, args)
    if args.json:
        numbers = [{"what": line.what, "value": line.value, "unit": line.unit} for line in lines]
        args.json.write_text(json.dumps(numbers))
    return 0 if all(line.kept is not False for line in lines) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--go", default=tools.EVERY_GO[-1], help="Go release of the samples")
    parser.add_argument("--gdb", default="", help="version of the GDB; default: the first of the list")
    parser.add_argument("--runs", type=int, default=5, help="runs of each command, after one that warms up")
    parser.add_argument("--contexts", type=int, default=1_600_000)
    parser.add_argument("--ballast", type=int, default=900_000_000, help="bytes of other objects beside the contexts")
    parser.add_argument("--goroutines", type=int, default=100_000)
    parser.add_argument("--lines", type=int, default=1_000_000, help="contexts of one chain, and of one family")
    parser.add_argument("--core", default="", help="who takes the cores; default: the last GDB of the list")
    parser.add_argument("--only", action="append", choices=ROUNDS, help="this round; may be given twice")
    parser.add_argument("--keep", action="store_true", help="keep the cores for the next time")
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / f"gdbext-bench-{os.getuid()}")
    parser.add_argument("--json", type=Path, help="write the numbers there too")
    return parser.parse_args()


def _round(name: str, bench: rounds.Bench, args: argparse.Namespace) -> list[rounds.Line]:
    if name == "load":
        return _shown("loading", rounds.loading(bench))
    if name == "frames":
        with run(build("scale", args.go), "-contexts", "1000", "-goroutines", "1000") as running:
            return _shown("a live process with 1,000 goroutines", frames(bench, running))
    if name == "growth":
        return _shown("heaps of several sizes", growth(bench, build("scale", args.go)))
    if name == "leaksgrowth":
        return _shown("proofs of heaps of several sizes", leaks.growing(bench, build("scale", args.go)))
    if name == "stops":
        with run(build("churn", args.go), *FLAGS) as running:
            return _shown("a live process of 1.2 GB, with a heart", stops(bench, running))
    if name == "pages":
        with run(build("pairs", args.go), *pages.FLAGS) as running:
            return _shown("a live process with 500,000 lost contexts", pages.pages(bench, running))
    with _core(args, _made_for(name, args)) as taken:
        return _shown(f"{name}: {_title(taken)}", MEASURES[name](bench, taken))


def _title(taken: Core) -> str:
    """What its program says of itself."""
    facts, size = taken.truth.facts, taken.path.stat().st_blocks * 512 / 1e6
    heap_ = f"{facts['memstats']['HeapObjects']:,} objects"
    if "contexts" in facts:
        goroutines = facts["goroutines"] + facts["waiters"] + len(facts["holders"] or [])
        heap_ += f", {facts['contexts']:,} contexts, {goroutines:,} goroutines"
    return f"{heap_}, core of {size:,.0f} MB on disk"


def _made_for(name: str, args: argparse.Namespace) -> Heap:
    """What is to be made for a round."""
    if name == "contexts":
        return Heap("scale", ("-contexts", str(args.contexts), "-ballast", str(args.ballast)))
    if name in LAID_OUT:
        return LAID_OUT[name]
    what = {"chain": "-chain", "children": "-children", "chains": "-holders"}.get(name, "-goroutines")
    many = args.lines if name in ("chain", "children") else args.goroutines
    return Heap("scale", ("-contexts", "1000", what, str(many)))


@contextlib.contextmanager
def _core(args: argparse.Namespace, made: Heap) -> Iterator[Core]:
    taken = core(build(made.sample, args.go), args.core or f"gcore-{tools.gdbs()[-1]}", *made.flags)
    try:
        yield taken
    finally:
        if not args.keep:
            shutil.rmtree(taken.path.parent)


def _shown(title: str, lines: Iterator[rounds.Line]) -> list[rounds.Line]:
    taken: list[rounds.Line] = []
    try:
        taken.extend(lines)
    except tools.MissingTool as missing:
        print(f"not measured: {missing}", file=sys.stderr)
    marks = {None: "", True: "kept", False: "NOT KEPT"}
    rows = [(line.what, _number(line), _promise(line), marks[line.kept]) for line in taken]
    print(f"\n{title}\n" + tabulate(rows, HEADERS, colalign=("left", "right", "right", "left")))
    return taken


def _number(line: rounds.Line) -> str:
    return f"{line.value:,.{0 if line.unit in ('MB', 'stacks') else 2}f} {line.unit}"


def _promise(line: rounds.Line) -> str:
    if line.limit is None:
        return ""
    return f"{'≥' if line.at_least else '≤'} {line.limit:g} {line.unit}"


if __name__ == "__main__":
    raise SystemExit(main())
