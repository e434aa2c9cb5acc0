"""Run by tests/bench/leaks.py: how long the passes of the proof take beside the first mark, in a process for itself."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from gdbext.store import home

home.activate()

from gdbext.analysis.heap import flow  # noqa: E402  found only now
from gdbext.session import Session  # noqa: E402
from gdbext.target import opening  # noqa: E402

PASSES = ("maybe_live", "proof", "verdicts", "kept", "leaks")
"""What go-ctxleaks makes after the mark and the search for contexts."""
spent = {"mark": 0.0}
follow = flow.flow


def timed(*asked: Any) -> flow.Flowed:
    before = time.perf_counter()
    found = follow(*asked)
    spent["mark"] = time.perf_counter() - before
    return found


def took(session: Session, *engines: str) -> float:
    """Seconds that it takes to make engines of a session."""
    before = time.perf_counter()
    for name in engines:
        getattr(session, name)
    return time.perf_counter() - before


flow.flow = timed
session = Session(opening.open_core(*sys.argv[1:3]))
took(session, "live", "roots", "specials", "lookup")
spent["contexts"] = took(session, "contexts", "waiting")
spent["paths"] = took(session, "paths")
spent["passes"] = took(session, *PASSES)
spent["piles"] = took(session, "piles")
spent["retained"] = took(session, "judged")
totals = session.leaks.totals
print(json.dumps({**spent, "objects": session.leaks.all.objects, "bytes": session.leaks.all.bytes,
                  "lost": totals["lost"].contexts}))  # fmt: skip
