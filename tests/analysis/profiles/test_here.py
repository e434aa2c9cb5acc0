"""A profile's places in a made program: moved, of another build, of nobody knows which."""

from __future__ import annotations

import pytest

from gdbext.analysis.profiles.here import Here
from gdbext.analysis.profiles.profile import Line, Location, Mapping
from tests.analysis.profiles.madecalls import program
from tests.golang.madecode import TEXT, Code

MAKES = Line("main.makes", "main.go", 50)


class Told:
    """What a profile says of files."""

    def __init__(self, build_id: str = "", start: int = TEXT, offset: int = 0) -> None:
        self.mappings = {1: Mapping(start, start + 0x9000, offset, "/bin/made", build_id)}


@pytest.fixture
def code() -> Code:
    return program()


def here(code: Code, told: Told, *places: Location) -> Here:
    return Here.of(told, places, code.world.program, code.symtab())  # type: ignore[arg-type]


def at(code: Code, offset: int = 0x14, moved: int = 0, line: Line = MAKES) -> Location:
    return Location(code.pc("main.makes", offset) + moved, 1, (line,))


def test_a_profile_of_this_program(code: Code) -> None:
    one, other = at(code), at(code, 0x34)
    found = here(code, Told(), one, other)
    assert (found.build.same, found.build.agree, found.build.of) == (True, 2, 2)
    assert found.address(one) == one.address and [frame.function for frame in found.frames(one)] == ["main.makes"]
    assert found.check(one).verified and found.check(other).why.startswith("calls runtime.throw")


@pytest.mark.parametrize("offset", [0, 0x2000])
def test_code_that_lay_somewhere_else(code: Code, offset: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A position-independent program's mapping is of a part of the file, one of ours is of the code alone."""
    if offset:
        monkeypatch.setattr(code.world.binary, "loads", lambda: [(TEXT, 0x9000, 0x2000, 0x9000)])
    one = at(code, moved=0x7000_0000)
    found = here(code, Told(start=TEXT + 0x7000_0000, offset=offset), one)
    assert found.build.same and found.shift == {1: -0x7000_0000}
    assert found.address(one) == code.pc("main.makes", 0x14) and found.check(one).verified


def test_another_build_by_its_id(code: Code, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code.world.binary, "build_id", "ab")
    one = at(code)
    assert here(code, Told("ab"), one).build.same is True
    found = here(code, Told("cd"), one)
    assert found.build.same is False and found.address(one) is None and found.frames(one) == []
    assert found.check(one).why == "another build"


def test_another_build_by_functions_and_lines(code: Code) -> None:
    one, other = at(code, line=Line("main.makes", "main.go", 51)), at(code, 0x24)
    assert here(code, Told(), one).build.same is False
    found = here(code, Told(), one, other)
    assert found.build.same is None
    assert found.check(one).why == "main.makes is there" and found.check(other).verified


def test_what_names_no_address_or_no_function(code: Code) -> None:
    nowhere, silent = Location(0, 0, (MAKES,)), Location(code.pc("main.makes", 0x14), 1, ())
    found = here(code, Told(), nowhere, silent, Location(0x99, 9, (MAKES,)))
    assert found.check(nowhere).why == "the profile names no address" and found.frames(nowhere) == []
    found = here(code, Told(), silent)
    assert found.build.same is None and found.check(silent).verified
    assert here(code, Told()).build.same is None


def test_addresses_out_of_this_world(code: Code) -> None:
    one = Location((1 << 64) - 1, 1, ())
    assert here(code, Told(), one).check(one).why == "no Go function is there"
