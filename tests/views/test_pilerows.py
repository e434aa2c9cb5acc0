"""What is said of contexts that are there by the thousand, from made records, letter by letter."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from gdbext.analysis.heap.marking import Count
from gdbext.analysis.heap.rootnames import RootName
from gdbext.analysis.leaks.holding import Holder
from gdbext.analysis.leaks.piles import Crowd, Pile
from gdbext.analysis.leaks.sites import NO_SITE
from gdbext.analysis.leaks.verdicts import CANCELLED, HELD
from gdbext.golang.runtime.symtab import Location
from gdbext.views.pilerows import PILE, Row, examples, said, sentence

CONTEXTS: Any = SimpleNamespace(
    address=np.array([0xC000010000, 0xC000010050], np.uint64),
    kind=np.zeros(2, np.uint8),
    types=SimpleNamespace(kinds=[SimpleNamespace(name="*context.cancelCtx")]),
)
MEMBERS = np.zeros(1500, np.int64)
ONE = MEMBERS[:1]


def pile(verdict: int, root: RootName | None, members: Any = MEMBERS) -> Row:
    return Row(Pile(verdict, 0, None, root, members, Count(1500, 120000)), NO_SITE, CONTEXTS)


def crowd(members: Any = MEMBERS) -> Row:
    holder = Holder("frame", function="main.main", goid=1)
    place = Location("main.serve", "/src/main.go", 12)
    return Row(Crowd(1, holder, members, place, Count(3000, 96000), 3 << 20), None, CONTEXTS)


def test_nothing_is_said_of_none() -> None:
    assert sentence([]) == "" and list(examples([])) == []


def test_the_first_is_named_and_others_are_counted() -> None:
    held = pile(HELD, RootName("bss", "main.registry"))
    assert sentence([held]) == (
        " Suspicious, if not meant: 1,500 contexts that are held are there by way of main.registry."
    )
    assert sentence([pile(CANCELLED, None), held]) == (
        " Suspicious, if not meant: 1,500 contexts that were cancelled are there by way of something without a name,"
        " and 1 more pile."
    )
    assert sentence([crowd(), held, held]) == (
        " Suspicious, if not meant: 1,500 goroutines wait for 0xc000010050 and nothing else,"
        " which goroutine 1, main.main can cancel, and 2 more piles."
    )


def test_of_one() -> None:
    assert said(pile(HELD, None, ONE)) == "1 context that is held is there by way of something without a name"
    assert said(pile(CANCELLED, None, ONE)).startswith("1 context that was cancelled is there by way of ")
    assert said(crowd(ONE)).startswith("1 goroutine waits for 0xc000010050 and nothing else, which ")


def test_as_json() -> None:
    """Without the cells' own kinds."""
    found = {key: getattr(value, "text", value) for key, value in PILE.object(crowd()).items()}
    wanted = "what", "count", "holder", "goid", "site", "stack", "sampled", "suspected"
    assert [found[key] for key in wanted] == [
        *("waiting", 1500, "goroutine 1, main.main", 1, "main.serve at /src/main.go:12"),
        *([], None, True),
    ]
    assert PILE.object(pile(HELD, None))["holder"] is None
