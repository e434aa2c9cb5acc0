"""Categories of a made program: they add up whatever is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from gdbext.analysis.memory import breakdown as module, figures
from gdbext.analysis.memory.breakdown import CATEGORIES, Breakdown, breakdown
from gdbext.session import Session
from gdbext.target import inram
from gdbext.target.residency import Residency
from tests.counters import Counters
from tests.golang.runtime.test_mpagealloc import Pages
from tests.synthetic import HEAP, PAGE, Span, World


def made(minor: int = 27) -> World:
    """Two spans of objects, a stack, a page given back and one kept."""
    world = World(minor)
    world.span(Span(HEAP, 48, 170, freeindex=30))
    world.span(Span(HEAP + PAGE, 48, 170, freeindex=50))
    world.span(Span(HEAP + 2 * PAGE, 0, 0, npages=4, state=2))
    world.mheap()
    for page in range(8):
        world.write(HEAP + page * PAGE, b"\1")
    return world


def found(world: World) -> Breakdown:
    session = Session(world.target)
    return breakdown(session.program, session.heap, inram.residency(world.target))


def sizes(one: Breakdown) -> dict[str, int]:
    return {row.name: row.mapped for row in one.categories if row.mapped}


def test_what_is_known_and_what_is_left() -> None:
    one = found(made())
    assert tuple(row.name for row in one.categories) == CATEGORIES
    mapped = sizes(one)
    assert mapped["live objects"] == 80 * 48 and mapped["free slots"] == 2 * PAGE - 80 * 48
    assert mapped["stacks"] == 4 * PAGE and mapped["span and cache metadata"] >= 3 * 160
    regions = made().target.memory.regions
    assert sum(mapped.values()) == one.mapped == sum(region.end - region.start for region in regions)
    assert sum(row.resident for row in one.categories) == one.resident
    assert not one.measured and not any(row.exact for row in one.categories)


def test_what_cannot_be_read_is_told_and_counted_elsewhere() -> None:
    one = found(made())
    (note,) = one.notes
    assert note == (
        "not all of collector metadata, released, idle spans, span and cache metadata, profile buckets, other runtime, "
        "stacks is known: these figures are too small, for some of it is in other mappings: the binary has no symbol "
        "runtime.work"
    )
    assert set(one.unread) == {
        *("collector metadata", "released", "idle spans", "span and cache metadata", "profile buckets"),
        *("other runtime", "stacks"),
    }


def test_what_cannot_be_told_apart_is_not_exact() -> None:
    """Of a process, where the kernel says what is in RAM."""
    world = made()
    session = Session(world.target)
    residency = evolve(inram.residency(world.target), measured=True)
    one = breakdown(session.program, session.heap, residency)
    exact = {row.name for row in one.categories if row.exact}
    assert not exact & {*one.unread, "other mappings"} and {"live objects", "free slots"} <= exact
    moved = one.of_several_moments
    assert {row.name for row in moved.categories if row.exact} == {
        *("program and libraries", "C heap", "reserved address space"),
    }
    assert moved.moved and not one.moved


@pytest.mark.parametrize("number", range(1, 60, 3))
def test_whatever_cannot_be_read_all_adds_up(number: int) -> None:
    world = made()
    session = Session(world.target)
    _ = session.heap
    residency = inram.residency(world.target)
    world.target.memory.reads, world.target.memory.fail_at = 0, number
    one = breakdown(session.program, session.heap, residency)
    assert sum(row.mapped for row in one.categories) == one.mapped
    assert sum(row.resident for row in one.categories) == one.resident


def with_pages() -> Pages:
    """Two spans of objects in a heap of which the page allocator says that one page is in use and two given back."""
    pages = Pages(27, (HEAP, HEAP + module.mpagealloc.CHUNK))
    pages.use(0, 0b1, given_back=0b110)
    world = pages.world
    world.span(Span(HEAP, 48, 170, freeindex=10))
    world.span(Span(HEAP + PAGE, 48, 170, freeindex=10))
    spans = world.off_heap.take(16)
    world.words(spans, *world.spans)
    world.words(pages.mheap + world.offset("runtime.mheap", "allspans"), spans, 2, 2)
    world.put("runtime.mheap", pages.mheap, arenas=world._arenas(()), sweepgen=6)
    world.write(HEAP, b"\1")  # what is all zeros and not said to be writable is a reservation
    return pages


def test_an_address_has_one_category() -> None:
    """Spans of objects lie where the page allocator says that nobody is."""
    mapped = sizes(found(with_pages().world))
    assert mapped["live objects"] + mapped["free slots"] == 2 * PAGE
    assert mapped["released"] == PAGE and mapped["idle spans"] == 13 * PAGE


def test_pages_in_use_of_which_no_span_was_read_are_not_given_back() -> None:
    """Of a span made since spans were read, or of one that contradicts itself."""
    pages = with_pages()
    pages.use(0, 0b10011, given_back=0b1100)
    mapped = sizes(found(pages.world))
    assert mapped["live objects"] + mapped["free slots"] == 2 * PAGE
    assert mapped["unread spans"] == PAGE and mapped["released"] == 2 * PAGE


def test_pages_that_are_freed_while_a_running_program_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """They were in use when it was asked what is in RAM: neither given back nor anybody else's."""
    pages = with_pages()
    world, ask = pages.world, inram.residency
    Counters(world).finish()
    world.target.memory.stable = False
    pages.use(0, 0b11111, given_back=0)

    def moving(target: Any) -> Residency:
        answer = ask(target)
        pages.use(0, 0b01011, given_back=0b10100)
        return answer

    monkeypatch.setattr(figures.inram, "residency", moving)
    one = figures.figures(Session(world.target)).known
    assert one is not None
    assert sizes(one)["unread spans"] == 3 * PAGE and "released" not in sizes(one)
