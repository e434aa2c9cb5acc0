"""go-mem as a person reads it, on made figures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from attrs import evolve

from gdbext.analysis.memory import figures
from gdbext.analysis.memory.breakdown import CATEGORIES, Breakdown, Category
from gdbext.analysis.memory.settings import Settings, Unknown
from gdbext.commands import mem
from gdbext.golang.runtime.mstats import MemStats, Pauses
from gdbext.session import Session
from tests.commands.asking import document, text
from tests.counters import Counters
from tests.synthetic import World

KIB, MIB = 1 << 10, 1 << 20
RING = np.zeros(256, np.uint64)
NAMES = (
    *("Alloc", "TotalAlloc", "Sys", "Mallocs", "Frees", "HeapAlloc", "HeapSys", "HeapIdle", "HeapInuse"),
    *("HeapReleased", "HeapObjects", "StackInuse", "StackSys", "MSpanInuse", "MSpanSys", "MCacheInuse", "MCacheSys"),
    *("BuckHashSys", "GCSys", "OtherSys", "NextGC", "LastGC", "PauseTotalNs", "NumGC", "NumForcedGC"),
)
FIGURES = {
    "Alloc": 20 * MIB,
    "HeapAlloc": 20 * MIB,
    "HeapInuse": 24 * MIB,
    "HeapIdle": 40 * MIB,
    "HeapReleased": 8 * MIB,
    "HeapSys": 64 * MIB,
    "StackSys": 2 * MIB,
    "StackInuse": 2 * MIB,
    "GCSys": 3 * MIB,
    "Sys": 69 * MIB,
    "HeapObjects": 1234,
    "PauseTotalNs": 1500,
    "NumGC": 3,
    "LastGC": 1_700_000_000_000_000_001,
}
STATS = MemStats(
    {**dict.fromkeys(NAMES, 0), **FIGURES}, 0.25, Pauses(RING, RING, 3), *[np.zeros(68, np.uint64)] * 3, 0,
)  # fmt: skip
ROWS = {
    "live objects": (18 * MIB, 18 * MIB),
    "dead objects not swept": (2 * MIB, 2 * MIB),
    "free slots": (4 * MIB, 3 * MIB),
    "idle spans": (32 * MIB, 31 * MIB),
    "released": (8 * MIB, MIB),
    "stacks": (2 * MIB, MIB),
    "other runtime": (512 * KIB, 256 * KIB),
    "program and libraries": (3 * MIB, 2 * MIB),
    "reserved address space": (1024 * MIB, 0),
}
SETTINGS = Settings(-1, 900 * MIB, 2, Unknown("why not"), {"madvdontneed": 0}, {"GODEBUG": "madvdontneed=0"})


def found(measured: bool = True) -> Breakdown:
    rows = tuple(Category(name, *ROWS.get(name, (0, 0)), measured) for name in CATEGORIES)
    mapped, resident = (sum(getattr(row, name) for row in rows) for name in ("mapped", "resident"))
    how = "by the kernel" if measured else "a core does not say"
    return Breakdown(rows, mapped, resident, measured, how, 4 * MIB, 2 * MIB, KIB, ("something was not read",))


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setattr(figures, "figures", lambda session: figures.Figures(STATS, found(), SETTINGS))
    return Session(World().target)


TABLE = """\
58.2 MiB resident (RSS) of 1.07 GiB mapped
4.00 MiB in huge pages, 2.00 MiB of it the heap's; 1.00 KiB in swap, which is in no category

category                  in RAM    mapped
live objects            18.0 MiB  18.0 MiB
dead objects not swept  2.00 MiB  2.00 MiB
free slots              3.00 MiB  4.00 MiB
idle spans              31.0 MiB  32.0 MiB
released                1.00 MiB  8.00 MiB
stacks                  1.00 MiB  2.00 MiB
other runtime            256 KiB   512 KiB
program and libraries   2.00 MiB  3.00 MiB
reserved address space       0 B  1.00 GiB
together                58.2 MiB  1.07 GiB

in force: GOGC=off, GOMEMLIMIT=900 MiB, GOMAXPROCS=2 of unknown CPUs, GODEBUG madvdontneed=0
started with GODEBUG=madvdontneed=0

worth a look
idle spans take 31.0 MiB of 58.2 MiB resident: Go gives them back slowly, debug.FreeOSMemory at once
"""
EXPLAINED = """
Alloc (HeapAlloc) 20.0 MiB: 1,234 objects, 2.00 MiB of them dead and not swept yet. They lie in spans of 24.0 MiB \
(HeapInuse); 4.00 MiB of those are free slots, each for objects of its span's size class only, and what is left over \
at the ends of spans.

HeapIdle 40.0 MiB: pages of the heap with no span in use. 8.00 MiB of them were given back to the system \
(HeapReleased); 32.0 MiB are kept for what comes next. HeapInuse and HeapIdle are HeapSys, 64.0 MiB.

Sys 69.0 MiB: HeapSys, stacks of 2.00 MiB and 3.00 MiB that the runtime keeps of all that. It counts addresses, not \
RAM: what was given back is still in it, and so is what was never touched.

