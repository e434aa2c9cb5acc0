"""A second look at a core has what the first one found, and says the same of each object."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from gdbext.analysis.heap.index import Index
from gdbext.golang.types.flat.names import Name
from gdbext.session import Session
from gdbext.target import opening
from tests.programs import Core, build, core


def look(exe: Path, path: Path, folder: Path) -> Session:
    session = Session(opening.open_core(str(exe), str(path)))
    session.__dict__["index"] = Index(session.target, folder, least=0)
    return session


@pytest.fixture(scope="module")
def taken(go: str) -> Core:
    return core(build("heap", go), "kernel")


def named(session: Session) -> dict[int, Name]:
    return dict(session.live.table.names)


def test_a_second_look(taken: Core, tmp_path: Path) -> None:
    first, second = (look(taken.exe, taken.path, tmp_path) for _ in range(2))
    assert first.live.closures.size and first.live.stacked.size and first.paths.parents.any()
    first.keep()
    assert np.array_equal(second.live.state, first.live.state)
    assert not second.made("roots"), "it was followed again"
    assert named(second) == named(first) and second.heap_notes == first.heap_notes
    assert np.array_equal(second.paths.parents, first.paths.parents)
    assert second.histogram.counts.tolist() == first.histogram.counts.tolist()
    assert np.array_equal(second.with_garbage.state, first.with_garbage.state)
    first.close()
    second.close()


def test_a_byte_that_changed_in_a_copy(taken: Core, tmp_path: Path) -> None:
    first = look(taken.exe, taken.path, tmp_path / "kept")
    address = int(first.live.laid.heap.addresses(first.heap.objects()[:1])[0])
    image = first.target.memory.whole()
    assert image is not None
    offset = image.host(address, 1) - image.owners[0].ctypes.data  # type: ignore[attr-defined]
    _ = first.live
    first.keep()
    first.close()
    copy = tmp_path / "core"
    shutil.copyfile(taken.path, copy)
    with copy.open("r+b") as file:
        file.seek(offset)
        old = file.read(1)
        file.seek(offset)
        file.write(bytes([old[0] ^ 1]))
    second = look(taken.exe, copy, tmp_path / "kept")
    _ = second.live
    assert second.made("roots"), "what was kept of another core was believed"
    second.close()
