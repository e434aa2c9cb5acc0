"""The text of chains on a made lineage: what earlier chains showed stands there once."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gdbext.analysis.contexts.chain import Held, Way
from gdbext.analysis.contexts.lineage import Lineage, Link
from gdbext.views.contextchains import SHARED, Chain, Step, outermost, steps


def made(parent: Sequence[int]) -> Lineage:
    """A lineage with these parents."""
    found = Lineage(None, None)  # type: ignore[arg-type]
    found.parent, found.links = [*parent], [Link(0, number) for number in range(len(parent))]
    for number in range(len(parent)):
        found.depth.append(sum(1 for _ in found.chain(number)) - 1)
    return found


def held(number: int, goid: int = 1) -> Chain:
    return Chain(goid, Held(0, number, [Way("stack", f"word {number}")]), number)


def test_what_was_shown_is_one_line() -> None:
    lineage, shown = made([*range(1, 10), -1, 2]), set[int]()  # 0 … 9, and 10 below 2
    assert list(steps(lineage, 0, {0: "w"}, shown)) == [Step(number) for number in range(10)]
    assert list(steps(lineage, 10, {10: "w"}, shown)) == [Step(10), Step(2, 8, above=True)]


def test_few_are_shown_again() -> None:
    lineage, shown = made([1, 2, 3, -1, 1]), set[int]()
    list(steps(lineage, 0, {}, shown))
    assert SHARED == 4
    assert list(steps(lineage, 4, {}, shown)) == [Step(4), Step(1), Step(2), Step(3)]


def test_what_a_goroutine_holds_is_shown_again() -> None:
    lineage, shown = made([*range(1, 14), -1]), set[int]()
    list(steps(lineage, 0, {}, shown))
    assert list(steps(lineage, 0, {0: "w", 6: "w", 7: "w"}, shown)) == [
        Step(0), Step(1, 5, above=True), Step(6), Step(7), Step(8, 6, above=True),
    ]  # fmt: skip


@pytest.mark.parametrize("chains", [100, 200])
def test_a_deep_chain_of_many_is_written_once(chains: int) -> None:
    """The steps are as many as contexts and chains: not their product."""
    depth = 1000
    lineage, shown = made([*range(1, depth), -1, *[0] * chains]), set[int]()
    many = sum(len(list(steps(lineage, depth + i, {depth + i: "w"}, shown))) for i in range(chains))
    assert many == depth + chains + (chains - 1)


def test_chains_that_are_part_of_another() -> None:
    lineage = made([1, 2, 3, -1, 2, -1])
    chains = [held(number) for number in (2, 0, 4, 5, 1)]
    found = [(chain.number, {part.number for part in parts}) for chain, parts in outermost(lineage, chains)]
    assert found == [(0, {1, 2}), (4, {2}), (5, set())]
