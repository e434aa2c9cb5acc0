"""Spans by class, on made memory."""

from __future__ import annotations

from gdbext.analysis.heap import spanclasses
from gdbext.analysis.heap.spanclasses import SpanClass
from gdbext.golang.runtime.mheap import Heap
from tests.synthetic import HEAP, PAGE, Span, World


def classes(*spans: Span) -> list[SpanClass]:
    world = World()
    for span in spans:
        world.span(span)
    world.mheap()
    return spanclasses.by_class(Heap.of(world.program))


def test_a_row_for_each_class() -> None:
    found = classes(
        Span(HEAP, 48, 170, freeindex=3, alloc=(100,)),
        Span(HEAP + PAGE, 48, 170, freeindex=170, marks=(1, 2), behind=-2),
        Span(HEAP + 2 * PAGE, 48, 170, freeindex=5, noscan=True),
        Span(HEAP + 3 * PAGE, 3 * PAGE, 1, npages=3, freeindex=1, sizeclass=0),
        Span(HEAP + 6 * PAGE, 2 * PAGE, 1, npages=2, freeindex=1, sizeclass=0),
    )
    assert found == [
        SpanClass(0, 0, 2, 5 * PAGE, 2, 2, 5 * PAGE, 0),
        SpanClass(10, 48, 2, 2 * PAGE, 340, 6, 288, 1),
        SpanClass(11, 48, 1, PAGE, 170, 5, 240, 0),
    ]
    assert [(row.free, row.noscan) for row in found] == [(0, False), (334, False), (165, True)]
    whole = spanclasses.total(found)
    assert (whole.spans, whole.bytes, whole.live, whole.unswept) == (5, 8 * PAGE, 13, 1)


def test_no_spans() -> None:
    assert classes() == [] and spanclasses.total([]).bytes == 0


def test_a_class_that_there_is_not() -> None:
    assert classes(Span(HEAP, 48, 170, sizeclass=100))[0].number == 135
