"""What there is more of by contexts that are alike, on made dumps."""

from __future__ import annotations

from attrs import evolve

from gdbext.analysis.dumps.growth import Growth
from gdbext.analysis.dumps.growthgroups import Fate, Fated, GroupGrowth, fates, groups
from gdbext.analysis.heap.histogram import Count
from gdbext.analysis.leaks.groups import VARIOUS
from gdbext.analysis.leaks.verdicts import MANY
from tests.analysis.dumps.madedumps import HEAP, TYPES, Context, Span, dump, live, site

ORDER = live(TYPES[0])
KIND = "*context.cancelCtx"
SLOTS = [HEAP + 96 * one for one in range(40)]
SPAN = Span(96, [ORDER] * 40)
ROOT = 0x600000
"""A context that is a variable: no heap object."""


def with_root(count: int, **more: str) -> list[Context]:
    return [Context(address, above=ROOT, **more) for address in SLOTS[:count]]


def test_those_that_end_with_one_context() -> None:
    stack = site("context.withCancel", "context.WithCancel", "main.serve")
    before = dump(SPAN, contexts=[Context(ROOT), *with_root(10, verdict="lost")])
    samples = [(SLOTS[11], 5, stack), (SLOTS[2], 6, site("main.other"))]
    more = [(SLOTS[12], 5, stack)]
    after = dump(SPAN, contexts=[Context(ROOT), *with_root(13, verdict="lost")], samples=[*samples, *more])
    grown, root = groups(Growth.of(before, after))
    assert grown == GroupGrowth("lost", KIND, ROOT, None, Count(10, 960), Count(13, 1248), 10, SLOTS[10], 3, stack[2:])
    assert root == GroupGrowth("held", KIND, 0, None, Count(1, 0), Count(1, 0), 1, ROOT, 0, ())


def test_what_few_end_with_is_not_told_apart_unless_they_become_many() -> None:
    few = [Context(SLOTS[20 + at], above=SLOTS[30 + at]) for at in range(3)]
    before = dump(SPAN, contexts=[*few, *with_root(2)])
    after = dump(SPAN, contexts=[*few, *with_root(MANY)])
    rows = {row.above: (row.before.objects, row.after.objects) for row in groups(Growth.of(before, after))}
    assert rows == {ROOT: (2, MANY), VARIOUS: (3, 3)}
    rows = {row.above: (row.before.objects, row.after.objects) for row in groups(Growth.of(before, before))}
    assert rows == {VARIOUS: (5, 5)}


def test_kinds_keys_and_verdicts_tell_them_apart() -> None:
    kinds = [Context(SLOTS[0], key="a"), Context(SLOTS[1], key="b"), Context(SLOTS[2], kind="*context.timerCtx")]
    before, after = dump(SPAN, contexts=kinds), dump(SPAN, contexts=[Context(SLOTS[0], "lost", key="a"), *kinds[1:]])
    rows = {(row.verdict, row.kind, row.key): row for row in groups(Growth.of(before, after))}
    counts = {key: (row.before.objects, row.after.objects, row.same) for key, row in rows.items()}
    assert counts == {
        ("lost", KIND, "a"): (0, 1, 1),
        ("held", KIND, "a"): (1, 0, 0),
        ("held", KIND, "b"): (1, 1, 1),
        ("held", "*context.timerCtx", None): (1, 1, 1),
    }
    assert rows["held", KIND, "a"].example == SLOTS[0]


def test_another_kind_at_the_same_address_is_another_context() -> None:
    before, after = (dump(SPAN, contexts=[Context(SLOTS[0], kind=kind)]) for kind in (KIND, "*context.timerCtx"))
    assert [row.same for row in groups(Growth.of(before, after))] == [0, 0]


def test_where_one_has_too_many_keys_neither_has_any() -> None:
    before, after = dump(SPAN, contexts=[Context(SLOTS[0], key="a")]), dump(SPAN, contexts=[Context(SLOTS[0])])
    after = evolve(after, contexts=evolve(after.contexts, keyed=False))
    (row,) = groups(Growth.of(before, after))
    assert (row.key, row.before.objects, row.after.objects) == (None, 1, 1)


def test_no_contexts() -> None:
    assert groups(Growth.of(dump(), dump())) == []


def test_what_lost_contexts_keep() -> None:
    before = dump(SPAN, contexts=with_root(2, verdict="lost"), kept={"lost": (4, 400)})
    after = dump(SPAN, contexts=with_root(3, verdict="orphaned"), kept={"orphaned": (9, 900)})
    none = Fated(0, Count(0, 0))
    lost, orphaned, until = fates(Growth.of(before, after))
    assert lost == Fate("lost", Fated(2, Count(4, 400)), none)
    assert orphaned == Fate("orphaned", none, Fated(3, Count(9, 900))) and until.verdict == "until-deadline"
    unproved = evolve(before, contexts=evolve(before.contexts, kept=before.contexts.kept[:0]))
    assert fates(Growth.of(unproved, after)) == []
