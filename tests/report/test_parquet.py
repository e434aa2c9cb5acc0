"""Tables as pyarrow reads them back."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
from hypothesis import given, strategies as st

from gdbext.compute.control import CONTROL
from gdbext.errors import GdbextError
from gdbext.report import parquet
from gdbext.report.parquet import Masked, Texts


def piece(numbers: list[int]) -> parquet.Piece:
    values = np.array(numbers, np.int64)
    return {
        "number": values,
        "flag": values > 0,
        "perhaps": Masked(values.astype(np.int32), values % 2 == 0),
        "text": Texts(np.where(values > 1, -1, 0), [f"{len(numbers)}"]),
    }


@given(st.lists(st.lists(st.integers(-9, 9), max_size=5), min_size=1, max_size=4))
def test_what_was_written_is_read(tmp_path: Path, numbers: list[list[int]]) -> None:
    path = tmp_path / "x.parquet"
    path.unlink(missing_ok=True)
    every = [one for some in numbers for one in some]
    assert parquet.write(path, map(piece, numbers)) == len(every)
    found = pyarrow.parquet.read_table(path).to_pydict()
    assert found == {
        "number": every,
        "flag": [one > 0 for one in every],
        "perhaps": [one if one % 2 == 0 else None for one in every],
        "text": [None if one > 1 else str(len(some)) for some in numbers for one in some],
    }
    assert path.stat().st_mode & 0o777 == 0o600


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    texts = ["\udc80", "\x1b[2J\n\u202e"]
    parquet.write(tmp_path / "x", [{"text": Texts(np.array([0, 1]), texts)}])
    assert pyarrow.parquet.read_table(tmp_path / "x").to_pydict() == {"text": ["\\udc80", "\x1b[2J\n\u202e"]}


def test_addresses_take_little_room(tmp_path: Path) -> None:
    parquet.write(tmp_path / "x", [{"address": np.arange(0xC000000000, 0xC000000000 + 48 * 100_000, 48)}])
    assert (tmp_path / "x").stat().st_size < 10_000


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("mine")
    with pytest.raises(FileExistsError):
        parquet.write(tmp_path / "x", [piece([1])])
    assert (tmp_path / "x").read_text() == "mine"


def test_an_interrupt_comes_between_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def struck() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(CONTROL, "check", struck)
    with pytest.raises(KeyboardInterrupt):
        parquet.write(tmp_path / "x", [piece([1])])


def test_without_pyarrow_a_line_says_what_to_fetch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(GdbextError) as raised:
        parquet.library()
    assert str(raised.value) == "parquet files need pyarrow; ./install.sh --with parquet"
