"""Memory that is touched while something else is done."""

from __future__ import annotations

import pytest

from gdbext.compute import touching
from gdbext.compute.ownpages import PAGE, host_of
from gdbext.compute.touching import Touching
from tests.compute.test_ownpages import pages_there

SIZE = 64 * PAGE


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(touching, "PIECE", 4 * PAGE)


def test_all_of_it_is_there_at_the_end() -> None:
    made = Touching(SIZE)
    made.finish(SIZE)
    assert pages_there(host_of(made.buffer)) == 64


def test_what_is_not_wanted_need_not_be() -> None:
    made = Touching(SIZE)
    made.finish(10 * PAGE)
    assert pages_there(host_of(made.buffer)) >= 10


def test_a_kernel_that_cannot_touch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(touching, "touch", lambda *_: False)
    made = Touching(SIZE + 5)
    made.finish(SIZE + 5)
    assert pages_there(host_of(made.buffer)) == 65


def test_stopped_twice_and_after_the_end_it_is_over() -> None:
    made = Touching(SIZE)
    made.finish(SIZE)
    made.stop()
    Touching(SIZE).stop()
