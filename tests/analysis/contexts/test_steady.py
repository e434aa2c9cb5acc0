"""What two looks at a running program prove, on made looks and a made count of collections."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from attrs import evolve

from gdbext.analysis.contexts.contexts import Contexts
from gdbext.analysis.contexts.steady import LOOKS, alike, steady
from tests.analysis.contexts.test_tree import made

CHAIN = made([-1, 0, 1])
MOMENTARY = "read while the program runs: rows that are not certain are momentary"


def looking(looks: Sequence[Contexts], counts: Sequence[int]) -> Contexts:
    """What comes of it; every look and count that is given must be taken."""
    look, count = iter(looks), iter(counts)
    found = steady(lambda: next(look), lambda: next(count))
    assert list(look) == [] and list(count) == []
    return found


def certain(found: Contexts) -> list[bool]:
    assert found.certain is not None
    return [bool(one) for one in found.certain]


@pytest.mark.parametrize("counts", [(5, 5), (5, 7), (5, 9)])
def test_no_collection_between_or_two_prove(counts: tuple[int, int]) -> None:
    found = looking([CHAIN, CHAIN], counts)
    assert certain(found) == [True] * 3
    assert found.notes == (MOMENTARY,)


def test_with_one_collection_between_another_look_is_taken() -> None:
    assert certain(looking([made([-1]), CHAIN, CHAIN], (5, 6, 6))) == [True] * 3


def test_a_program_that_never_rests_gets_no_certainty() -> None:
    found = looking([CHAIN] * (LOOKS + 1), range(LOOKS + 1))
    assert certain(found) == [False] * 3
    assert found.notes[-1] == "no two looks were far enough apart for certainty"


def changes() -> Iterator[tuple[str, Contexts, list[bool]]]:
    yield "came", evolve(CHAIN, address=CHAIN.address + np.array([0, 0, 8], np.uint64)), [True, True, False]
    yield "another kind", made([-1, 0, 1], kind=[0, 1, 0]), [True, False, True]
    yield "another parent", made([-1, 0, 0]), [True, True, False]
    yield "a foreign parent", made([-1, 0, 1], parent_kind=[3, 255, 255]), [False, True, True]
    yield (
        "its parent moved",
        evolve(CHAIN, address=CHAIN.address - np.array([8, 0, 0], np.uint64)),
        [False, False, True],
    )


@pytest.mark.parametrize(("before", "same"), [pytest.param(b, s, id=name) for name, b, s in changes()])
def test_what_changed_between_is_momentary(before: Contexts, same: list[bool]) -> None:
    assert certain(looking([before, CHAIN], (1, 1))) == same


def test_nothing_before_and_nothing_after() -> None:
    none = made([])
    assert alike(none, CHAIN).tolist() == [False] * 3
    assert alike(CHAIN, none).tolist() == []
