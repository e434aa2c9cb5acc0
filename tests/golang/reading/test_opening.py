"""Symbols come from the file, or from code where it has none; until one is asked for, nothing is searched."""

from __future__ import annotations

import pytest

from gdbext.errors import MissingSymbol
from gdbext.golang.reading.opening import open_program
from gdbext.golang.reading.stripped import StrippedSymbols
from gdbext.golang.reading.symbols import ElfSymbols, NoSymbols
from tests.synthetic import World


def test_a_program_with_symbols_is_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    monkeypatch.setattr(world.target, "bias", 0x1000)
    program = open_program(world.target)
    assert isinstance(program.symbols, ElfSymbols)
    assert program.symbol("runtime.itabTable") == world.symbols["runtime.itabTable"] + 0x1000
    with pytest.raises(MissingSymbol, match=r"runtime\.nothing"):
        program.symbol("runtime.nothing")
    assert world.target.memory.reads == 0


def test_a_program_without_is_searched_when_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    monkeypatch.setattr(world.binary, "has_symbols", False)
    program = open_program(world.target)
    assert isinstance(program.symbols, StrippedSymbols) and world.target.memory.reads == 0


def test_the_search_asks_no_symbol_table() -> None:
    world = World()
    search = StrippedSymbols(world.target)
    assert isinstance(search.program.symbols, NoSymbols)
    with pytest.raises(MissingSymbol, match=r"runtime\.itabTable"):
        search.program.symbol("runtime.itabTable")
