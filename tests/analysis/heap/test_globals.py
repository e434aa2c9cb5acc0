"""Variables by address, of a program and of a plugin that lie apart; their symbol tables are made by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gdbext.analysis.heap.globals import Globals, said
from gdbext.binary.elf import SYMBOL, Symbols
from gdbext.golang.plugins import Loaded, LoadedFiles

PROGRAM, PLUGIN = 0, 0x7F0000000000


def loaded(bias: int, plugin: str, *variables: tuple[int, int]) -> Loaded:
    """A file with variables of 16 bytes, called by single letters: (place of the letter in the names, address)."""
    rows = np.array([(name, 0x11, 0, 3, at, 16) for name, at in variables], SYMBOL)
    binary: Any = SimpleNamespace(symbols=Symbols(rows, b"\0a\0b\0c\0"))
    low = bias + 0x2000
    module: Any = SimpleNamespace(
        text=bias + 0x1000, etext=low, noptrdata=low, ebss=low + 0x800, enoptrbss=low + 0x1000
    )
    return Loaded(module, binary, bias, plugin)


def found() -> Globals:
    files = loaded(PROGRAM, "", (1, 0x2000), (3, 0x2010)), loaded(PLUGIN, "part.so", (5, 0x2000))
    return Globals.of(LoadedFiles(files))


@pytest.mark.parametrize(
    ("address", "name", "offset", "plugin"),
    [(0x2000, "a", 0, ""), (0x2018, "b", 8, ""), (PLUGIN + 0x2008, "c", 8, "part.so")],
)
def test_the_variable_at_an_address(address: int, name: str, offset: int, plugin: str) -> None:
    one = found().at(address)
    assert one is not None
    assert (one.name, one.offset, one.file.plugin) == (name, offset, plugin)


@pytest.mark.parametrize("address", [0, 0x2020, PLUGIN + 0x2010, PLUGIN + 0x9000, 1 << 63])
def test_no_variable(address: int) -> None:
    assert found().at(address) is None


def test_numbers_name_the_variables_of_all_files() -> None:
    known = found()
    addresses = np.array([0x2000, PLUGIN + 0x200F, 0x2030, 0x2010, PLUGIN + 0x2010], np.uint64)
    numbers = known.numbers(addresses).tolist()
    assert [known.name(one) if one >= 0 else "" for one in numbers] == ["a", "c of plugin part.so", "", "b", ""]


def test_nothing_is_said_of_what_has_no_name() -> None:
    assert said("", "part.so") == ""
