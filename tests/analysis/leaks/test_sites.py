"""Who made most contexts of a group, by their stacks."""

from __future__ import annotations

from gdbext.analysis.leaks.sites import commonest
from gdbext.golang.runtime.symtab import Location

MAIN, HANDLER, ROUTER, ONCE = (Location(f"main.{name}", "main.go", 7) for name in ("main", "serve", "route", "once"))


def test_the_place_that_made_most_comes_before_a_stack_that_is_frequent() -> None:
    stacks = [(HANDLER, MAIN), (ONCE, MAIN), (HANDLER, ROUTER, MAIN), (HANDLER, ROUTER)]
    assert commonest(stacks, [2, 3, 3, 1]) == ((HANDLER, ROUTER, MAIN), 1)


def test_one_stack() -> None:
    assert commonest([[HANDLER, MAIN]], [85]) == ((HANDLER, MAIN), 0)


def test_stacks_that_cannot_be_read_have_no_place() -> None:
    assert commonest([(), ()], [1, 2]) == ((), 0)
    assert commonest([(), (MAIN,)], [1, 2]) == ((MAIN,), 1)
