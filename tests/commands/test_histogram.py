"""go-histogram without a program: which rows of its table a name means."""

from __future__ import annotations

import pytest

from gdbext.analysis.heap.histogram import Count, Entry
from gdbext.commands import histogram
from gdbext.errors import UsageError

ONE = Count(1, 112)
CERTAIN = Entry("main.S8", "example.com/main", 4, True, ONE, counted=(8,))
LIKELY = Entry("main.S8", "example.com/main", 4, False, ONE, counted=(9,))
ODD = Entry('struct { A int "\x1b" }', "", 5, True, ONE, counted=(10,))
PLAIN = Entry("", "", -1, False, ONE, 112, True, (20,))
POINTERS = Entry("", "", -1, False, ONE, 112, False, (21,))
LARGE = Entry("", "", -1, False, ONE, counted=(22,))
ALL = [CERTAIN, LIKELY, ODD, PLAIN, POINTERS, LARGE]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("main.S8", [CERTAIN, LIKELY]),
        ("example.com/main.S8", [CERTAIN, LIKELY]),
        ("main.S8 (likely)", [LIKELY]),
        ('struct { A int "\\x1b" }', [ODD]),
        ("(no type, 112 bytes, no pointers)", [PLAIN]),
        ("(no type, 112 bytes)", [POINTERS]),
        ("(no type, large)", [LARGE]),
    ],
)
def test_what_the_table_shows_is_a_name(name: str, meant: list[Entry]) -> None:
    assert histogram._named(ALL, name) == meant


@pytest.mark.parametrize("name", ["main.S9", "main.S8 (Likely)", "(no type, 113 bytes)"])
def test_what_it_does_not_show_is_none(name: str) -> None:
    with pytest.raises(UsageError, match="no object is known to be of type"):
        histogram._named(ALL, name)
