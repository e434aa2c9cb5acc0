"""The folded forest as branches: every context is in it, whatever it looks like, and there is an end to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import pytest

from gdbext.analysis.contexts.tree import Fold, Forest
from gdbext.report import Address, Cell
from gdbext.report.html import Branch
from gdbext.session import Session
from gdbext.target.core import CoreFile
from gdbext.views import contextbranches
from gdbext.views.contextbranches import LEVELS, branches
from tests.analysis.contexts.test_tree import C, T, V, made
from tests.programs import Core


class Plain:
    """Lines that name their example only."""

    def __init__(self, forest: Forest, *others: object) -> None:
        self.contexts = forest.contexts

    def line(self, fold: Fold, level: int) -> list[Cell]:
        return [f"×{len(fold)}", Address(int(self.contexts.address[fold.example]))]


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contextbranches, "Lines", Plain)
    monkeypatch.setattr(contextbranches, "_name", lambda forest, kind: f"kind {kind}")


def every(some: Any) -> Iterator[Branch]:
    for one in some:
        yield one
        yield from every(one.children)


def addresses(some: Any) -> list[int]:
    """Those of all lines, named or not."""
    found = list[int]()
    for one in every(some):
        named = [int(cell) for cell in one.text if isinstance(cell, Address)]
        found += one.members.tolist() if one.members is not None else named
    return sorted(found)


def test_folds_have_their_members(plain: None) -> None:
    forest = Forest.of(made([-1, 0, 1, 0, 3, 0, 5], [C, T, V, T, V, T, V]))
    (root,) = branches(forest, cast(Any, None)).branches
    (three,) = root.children
    (below,) = three.children
    at = forest.contexts.address
    assert (root.members, three.members.tolist()) == (None, at[[1, 3, 5]].tolist())
    assert below.text == ["×1", Address(int(at[2]))] and below.members.tolist() == at[[2, 4, 6]].tolist()


def test_more_lines_than_a_page_takes(plain: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Families that all look different: a root with 0, 1, 2 … children."""
    monkeypatch.setattr(contextbranches, "LINES", 50)
    parent = list[int]()
    for number in range(100):
        parent += [-1, *[len(parent)] * number]
    contexts = made(parent)
    grown = branches(Forest.of(contexts), cast(Any, None))
    assert len(list(every(grown.branches))) <= 50 + 1
    assert addresses(grown.branches) == contexts.address.tolist()
    assert grown.cut.endswith("not drawn: the search finds them by address, go-ctxtree 0xADDR draws them")


def test_deeper_than_a_page_can_be(plain: None) -> None:
    n = 100 * LEVELS
    contexts = made(list(range(-1, n - 1)), [(C, T)[at % 2] for at in range(n)])
    grown = branches(Forest.of(contexts), cast(Any, None))
    assert addresses(grown.branches) == contexts.address.tolist()


def test_no_more_addresses_than_a_page_takes(plain: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contextbranches, "SEARCHED", 10)
    grown = branches(Forest.of(made([-1, *[0] * 8, -1, *[9] * 3])), cast(Any, None))
    assert sum(len(one.members) for one in every(grown.branches) if one.members is not None) <= 10
    assert grown.cut == "the search knows the addresses of 10 of 13 contexts"


def test_no_contexts(plain: None) -> None:
    assert not branches(Forest.of(made([])), cast(Any, None)).branches


def test_every_context_of_a_program(ctxforest_core: Core) -> None:
    session = Session(CoreFile.open(str(ctxforest_core.exe), str(ctxforest_core.path)))
    forest = Forest.of(session.contexts, None, session.reached_contexts.mask)
    grown = branches(forest, session.context_rows)
    assert addresses(grown.branches) == np.sort(session.contexts.address[forest.kept]).tolist()
    session.close()
