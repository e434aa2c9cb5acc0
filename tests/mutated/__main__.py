"""``python -m tests.mutated --runs 5000 --seed 1``: prints each fault as a line of JSON, and a table at the end."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence

from attrs import asdict

from tests import programs, tools
from tests.mutated.places import Healthy
from tests.mutated.runs import COMMANDS, Outcome, in_child, in_gdb, load

SAMPLES = ("ctxforest", "goroutines", "memory", "cancels")
GOS = ("1.27.3", "1.21.13")


def main(words: Sequence[str]) -> int:
    """Exit status 1 where there was a fault."""
    asked = _parse(words)
    cores = [
        Healthy.of(programs.core(programs.build(sample, go), f"gcore-{tools.gdbs()[-1]}"))
        for sample in asked.samples
        for go in asked.gos
    ]
    load()
    run = in_gdb(tools.gdb_named(asked.gdb)) if asked.gdb else in_child
    began, done = time.monotonic(), []
    for number in range(asked.first, asked.first + asked.runs):
        done.append(run(cores[number % len(cores)], f"{asked.seed}/{number}", asked.commands))
        for fault in done[-1].faults:
            print(json.dumps(asdict(fault)), flush=True)
    print(json.dumps(_table(done, time.monotonic() - began)))
    return int(any(one.faults for one in done))


def _parse(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.mutated", description=__doc__)
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--first", type=int, default=0, help="the number of the first run: the same seed, run alone")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--commands", type=int, default=len(COMMANDS), help="how many commands each run is asked")
    parser.add_argument("--gdb", default="", help="in this GDB instead of a child of ours: 18.1")
    parser.add_argument("--samples", nargs="+", default=SAMPLES)
    parser.add_argument("--gos", nargs="+", default=GOS)
    return parser.parse_args(words)


def _table(done: Sequence[Outcome], seconds: float) -> dict[str, object]:
    return {
        "runs": len(done),
        "faults": sum(len(one.faults) for one in done),
        "answered": sum(one.answered for one in done),
        "refused": sum(one.refused for one in done),
        "seconds": round(seconds, 1),
        "slowest run": round(max((one.seconds for one in done), default=0.0), 2),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
