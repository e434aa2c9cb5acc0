"""How the forest folds, on made records: exact lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from gdbext.analysis.contexts.contexts import CANCELLED, LIVE, NO_DEADLINE, NO_KIND, Contexts
from gdbext.analysis.contexts.tree import Fold, Forest
from gdbext.golang.std.context import ContextTypes
from gdbext.golang.types.rtype import Itabs

NONE = np.zeros(0, np.uint64)
TYPES = ContextTypes.naming((), Itabs(NONE, NONE, NONE), (NONE, NONE), 0)
NAMES = "cvt"
C, V, T = range(3)


def made(
    parent: Sequence[int],
    kind: Sequence[int] = (),
    state: Sequence[int] = (),
    waits: Sequence[tuple[int, int]] = (),
    parent_kind: Sequence[int] = (),
    deadline: Sequence[int] = (),
) -> Contexts:
    n = len(parent)
    return Contexts(
        types=TYPES,
        address=np.arange(n, dtype=np.uint64) * np.uint64(64) + np.uint64(0xC000),
        kind=np.array(kind or [C] * n, np.uint8),
        parent=np.array(parent, np.int32),
        parent_kind=np.array(parent_kind or [NO_KIND] * n, np.uint8),
        registered_with=np.full(n, -1, np.int32),
        children=np.zeros(n, np.int32),
        listed=np.zeros(n, np.int32),
        state=np.array(state or [LIVE] * n, np.uint8),
        deadline=np.array(deadline or [NO_DEADLINE] * n, np.int64),
        waits=np.array(waits, np.int64).reshape(-1, 2),
    )


def lines(forest: Forest, unfolded: bool = False) -> list[str]:
    """One line for each fold: how many, what, which is the example, what hangs below each."""
    return list(_lines(forest, forest.roots(), 0, unfolded))


def _lines(forest: Forest, members: np.ndarray, level: int, unfolded: bool) -> Iterator[str]:
    for fold in forest.folds(members, unfolded) if len(members) else ():
        many = f"{'chain of ' if fold.chained else '×'}{len(fold)} " if len(fold) > 1 else ""
        name = NAMES[int(forest.contexts.kind[fold.example])]
        ended = " cancelled" if forest.contexts.state[fold.example] else ""
        yield f"{'  ' * level}{many}{name}{fold.example}{ended} +{fold.inner}"
        yield from _lines(forest, forest.below(fold.example), level + 1, unfolded)


def test_equal_families_fold() -> None:
    parent = [-1, 0, 1, 0, 3, 0, 5]  # three children with a child each
    forest = Forest.of(made(parent, [C, T, V, T, V, T, V]))
    assert lines(forest) == ["c0 +6", "  ×3 t1 +1", "    v2 +0"]
    alone = ["  t1 +1", "    v2 +0", "  t3 +1", "    v4 +0", "  t5 +1", "    v6 +0"]
    assert lines(forest, unfolded=True) == ["c0 +6", *alone]


def test_the_largest_family_comes_first() -> None:
    forest = Forest.of(made([-1, 0, 0, 0, 0, 4], [C, V, T, T, T, V]))
    assert lines(forest) == ["c0 +5", "  ×2 t2 +0", "  t4 +1", "    v5 +0", "  v1 +0"]


def test_kind_state_and_waiters_unfold() -> None:
    contexts = made([-1, 0, 0, 0, 0], [C, C, C, T, C], [LIVE, LIVE, CANCELLED, LIVE, LIVE], [(4, 7)])
    assert lines(Forest.of(contexts)) == ["c0 +4", "  c1 +0", "  c2 cancelled +0", "  t3 +0", "  c4 +0"]


def test_roots_fold_by_whose_children_they_are() -> None:
    forest = Forest.of(made([-1] * 5, parent_kind=[0, 1, 0, NO_KIND, 0]))
    assert lines(forest) == ["×3 c0 +0", "c1 +0", "c3 +0"]


def test_chains_fold() -> None:
    """Only children that look alike, from four on; what is below the last is shown below it."""
    chain = [-1, 0, 1, 2, 3, 4]
    kinds = [C, V, V, V, V, C]
    assert lines(Forest.of(made(chain, kinds))) == ["c0 +5", "  chain of 4 v4 +1", "    c5 +0"]
    assert lines(Forest.of(made(chain[:4], kinds[:4]))) == ["c0 +3", "  v1 +2", "    v2 +1", "      v3 +0"]


def test_a_waiter_or_another_state_breaks_a_chain() -> None:
    chain, kinds = [-1, 0, 1, 2, 3, 4], [V] * 6
    waited = Forest.of(made(chain, kinds, waits=[(1, 3)]))
    assert lines(waited) == ["v0 +5", "  v1 +4", "    chain of 4 v5 +0"]
    ended = Forest.of(made(chain, kinds, [LIVE] + [CANCELLED] * 5))
    assert lines(ended) == ["v0 +5", "  chain of 5 v5 cancelled +0"]
    forked = Forest.of(made([*chain, 4], [*kinds, T]))
    assert lines(forked)[:2] == ["chain of 5 v4 +2", "  v5 +0"]


def test_one_state_only() -> None:
    contexts = made([-1, 0, 1, 0, -1], state=[LIVE, LIVE, CANCELLED, LIVE, LIVE])
    forest = Forest.of(contexts, CANCELLED)
    assert forest.roots().tolist() == [0] and forest.below(0).tolist() == [1] and forest.below(1).tolist() == [2]
    assert forest.shown(None).tolist() == [0, 1, 2] and forest.shown(1).tolist() == [1, 2]


def test_what_is_not_shown_is_not_counted() -> None:
    contexts = made([-1, 0, 1, 0, 3, 3], [C, T, V, T, V, V], state=[LIVE, CANCELLED, LIVE, CANCELLED, LIVE, LIVE])
    assert lines(Forest.of(contexts, CANCELLED)) == ["c0 +2", "  ×2 t1 cancelled +0"]
    assert lines(Forest.of(contexts))[0] == "c0 +5"


def test_a_goroutine_that_waits_on_several_contexts_is_one() -> None:
    forest = Forest.of(made([-1] * 4, waits=[(0, 5), (0, 6), (1, 5), (1, 6), (2, 7)]))
    counts = [forest.waiting(np.array(some, np.int64)) for some in ([0], [0, 1], [0, 1, 2], [3])]
    assert counts == [2, 2, 3, 0]


def test_deadlines() -> None:
    contexts = made([-1, 0, 1], deadline=[NO_DEADLINE, 50, 20])
    forest = Forest.of(contexts)
    assert forest.deadlines(np.array([0, 1, 2])) == (20, 50) and forest.deadlines(np.array([0])) is None


def test_a_chain_of_a_million_is_one_line() -> None:
    n = 1_000_000
    forest = Forest.of(made(np.arange(-1, n - 1).tolist(), [V] * n))
    assert lines(forest) == [f"chain of {n} v{n - 1} +0"]


def test_of_many_siblings_that_all_differ_only_those_shown_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """The n-th has a child more than the one before."""
    n = 400
    parent = [-1, *[0] * n, *(1 + i for i in range(n) for _ in range(i))]
    forest, asked, real = Forest.of(made(parent)), list[int](), Forest.fold

    def counting(self: Forest, group: np.ndarray, chains: bool) -> Fold:
        asked.append(int(group[0]))
        return real(self, group, chains)

    monkeypatch.setattr(Forest, "fold", counting)
    folds = forest.folds(forest.below(0))
    assert len(folds) == n and [folds[i].inner for i in range(3)] == [n - 1, n - 2, n - 3] and len(asked) == 3
    assert folds.rest(3) == (n - 3, sum(range(1, n - 2))) and len(asked) == 3


def test_what_is_left_of_a_chain_is_counted_once() -> None:
    chain = [-1, *range(9), 9, 9]  # ten values, the last over two others
    folds = Forest.of(made(chain, [V] * 10 + [T, C])).folds(np.array([0]))
    assert len(folds) == 1 and folds[0].chained and folds.rest(0) == (10, 12)


def test_the_order_of_drawing() -> None:
    contexts = made([3, -1, 3, 1, 1, -1, 0])
    drawn = Forest.of(contexts).drawn(None)
    assert drawn.order.tolist() == [1, 3, 0, 6, 2, 4, 5]
    assert drawn.depth.tolist() == [0, 1, 2, 3, 2, 1, 0]
    assert drawn.last.tolist() == [False, False, False, True, True, True, True]
    below = Forest.of(contexts).drawn(3)
    assert below.order.tolist() == [3, 0, 6, 2] and below.depth.tolist() == [0, 1, 2, 1]


def test_the_order_of_drawing_in_one_state() -> None:
    contexts = made([-1, 0, 1, 0, -1], state=[LIVE, LIVE, CANCELLED, LIVE, CANCELLED])
    drawn = Forest.of(contexts, CANCELLED).drawn(None)
    assert drawn.order.tolist() == [0, 1, 2, 4] and drawn.last.tolist() == [False, True, True, True]


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 2), st.integers(0, 1)), min_size=1, max_size=25))
def test_every_context_is_in_one_fold(drawn: list[tuple[int, int, int]]) -> None:
    parent = [place % (index + 1) - 1 for index, (place, _, _) in enumerate(drawn)]
    forest = Forest.of(made(parent, [kind for _, kind, _ in drawn], [state for _, _, state in drawn]))
    total, waiting = 0, [forest.roots()]
    for members in waiting:
        folds = forest.folds(members)
        total += sum(len(fold) if fold.chained else len(fold) * (fold.inner + 1) for fold in folds)
        waiting += [forest.below(fold.example) for fold in folds if fold.chained and len(forest.below(fold.example))]
    assert total == len(drawn)


def test_a_context_with_more_than_is_listed_folds_with_no_other() -> None:
    contexts = made([-1, 0, 0, 0])
    contexts.children[2] = 5
    assert lines(Forest.of(contexts)) == ["c0 +3", "  ×2 c1 +0", "  c2 +0"]
