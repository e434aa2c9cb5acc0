"""Roots against the pointer words that the runtime itself dumped, of globals and of frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pytest

from gdbext.golang.runtime import mgcmark
from gdbext.golang.runtime.mgcmark import BSS, DATA, STACK, Roots
from tests import heaps, programs
from tests.heapdump import Fields, Frame
from tests.heaps import DumpedHeap


@pytest.fixture(scope="module", params=heaps.places())
def maker(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def dumped(go: str, maker: str) -> Iterator[DumpedHeap]:
    with heaps.dumped(programs.build("heap", go), maker) as found:
        yield found


@pytest.fixture(scope="module")
def roots(dumped: DumpedHeap) -> Roots:
    return mgcmark.roots(dumped.session.program, dumped.session.goroutines)


def words(dumped: DumpedHeap, parts: Iterable[Fields | Frame]) -> dict[int, int]:
    """What the pointer words of the dump hold now, but for those that hold nothing."""
    program = dumped.session.program
    found: dict[int, int] = {}
    for part in parts:
        size = len(part.data) // 8 * 8
        memory = np.frombuffer(program.read(part.address, size) if size else b"", "<u8")
        found |= {part.address + offset: int(memory[offset // 8]) for offset in part.offsets}
    return {where: value for where, value in found.items() if value}


def of_kind(roots: Roots, *kinds: int) -> dict[int, int]:
    mask = np.isin(roots.kind, kinds)
    return dict(zip(roots.where[mask].tolist(), roots.value[mask].tolist(), strict=True))


@pytest.mark.parametrize("kind", [DATA, BSS])
def test_globals(dumped: DumpedHeap, roots: Roots, kind: int) -> None:
    assert of_kind(roots, kind) == words(dumped, dumped.dump.data if kind == DATA else dumped.dump.bss)


def test_frames(dumped: DumpedHeap, roots: Roots) -> None:
    """All words of frames; besides them the variables on the stack that live pointers reach, which are not dumped.

    The runtime's own goroutines wake now and then: they are left out.
    """
    goroutines = dumped.session.goroutines
    parked = {goroutine.goid: goroutine.frames for goroutine in dumped.dump.goroutines if not goroutine.system}
    parked.pop(dumped.truth.reporter)
    rows = {goid: row for row, goid in enumerate(goroutines.goid.tolist())}
    assert parked.keys() <= rows.keys()
    mask = roots.kind == STACK
    for goid, frames in parked.items():
        mine = mask & (roots.owner == rows[goid])
        found = dict(zip(roots.where[mine].tolist(), roots.value[mine].tolist(), strict=True))
        theirs = words(dumped, frames)
        assert theirs.items() <= found.items(), goid
        assert set(found) - set(theirs) <= within(frames), goid


def within(frames: Iterable[Frame]) -> set[int]:
    """The addresses of the words of the frames."""
    return {frame.address + at for frame in frames for at in range(0, len(frame.data), 8)}
