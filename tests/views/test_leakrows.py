"""The answer's sentence, from made records, letter by letter."""

from __future__ import annotations

from typing import Any, cast

import pytest
from attrs import evolve

from gdbext.analysis.contexts.contexts import NO_DEADLINE
from gdbext.analysis.heap.marking import Count
from gdbext.analysis.leaks.holding import NOBODY, Holder
from gdbext.analysis.leaks.leaks import KEYS, Leaks, Total
from gdbext.analysis.leaks.sites import NO_SITE, GroupSite
from gdbext.analysis.leaks.survivors import Survivor
from gdbext.golang.runtime.symtab import Location
from gdbext.views import leakrows

SECOND = 10**9
NOTHING = Total(0, Count(0, 0))


def leaks(**more: Any) -> Leaks:
    totals = {key: Total(more.pop(key, 0), Count(0, 0)) for key in KEYS}
    made = Leaks(
        doubts=(), all=Count(20, 1000), live=sum(total.contexts for total in totals.values()), totals=totals,
        unstoppable=NOTHING, piled=NOTHING, together=Count(0, 0), shared=0, bound=0, foremost=0, endless=0, maps=0,
        groups=None, sites=(), survivors=(), goids=(), latest=NO_DEADLINE, now=0,
    )  # fmt: skip  # type: ignore[arg-type]
    return evolve(made, **more)


def survivor(contexts: int, holder: Holder = NOBODY, address: int = 0xC000010000) -> Survivor:
    return Survivor(address, "*context.cancelCtx", contexts, holder)


def said(**more: Any) -> str:
    return leakrows.sentence(leaks(**more))


def test_nothing_is_live() -> None:
    assert said() == "No context is lost: the program has none that is live."


def test_nothing_is_lost() -> None:
    text = "context is lost: something in the program can still cancel each of the"
    assert said(held=2) == f"No {text} 2 live contexts."
    assert said(held=1) == f"No {text} 1 live context."
    assert said(held=2, doubts=("why",)) == f"As far as could be read no {text} 2 live contexts."


def test_one_context_ends_them() -> None:
    by = survivor(4000, Holder("frame", function="main.main", goid=1))
    assert said(lost=4000, bound=4000, together=Count(8, 320), survivors=(by,)) == (
        "4,000 contexts end only if 0xc000010000 is cancelled, which goroutine 1, main.main can do; "
        "they keep 320 of 1,000 bytes alive."
    )


def test_of_several_the_one_with_most_is_named() -> None:
    some = (survivor(3), survivor(1, address=0xC000020000))
    assert said(orphaned=4, bound=4, foremost=3, survivors=some) == (
        "4 contexts end only if one of 2 others is cancelled, 3 of them with 0xc000010000 (nobody); "
        "they keep 0 of 1,000 bytes alive."
    )


def test_those_that_a_deadline_ends_are_none_of_them() -> None:
    some = (survivor(9), survivor(1, address=0xC000020000))
    counted = {"lost": 3, "until_deadline": 7, "bound": 3, "survivors": some}
    assert said(**counted, foremost=2).startswith(
        "3 contexts end only if one of 2 others is cancelled, 2 of them with 0xc000010000 (nobody); 7 contexts end no"
    )
    assert said(**counted).startswith("3 contexts end only if one of 2 others is cancelled; 7 contexts end no")


def test_nothing_ends_it() -> None:
    assert said(lost=1, endless=1) == "1 context is never cancelled, for nothing can; it keeps 0 of 1,000 bytes alive."


def test_a_deadline_ends_them() -> None:
    text = said(until_deadline=2, latest=90 * SECOND, now=30 * SECOND, together=Count(2, 200))
    assert text == "2 contexts end no sooner than at a deadline, the last in 1m; they keep 200 of 1,000 bytes alive."


def test_doubts_make_a_suspicion() -> None:
    text = said(lost=1, endless=1, doubts=("a page is missing",))
    assert text.startswith("Suspected, not proved: 1 context is never cancelled")


def test_afterfuncs_that_pile_up_are_named_where_they_keep_more() -> None:
    piled = Total(30, Count(30, 600))
    assert said(held=1, piled=piled).endswith(
        " 30 AfterFuncs that nothing can stop wait for contexts that live on: 600 bytes."
    )
    text = said(lost=9, endless=9, together=Count(9, 999), piled=Total(1, Count(1, 10)))
    assert "AfterFunc" not in text


@pytest.mark.parametrize(("others", "made"), [(0, ""), (1, " and 1 other place"), (3, " and 3 other places")])
def test_other_places_that_made_some_are_counted(others: int, made: str) -> None:
    site = GroupSite(85, [Location("a.example/pkg.serve", "/src/pkg/serve.go", 7)], others)
    assert row(site).made == f"pkg.serve at serve.go:7{made}"
    assert row(NO_SITE).made == "not sampled"


def row(site: GroupSite) -> leakrows.Row:
    return leakrows.Row(cast(Any, None), site, cast(Any, None))
