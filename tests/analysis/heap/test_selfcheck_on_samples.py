"""The heap's spans and the runtime's counters of a program that allocates, frees and collects all the time."""

from __future__ import annotations

import pytest

from gdbext.session import Session
from gdbext.target import opening
from tests import tools
from tests.programs import build, core, run

LOOKS = 5


def test_on_a_program_that_runs(go: str) -> None:
    with run(build("churn", go)) as running:
        for _ in range(LOOKS):
            session = Session(opening.open_pid(running.pid))
            assert session.heap_check == []
            session.close()


@pytest.mark.parametrize("maker", ["kernel", f"gcore-{tools.gdbs()[-1]}"])
def test_wherever_it_is_stopped(go: str, maker: str) -> None:
    taken = core(build("churn", go), maker)
    session = Session(opening.open_core(str(taken.exe), str(taken.path)))
    assert session.heap_check == []
    session.close()
