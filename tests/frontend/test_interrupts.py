"""Ctrl-C in the middle of an answer, in every host: nothing follows, the next command answers, GDB lives."""

from __future__ import annotations

import signal

import pytest

from tests import programs, tools
from tests.bench import interrupts

SOON = 5.0
"""Seconds, on a machine that others keep busy; tests/bench/interrupts.py says how soon on a quiet one."""
OUTPUT = -20_000.0
"""The answer has begun."""


@pytest.fixture(scope="module")
def many() -> programs.Core:
    return programs.core(programs.build("scale", "1.27.3"), f"gcore-{tools.gdbs()[-1]}", "-contexts", "200000")


@pytest.mark.parametrize("moment", [interrupts.SEARCHING, OUTPUT], ids=["searching", "writing"])
@pytest.mark.parametrize("front", [*interrupts.every_host()], ids=lambda front: front.name)
def test_it_is_interrupted(front: interrupts.Host, many: programs.Core, moment: float) -> None:
    if isinstance(front, interrupts.Editor):
        moment = interrupts.SEARCHING  # an editor gets the answer as a whole
    done = interrupts.interrupted(front, many, "go-ctxtree --json", moment)
    assert done.said == "interrupted" and done.seconds is not None and done.seconds < SOON
    if isinstance(front, interrupts.Plain):  # Python itself ends by the signal where it came to code made from a string
        assert done.status in (130, -signal.SIGINT)
    else:
        assert done.status == 0
