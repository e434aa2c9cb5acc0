"""Collections as they end, of a program whose counters are made up."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gdbext.analysis.memory import gcwatch
from gdbext.errors import UnsupportedTarget
from gdbext.golang.runtime import mgc
from gdbext.golang.runtime.mstats import Pauses

PROGRAM: Any = None


def state(ended: int) -> Any:
    ring = np.arange(256, dtype=np.uint64)
    return SimpleNamespace(ended=ended, pauses=Pauses(ring, ring + np.uint64(1000), ended))


def counting(monkeypatch: pytest.MonkeyPatch, *looks: int) -> None:
    """What each look finds: how many collections have ended. After the last one the process is gone."""
    left, seen = list(looks), [0]

    def ended(program: Any) -> int:
        if not left:
            raise UnsupportedTarget("process 7 has ended")
        seen[0] = left.pop(0)
        return seen[0]

    monkeypatch.setattr(mgc, "ended", ended)
    monkeypatch.setattr(mgc, "collector", lambda program: state(seen[0]))
    monkeypatch.setattr(gcwatch, "LOOK_SECONDS", 0)


def test_each_one_is_told_and_the_last_with_its_state(monkeypatch: pytest.MonkeyPatch) -> None:
    counting(monkeypatch, 5, 5, 6, 6, 9)
    seen = list(gcwatch.collections(PROGRAM, 4, None))
    assert [(one.number, one.state is not None) for one in seen] == [(6, True), (7, False), (8, False), (9, True)]
    assert [one.pause for one in seen] == [(1005, 5), (1006, 6), (1007, 7), (1008, 8)]


def test_it_ends_in_the_middle(monkeypatch: pytest.MonkeyPatch) -> None:
    counting(monkeypatch, 5, 9)
    assert [one.number for one in gcwatch.collections(PROGRAM, 2, None)] == [6, 7]


def test_a_process_that_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    counting(monkeypatch, 5, 6)
    watched = gcwatch.collections(PROGRAM, None, None)
    assert next(watched).number == 6
    with pytest.raises(UnsupportedTarget, match="has ended"):
        next(watched)


def test_more_than_the_ring_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    found = gcwatch.fresh(state(1000), 3)
    assert len(found) == 256 and found[0].number == 745 and found[-1].number == 1000


def test_no_longer_than_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mgc, "ended", lambda program: 5)
    assert list(gcwatch.collections(PROGRAM, None, 0.05)) == []
