"""Who waits on semaphores, against what the sample's own stacks say."""

from __future__ import annotations

from gdbext.golang.runtime import sema
from gdbext.session import Session
from gdbext.target.opening import open_core
from tests import tools
from tests.programs import build, core

REASONS = {"sync.Mutex.Lock", "sync.RWMutex.Lock", "sync.RWMutex.RLock", "sync.WaitGroup.Wait", "semacquire"}


def test_everyone_that_waits_on_one(go: str) -> None:
    taken = core(build("goroutines", go), f"gcore-{tools.gdbs()[-1]}")
    session = Session(open_core(str(taken.exe), str(taken.path)))
    try:
        found = sema.waiters(session.program)
        goroutines = session.goroutines
        goid = dict(zip(goroutines.address.tolist(), goroutines.goid.tolist(), strict=True))
        waiting = {goid[g] for g in found.g.tolist()}
        inside = session.heap.ids(found.address)
    finally:
        session.close()
    said = {one.goid for one in taken.truth.goroutines.values() if one.state in REASONS}
    assert said and waiting >= said
    assert found.broken == 0 and (found.address != 0).all() and (inside >= 0).any()
