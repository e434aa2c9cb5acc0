"""What a long pass is expected to take, in made figures."""

from __future__ import annotations

import pytest

from gdbext.analysis.heap import cost
from gdbext.analysis.heap.cost import Cost
from gdbext.session import Session
from tests.synthetic import HEAP, PAGE, Span, World

SLOTS, WITH_POINTERS, SPANS = 170 + 170, 101, 2
KEPT = cost.ELSEWHERE + SLOTS * cost.STATE + SPANS * cost.SPAN


@pytest.fixture
def session() -> Session:
    world = World(27)
    world.span(Span(HEAP, 48, 170, freeindex=100, alloc=(160,)))
    world.span(Span(HEAP + PAGE, 48, 170, freeindex=170, noscan=True))
    world.mheap()
    return Session(world.target)


def test_objects_without_pointers_are_never_followed(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost.parallel, "threads", lambda: 2)
    each = 3 * cost.QUEUED + cost.PLACED
    assert cost.following(session.heap) == Cost(
        "following the pointers of",
        WITH_POINTERS,
        WITH_POINTERS * cost.FOLLOWING_NS / 2e9,
        KEPT + WITH_POINTERS * each,
    )


def test_every_slot_may_be_on_a_path(session: Session) -> None:
    assert cost.searching(session.heap) == Cost(
        "searching paths to", WITH_POINTERS, WITH_POINTERS * cost.SEARCHING_NS / 1e9, KEPT + SLOTS * cost.QUEUED
    )


def test_what_is_short_is_not_mentioned(session: Session) -> None:
    session.expect(Cost("following the pointers of", 10, cost.LONG_SECONDS, 1 << 20))
    assert session.expected == ""
    session.expect(Cost("following the pointers of", 175_000_000, 17.5, 2_100_000_000))
    assert session.expected == ("following the pointers of 175,000,000 objects: about 18 s, at most 2,100 MB of memory")


def test_every_object_may_be_dominated(session: Session) -> None:
    found, live = cost.dominating(session.heap), int(session.heap.live.sum())
    room = KEPT + SLOTS * cost.STATE + live * (cost.GRAPH + cost.EDGE) + WITH_POINTERS * cost.DEEP // 2
    assert found == Cost("searching what dominates", live, live * cost.DOMINATING_NS / 1e9, room)
