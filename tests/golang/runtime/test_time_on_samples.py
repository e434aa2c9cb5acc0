"""Processors' timers, against the timers and the deadlines that a sample made."""

from __future__ import annotations

from gdbext.golang.runtime import time
from gdbext.session import Session
from gdbext.target.opening import open_core
from tests import tools
from tests.programs import build, core

ARGS = ("-seed", "3", "-many", "200")


def test_running_and_stopped_ones(go: str) -> None:
    taken = core(build("cancels", go), f"gcore-{tools.gdbs()[-1]}", *ARGS)
    session = Session(open_core(str(taken.exe), str(taken.path)))
    try:
        found = time.heaps(session.program)
        held = session.proof.closure >= 0
    finally:
        session.close()
    records = taken.truth.facts["contexts"]
    running = sum(one["kind"] == "*context.timerCtx" for one in records)
    running += sum(one["place"] in ("timer", "timer nobody has", "deferred, sleeps") for one in records)
    assert found.broken == 0 and held.any()
    assert int((~found.stopped).sum()) >= running
    stopped = sum(one["place"] == "timer that was stopped" for one in records)
    assert stopped and 0 < int(found.stopped.sum()) <= stopped + 2
