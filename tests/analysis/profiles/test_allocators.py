"""Calls into the allocator, and what only looks like one, in code written by hand."""

from __future__ import annotations

import pytest

from gdbext.analysis.profiles.allocators import Allocators
from tests.analysis.profiles.madecalls import program
from tests.golang.madecode import Code


@pytest.fixture
def code() -> Code:
    return program()


@pytest.mark.parametrize(
    ("offset", "chain"),
    [
        (0x15, ["runtime.newobject", "runtime.mallocgc"]),
        (0x25, ["runtime.concatstrings", "runtime.newobject", "runtime.mallocgc"]),
    ],
)
def test_calls_into_the_allocator(code: Code, offset: int, chain: list[str]) -> None:
    after = code.pc("main.makes", offset)
    found = Allocators(code.world.program, code.symtab()).check(after)
    assert found.verified and found.call == after - 5 and list(found.chain) == chain


@pytest.mark.parametrize(
    ("offset", "why"),
    [
        (0x35, "calls runtime.throw, which is not seen to allocate"),
        (0x45, "no call of a Go function is there"),
        (0x50, "no direct call is there"),
        (0x02, "no direct call is there"),
        (0x16, "no direct call is there"),
    ],
)
def test_what_is_none(code: Code, offset: int, why: str) -> None:
    """A function of the program's own is not gone through: runtime.throw calls main.other, and that allocates."""
    found = Allocators(code.world.program, code.symtab()).check(code.pc("main.makes", offset))
    assert (found.verified, found.why, found.chain) == (False, why, ())


def test_in_the_allocator_itself(code: Code) -> None:
    """Where a stack is the runtime's alone nothing of it is left out."""
    found = Allocators(code.world.program, code.symtab()).check(code.pc("runtime.mallocgc", 1))
    assert (found.verified, found.call, found.chain) == (True, None, ("runtime.mallocgc",))


def test_where_nothing_can_be_read(code: Code) -> None:
    allocators = Allocators(code.world.program, code.symtab())
    assert allocators.check(0x1234).why == "no Go function is there"
    code.world.target.memory.regions = code.world.target.memory.regions[:-1]
    assert allocators.check(code.pc("main.makes", 0x15)).why == "its code cannot be read"


def test_the_runtimes_code_that_was_inlined(code: Code) -> None:
    """Where it was inlined at there is no call, and that is what a profile has."""
    allocators = Allocators(code.world.program, code.symtab())
    found = allocators.check(code.pc("main.inlines", 0x20))
    assert found.verified and found.call == code.pc("main.inlines", 0x28)
    assert list(found.chain) == ["runtime.helper", "runtime.newobject", "runtime.mallocgc"]
    assert allocators.check(code.pc("main.inlines", 0x50)).why == "no direct call is there"
    assert allocators.check(code.pc("main.inlines", 0x2D)).chain[0] == "runtime.newobject"