RSS 58.2 MiB: pages in RAM. 56.2 MiB of them are Go's (1.00 MiB of that was given back, and the kernel has not taken \
it yet): 12.8 MiB of Sys are in no RAM. The rest is in no figure of runtime.MemStats: program and libraries 2.00 MiB.

Mapped 1.07 GiB (VSZ): 1.00 GiB of that is address space which Go reserved and has no memory. Other runtime (512 KiB) \
is what small structures are taken from: interface tables, network descriptors, finalizers and profiles of single \
objects.
"""
NOTE = "\nnote: something was not read\n"


def test_the_text(session: Session) -> None:
    assert text(mem.COMMAND, session) == TABLE + NOTE
    assert text(mem.COMMAND, session, "--explain") == TABLE + EXPLAINED + NOTE


STRIPPED = """
RSS 58.2 MiB: pages in RAM. At least 56.2 MiB of them are Go's (1.00 MiB of that was given back, and the kernel has \
not taken it yet): at most 12.8 MiB of Sys are in no RAM. The rest is program and libraries 2.00 MiB: other mappings \
hold what no figure of runtime.MemStats has, and a part of profile buckets and other runtime, which cannot be told \
from it here.

Mapped 1.07 GiB (VSZ): 1.00 GiB of that is address space which Go reserved and has no memory. What small structures \
are taken from (interface tables, network descriptors, finalizers and profiles of single objects) is not all known \
here: 512 KiB of it is in other runtime, the rest in other mappings.
"""


def test_what_cannot_be_told_apart_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = evolve(found(), unread=("profile buckets", "other runtime"))
    monkeypatch.setattr(figures, "figures", lambda session: figures.Figures(STATS, lacking, SETTINGS))
    assert STRIPPED in text(mem.COMMAND, Session(World().target), "--explain")


def test_a_program_that_allocated_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    moved = found().of_several_moments
    monkeypatch.setattr(figures, "figures", lambda session: figures.Figures(STATS, moved, SETTINGS))
    world = World()
    world.target.memory.stable = False
    said = text(mem.COMMAND, Session(world.target))
    assert "\nidle spans take about 31.0 MiB of 58.2 MiB resident: " in said
    assert said.endswith(
        "note: the program runs: the figures are of several moments\n"
        "note: it allocated meanwhile, so that categories of the heap and of the runtime are estimates: "
        "python -m gdbext live PID go-mem is of one moment\n"
    )
    rows = document(mem.COMMAND, Session(world.target))["breakdown"]
    known = {row["category"] for row in rows if row["exact"]}
    assert known == {"program and libraries", "C heap", "reserved address space"}


def test_the_fields_of_memstats(session: Session) -> None:
    said = text(mem.COMMAND, session, "--memstats")
    rows = [line.split() for line in said.split("\n")]
    for row in (["HeapAlloc", "20.0", "MiB"], ["PauseTotalNs", "1.5µs"], ["LastGC", "2023-11-14T22:13:20.000000001Z"]):
        assert row in rows
    assert "PauseNs" not in said


def test_the_document(session: Session) -> None:
    said = document(mem.COMMAND, session)
    assert said["rss"] == sum(row["bytes"] for row in said["breakdown"])
    assert said["mapped"] == sum(row["mapped"] for row in said["breakdown"])
    assert said["settings"] == {
        "GOGC": -1,
        "GOMEMLIMIT": 900 * MIB,
        "GOMAXPROCS": 2,
        "CPUs": {"absent": "why not"},
        "GODEBUG": {"madvdontneed": 0},
        "environment": {"GODEBUG": "madvdontneed=0"},
    }
    assert said["advice"][0]["kind"] == "idle" and said["huge_pages"] == {"bytes": 4 * MIB, "heap": 2 * MIB}
    assert len(said["memstats"]) == 32 and said["swap"] == KIB


def test_a_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "figures", lambda session: figures.Figures(STATS, found(False), SETTINGS))
    session = Session(World().target)
    said = text(mem.COMMAND, session, "--explain")
    assert said.startswith("1.07 GiB mapped; a core does not say what was resident\n4.00 MiB in huge pages")
    assert "category                not zero    mapped\n" in said
    assert "\nworth a look\nidle spans take 31.0 MiB of 58.2 MiB that are not zero: " in said
    assert "\nRSS: a core does not say. That is 58.2 MiB.\n" in said and "\nnote: a core does not say\n" in said
    whole = document(mem.COMMAND, session)
    assert whole["rss"] == whole["swap"] == {"absent": "a core does not say what was resident"}


def test_where_nobody_knows_what_is_mapped(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.mheap()
    Counters(world).finish()
    monkeypatch.setattr(type(world.target.memory), "mappings", lambda memory: [])
    said = text(mem.COMMAND, Session(world.target))
    assert said.startswith("what is resident is not known: this host does not tell what is mapped")
    assert "\nHeapAlloc" in said
    assert set(document(mem.COMMAND, Session(world.target))["breakdown"]) == {"absent"}


def test_hostile_text_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    wild: Any = Settings(100, None, 1, 1, {}, {"GOGC": "\x1b[31m"})
    monkeypatch.setattr(figures, "figures", lambda session: figures.Figures(STATS, found(), wild))
    assert "started with GOGC=\\x1b[31m\n" in text(mem.COMMAND, Session(World().target))
