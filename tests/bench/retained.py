"""Dominators and rings against the mark that they follow, whole processes without a debugger."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.heap import reachable
from tests.bench.rounds import NO_INDEX, TIMES, Bench, Line
from tests.programs import Core

OVER_MARK, OVER_HEAP = 4.0, 1.5


def retained(bench: Bench, core: Core) -> Iterator[Line]:
    """What go-histogram takes more for a core that is new to it is the mark; what go-retained takes more than that one
    is the dominators."""
    few = "--limit", "1"
    marked = bench.plain("retained-mark", core, "go-histogram", *few, **NO_INDEX)
    size = reachable(bench, "retained-mark")
    known = bench.plain("retained-known", core, "go-histogram", *few)
    mark = marked.seconds - known.seconds
    yield Line("following the heap's pointers", mark)
    for command, of, *more in (
        ("go-retained", "dominators"),
        ("go-cycles", "dominators and rings"),
        ("go-retained", "dominators and what each type retains", "--by", "type"),
    ):
        runs = bench.plain("retained", core, command, *more, *few, **NO_INDEX)
        yield Line(f"{' '.join((command, *more))}, all of it", runs.seconds)
        yield Line(f"{of}, less the mark", runs.seconds - marked.seconds)
        limit = None if more or command == "go-cycles" else OVER_MARK
        yield Line(f"{of} / mark", (runs.seconds - marked.seconds) / mark, TIMES, limit)
        yield Line(f"{of}: RssAnon / heap", runs.anonymous / size, TIMES, OVER_HEAP)
