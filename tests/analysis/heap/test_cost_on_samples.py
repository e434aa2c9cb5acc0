"""What was expected of memory against what a pass really had, in a process that does nothing else."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests import hosts
from tests.programs import build, run
from tests.waiting import HANG_SECONDS

SIZES = ("-contexts", "100000", "-ballast", "60000000", "-chain", "50000")
CODE = """
import json, sys, threading
from gdbext.analysis.heap import cost
from gdbext.analysis.heap.index import SWITCH
from gdbext.session import Session
from gdbext.target import opening

def anonymous():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) << 10 for line in file if line.startswith("RssAnon:"))

def during(work):
    most, done = [anonymous()], threading.Event()
    def look():
        while not done.wait(0.002):
            most[0] = max(most[0], anonymous())
    looking, before = threading.Thread(target=look), most[0]
    looking.start()
    made = work()
    done.set()
    looking.join()
    return max(most[0], anonymous()) - before, made

session = Session(opening.open_pid(int(sys.argv[1])))
for name in ("heap", "type_table", "roots"):
    getattr(session, name)
found = {}
for name, expected, work in (
    ("live", cost.following(session.heap), lambda: session.live),
    ("paths", cost.searching(session.heap), lambda: session.paths.parents),
):
    took, kept = during(work)
    found[name] = [took, expected.bytes, expected.objects]
print(json.dumps(found))
"""


@pytest.mark.parametrize("name", ["live", "paths"])
def test_no_more_memory_than_was_said(go: str, name: str) -> None:
    with run(build("scale", go), *SIZES) as running:
        line = [sys.executable, "-c", CODE, str(running.pid)]
        done = subprocess.run(line, capture_output=True, timeout=HANG_SECONDS, env=hosts.environment(None), check=True)
    took, expected, objects = json.loads(done.stdout)[name]
    assert objects > 500_000
    assert 4 * objects < took <= expected
