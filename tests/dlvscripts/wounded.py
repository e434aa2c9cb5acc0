"""Our commands in Delve on cores whose bytes were changed on purpose (tests/mutated): never a traceback, a hang, a dead
Delve. ``python -m tests.dlvscripts.wounded RUNS SEED [FIRST]`` runs more of them than the test does."""

from __future__ import annotations

import re
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests import programs, tools
from tests.dlvscripts import delve
from tests.mutated.places import Healthy
from tests.mutated.runs import written
from tests.mutated.wounds import wounds

LINES = ("go-goroutines --all", "go-goroutines --group stack", "go-ctxtree", "go-ctxtree --json", "go-ctxchain all")
OURS = re.compile(
    r"unpack|NoneType|out of range|not in dict|unhandled|unknown (binary|unary)|no \.?\w+ (field|attribute)|has no"
    r"|invalid (slice|call)|panic|goroutine \d+ \[running|frozen|undefined|not iterable|accepts"
)
"""What only a fault of ours makes Starlark or Delve say."""


SECONDS = 120
"""Of processor time for all lines on one core; a healthy one takes about one."""


def faults(go: str, runs: int, seed: str, first: int = 0) -> Iterator[str]:
    """What went wrong in some runs, told with the wounds."""
    taken = programs.core(programs.build("ctxforest", go), f"gcore-{tools.gdbs()[-1]}")
    healthy = Healthy.of(taken)
    with tempfile.TemporaryDirectory(prefix="gdbext-wounded-") as folder:
        for number in range(first, first + runs):
            made = wounds(healthy, f"{seed}/{number}")
            path = Path(folder, "core")
            written(made, path)
            if what := wrong(str(taken.exe), str(path)):
                yield f"{seed}/{number} {made.story}: {what}"


def wrong(exe: str, path: str) -> str:
    """What went wrong on one core, "" for nothing. Delve refuses some of them itself."""
    with delve.started(["core", exe, path], LINES, "exit") as process:
        resource.prlimit(process.pid, resource.RLIMIT_CPU, (SECONDS, SECONDS))
        text = delve.until(process, None).decode(errors="replace")
        status = process.wait()
    if status and delve.MARK not in text:
        return "" if "panic" not in text else text[-2000:]
    answers = text.split(f"{delve.MARK}\n")[1:-1]
    if status or len(answers) != len(LINES):
        return f"status {status}, {len(answers)} answers: {text[-2000:]}"
    for line, answer in zip(LINES, answers, strict=True):
        told = [each for each in answer.splitlines() if each.startswith("/") and OURS.search(each)]
        hidden = [letter for letter in answer if letter not in "\n\t" and not letter.isprintable()]
        if told or hidden:
            return f"{line}: {told or hidden}"
    return ""


def main() -> None:
    began = time.monotonic()
    for fault in faults("1.27.3", int(sys.argv[1]), sys.argv[2], int((*sys.argv[3:], "0")[0])):
        print(fault, flush=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{time.monotonic() - began:.0f} s, at most {used.ru_maxrss >> 10} MB")


if __name__ == "__main__":
    main()
