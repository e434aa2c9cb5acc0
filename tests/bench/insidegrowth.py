"""Run by tests/bench/growth.py: processor time of a traversal, in a process that does nothing else."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from gdbext.store import home

home.activate()

from gdbext.analysis.heap import flow, histogram  # noqa: E402  found only now
from gdbext.session import Session  # noqa: E402
from gdbext.target import opening  # noqa: E402

spent = [0.0]
follow = flow.flow


def timed(*asked: Any) -> flow.Flowed:
    before = time.process_time()
    found = follow(*asked)
    spent[0] = time.process_time() - before
    return found


flow.flow = timed
session = Session(opening.open_pid(int(sys.argv[1])))
objects = session.histogram.total(histogram.LIVE).objects
print(json.dumps({"objects": objects, "follow": spent[0], "whole": time.process_time()}))
