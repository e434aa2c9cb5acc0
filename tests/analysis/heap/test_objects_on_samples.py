"""What lies in memory of package arena counts as the collector counts it."""

from __future__ import annotations

from typing import Any

import pytest

from tests import hosts, tools
from tests.programs import Core, build, core

CORE = hosts.Host("core")


@pytest.fixture(scope="module")
def taken(go: str) -> Core:
    return core(build("arenas", go, env={"GOEXPERIMENT": "arenas"}), f"gcore-{tools.gdbs()[-1]}")


@pytest.fixture(scope="module")
def leaks(taken: Core) -> dict[str, Any]:
    found: dict[str, Any] = hosts.ask(CORE, taken, "go-ctxleaks")
    return found


def test_nothing_is_doubted(leaks: dict[str, Any]) -> None:
    """The runtime's counters agree, chunks that were freed and are no memory any more count for nothing."""
    assert leaks["proved"] and leaks["doubts"] == []


def test_what_only_an_arena_has_is_held(taken: Core, leaks: dict[str, Any]) -> None:
    rows = {row["address"]: row for row in hosts.ask(CORE, taken, "go-ctxtree", "--verdict")["contexts"]}
    verdicts = dict[str, set[str]]()
    for one in taken.truth.facts["contexts"]:
        verdicts.setdefault(one["place"], set()).add(rows[one["address"]]["verdict"])
    assert verdicts["structure"] == verdicts["slice"] == verdicts["of the heap"] == {"held"}
    assert verdicts["dropped"] == {"lost"}
    # The last chunk of the arena that was freed is used for the next one, and stays as it is until then.
    assert "lost" in verdicts["freed"] and verdicts["freed"] <= {"lost", "held"}


def test_a_chunk_is_one_object(taken: Core) -> None:
    found = hosts.ask(CORE, taken, "go-object", taken.truth.facts["chunk"])
    assert found["reachable"] and not found["span"]["noscan"] and found["size"] > 8_000_000
