"""Which process a heap is of, by what stands in its memory."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from attrs import evolve

from gdbext.analysis.dumps.moment import Moment, difference, start_of
from gdbext.errors import MemoryFault, MissingSymbol
from tests.analysis.dumps.madedumps import MOMENT


def program(**symbols: int | None) -> Any:
    """One with these variables, each 8 bytes; None: it cannot be read."""
    names = {name.replace("_", ".", 1): value for name, value in symbols.items()}

    def symbol(name: str) -> int:
        if name not in names:
            raise MissingSymbol(name)
        return [*names].index(name)

    def read(address: int, size: int) -> bytes:
        value = [*names.values()][address]
        if value is None:
            raise MemoryFault(address, size)
        return value.to_bytes(size, "little")

    return SimpleNamespace(symbol=symbol, read=read)


def test_when_it_began() -> None:
    assert start_of(program(time_startNano=5, runtime_runtimeInitTime=3)) == 5
    assert start_of(program(runtime_runtimeInitTime=3)) == 3, "a program without package time"
    assert start_of(program(time_startNano=None, runtime_runtimeInitTime=3)) == 3
    assert start_of(program()) == 0


def test_the_same_process_however_it_is_looked_at() -> None:
    """A core's pid may be another namespace's; the file may lie elsewhere, and be stripped."""
    other = evolve(MOMENT, kind="live", exe="/tmp/server", pid=1, sweepgen=90, stable=False)
    assert difference(MOMENT, other) == difference(other, MOMENT) == ""


@pytest.mark.parametrize("change", [{"start": 9}, {"text": 9}, {"build_id": "x"}, {"arch": "arm64"}])
def test_another_process(change: dict[str, Any]) -> None:
    assert difference(MOMENT, evolve(MOMENT, **change)) and difference(evolve(MOMENT, **change), MOMENT)


def test_which_is_older() -> None:
    """The count of collections runs over."""

    def at(sweepgen: int) -> Moment:
        return evolve(MOMENT, sweepgen=sweepgen)

    assert at(10).older(at(12)) and not at(12).older(at(10)) and not at(10).older(at(10))
    assert at((1 << 32) - 2).older(at(2))
