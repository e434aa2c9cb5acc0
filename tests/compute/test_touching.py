"""Memory that is touched while something else is done."""

from __future__ import annotations

import ctypes
import mmap

import pytest

from gdbext.compute import touching
from gdbext.compute.ownpages import PAGE, host_of
from gdbext.compute.touching import Touching

SIZE = 64 * PAGE


def pages_there(buffer: mmap.mmap) -> int:
    """By mincore(2): the mapping that smaps shows may be that of neighbours as well."""
    there = (ctypes.c_ubyte * -(-len(buffer) // PAGE))()
    asked = ctypes.c_void_p(host_of(buffer)), ctypes.c_size_t(len(buffer)), there
    assert ctypes.CDLL(None, use_errno=True).mincore(*asked) == 0
    return sum(one & 1 for one in there)


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(touching, "PIECE", 4 * PAGE)


def test_all_of_it_is_there_at_the_end() -> None:
    made = Touching(SIZE)
    made.finish(SIZE)
    assert pages_there(made.buffer) == 64


def test_what_is_not_wanted_need_not_be() -> None:
    made = Touching(SIZE)
    made.finish(10 * PAGE)
    assert pages_there(made.buffer) >= 10


def test_a_kernel_that_cannot_touch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(touching, "touch", lambda *_: False)
    made = Touching(SIZE + 5)
    made.finish(SIZE + 5)
    assert pages_there(made.buffer) == 65


def test_stopped_twice_and_after_the_end_it_is_over() -> None:
    made = Touching(SIZE)
    made.finish(SIZE)
    made.stop()
    Touching(SIZE).stop()
