"""Every context that is drawn, or hidden behind one that is drawn, is in exactly one line."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from hypothesis import given, strategies as st

from gdbext.analysis.contexts.alike import alike, children
from gdbext.analysis.contexts.tree import Fold, Forest
from tests.analysis.contexts.test_tree import C, T, V, made


def lines(forest: Forest) -> list[list[int]]:
    """The contexts of each line."""
    return [every.tolist() for _, every in _lines(forest, forest.roots(), forest.roots())]


def _lines(forest: Forest, members: np.ndarray, family: np.ndarray) -> Iterator[tuple[Fold, np.ndarray]]:
    for fold in forest.folds(members) if len(members) else ():
        every, last = alike(forest, fold, family)
        yield fold, every
        yield from _lines(forest, forest.below(fold.example), children(forest, last))


def test_families_that_fold() -> None:
    forest = Forest.of(made([-1, 0, 1, 0, 3, 0, 5], [C, T, V, T, V, T, V]))
    assert lines(forest) == [[0], [1, 3, 5], [2, 4, 6]]


def test_chains_below_families_that_fold() -> None:
    chain = [V] * 5
    parent = [-1, 0, 1, 2, 3, 4, 0, 6, 7, 8, 9]
    assert lines(Forest.of(made(parent, [C, *chain, *chain]))) == [[0], [1, 6], [2, 7, 3, 8, 4, 9, 5, 10]]


FORESTS = st.lists(st.integers(-1, 30), max_size=60).map(
    lambda wanted: [min(parent, at - 1) for at, parent in enumerate(wanted)]
)


@given(FORESTS, st.data())
def test_every_context_is_in_one_line(parent: list[int], data: st.DataObject) -> None:
    kinds = [data.draw(st.sampled_from((C, V, T))) for _ in parent]
    forest = Forest.of(made(parent, kinds))
    assert sorted(one for line in lines(forest) for one in line) == list(range(len(parent)))


@given(FORESTS)
def test_a_fold_is_among_its_line(parent: list[int]) -> None:
    forest = Forest.of(made(parent))
    for fold, every in _lines(forest, forest.roots(), forest.roots()):
        assert set(fold.members.tolist()) <= set(every.tolist())
