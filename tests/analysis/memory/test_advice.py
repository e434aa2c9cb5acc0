"""Advice has its evidence, and there is none without."""

from __future__ import annotations

import numpy as np
import pytest
from attrs import evolve

from gdbext.analysis.memory.advice import METADATA, Advice, advice
from gdbext.analysis.memory.breakdown import CATEGORIES, Breakdown, Category
from gdbext.analysis.memory.settings import Settings, Unknown
from gdbext.golang.runtime.mstats import MemStats, Pauses

MIB = 1 << 20
NONE = np.zeros(0, np.uint64)
RSS = 100 * MIB


def stats(**values: int) -> MemStats:
    figures = {"Sys": 0, "HeapReleased": 0, "HeapAlloc": 0, **values}
    return MemStats(figures, 0.0, Pauses(NONE, NONE, 0), NONE, NONE, NONE, 0)


def made(measured: bool = True, exact: bool = True, **resident: int) -> Breakdown:
    rows = (Category(name, 0, resident.get(name.replace(" ", "_"), 0), exact) for name in CATEGORIES)
    return Breakdown(tuple(rows), 0, RSS, measured, "", 0, 0, 0, ())


def settings(gogc: int | Unknown = 100, limit: int | None = None, dontneed: int = 1) -> Settings:
    return Settings(gogc, limit, 1, 1, {"madvdontneed": dontneed}, {})


@pytest.mark.parametrize(
    ("resident", "kind"),
    [
        ({"idle_spans": 30 * MIB}, "idle"),
        ({"stacks": 30 * MIB}, "stacks"),
        ({"free_slots": 30 * MIB}, "fragments"),
        ({"C_heap": 15 * MIB, "other_mappings": 15 * MIB}, "outside"),
    ],
)
def test_what_takes_much_of_rss(resident: dict[str, int], kind: str) -> None:
    assert list(advice(stats(), made(**resident), settings())) == [Advice(kind, 30 * MIB, RSS, "")]
    assert list(advice(stats(), made(False, **resident), settings())) == [Advice(kind, 30 * MIB, RSS, "", False)]


def test_what_is_little_is_not_worth_a_word() -> None:
    assert list(advice(stats(), made(idle_spans=19 * MIB, stacks=15 * MIB), settings())) == []
    assert list(advice(stats(), None, settings())) == []


@pytest.mark.parametrize(("dontneed", "why"), [(0, "MADV_FREE"), (1, "huge pages")])
def test_why_what_was_given_back_is_still_there(dontneed: int, why: str) -> None:
    given = stats(HeapReleased=50 * MIB)
    assert list(advice(given, made(False, released=40 * MIB), settings())) == []
    (found,) = advice(given, made(released=40 * MIB), settings(dontneed=dontneed))
    assert (found.kind, found.bytes) == ("released", 40 * MIB) and why in found.more


def test_nothing_was_given_back_that_the_runtime_does_not_count() -> None:
    """Of a program that runs, pages and what the runtime counts are of different moments."""
    moved = made(exact=False, released=70 * MIB)
    assert list(advice(stats(HeapReleased=5 * MIB), moved, settings())) == []
    (found,) = advice(stats(HeapReleased=40 * MIB), moved, settings())
    assert found.bytes == 40 * MIB and found.estimated


def test_what_was_not_read_may_be_the_runtimes() -> None:
    """And is not said to be C's."""
    sizes = {**dict.fromkeys(METADATA, 0), "OtherSys": 10 * MIB, "GCSys": 5 * MIB}
    of_runtime, much = stats(**sizes), made(exact=False, other_mappings=40 * MIB)
    for lacks in (evolve(much, unread=("other runtime",)), evolve(much, moved=True)):
        (found,) = advice(of_runtime, lacks, settings())
        assert (found.kind, found.bytes, found.estimated) == ("outside", 25 * MIB, True)
    little = evolve(made(exact=False, other_mappings=30 * MIB), moved=True)
    assert list(advice(of_runtime, little, settings())) == []


def test_a_memory_limit_that_is_near() -> None:
    full = stats(Sys=100 * MIB, HeapReleased=5 * MIB)
    assert list(advice(full, None, settings(limit=100 * MIB))) == [Advice("limit", 95 * MIB, 100 * MIB, "")]
    assert list(advice(full, None, settings(limit=200 * MIB))) == []


def test_no_collection_begins_by_itself() -> None:
    assert list(advice(stats(HeapAlloc=7), None, settings(gogc=-1))) == [Advice("off", 7, 0, "")]
    assert list(advice(stats(HeapAlloc=7), None, settings(gogc=-1, limit=100 * MIB))) == []
    assert list(advice(stats(), None, settings(gogc=Unknown("why")))) == []
