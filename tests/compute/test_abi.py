"""The check of how compiled loops are handed their arguments finds what is handed wrongly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gdbext.commands import doctor
from gdbext.compute import abi, signatures, warm
from gdbext.errors import GdbextError


def test_the_numba_at_hand_is_fine() -> None:
    assert abi.difference() == ""


def turned(array: Any) -> list[Any]:
    """A plane with its columns for rows."""
    return [None, None, array.size, array.itemsize, array.ctypes.data, *reversed(array.shape), *array.strides]


def shorter(array: Any) -> list[Any]:
    return [None, None, array.size, array.itemsize, array.ctypes.data, *(n - 1 for n in array.shape), *array.strides]


@pytest.mark.parametrize("way", [turned, shorter])
def test_what_is_handed_wrongly_is_found(way: Callable[[Any], list[Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signatures, "_flat", way)
    said = abi.difference()
    assert said.startswith("compiled loops are not handed what they are given: ")
    with pytest.raises(GdbextError, match="compiled loops are not handed"):
        doctor._loops(None)  # type: ignore[arg-type]


def test_the_installer_says_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(signatures, "_flat", shorter)
    assert warm.main() == 1
    assert capsys.readouterr().err.startswith("gdbext: compiled loops are not handed what they are given")
