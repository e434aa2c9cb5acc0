"""Goroutines by the number that somebody typed."""

from __future__ import annotations

import pytest

from gdbext.analysis.goroutines.numbered import find
from gdbext.errors import UsageError
from tests.analysis.goroutines.test_nativeframes import made


def test_goroutines_by_number() -> None:
    _, gs, stacks = made()
    gs.add(7, stacks.push("main.f"))
    gs.add(8, stacks.push("main.f"), atomicstatus=6)
    goroutines = gs.finish()
    assert find(goroutines, 7) == 0
    with pytest.raises(UsageError, match="goroutine 8 has ended; go-goroutines lists those there are"):
        find(goroutines, 8)
    with pytest.raises(UsageError, match="there is no goroutine 9; "):
        find(goroutines, 9)
