"""go-ancestors in Delve against what runtime.Stack says of creators."""

from __future__ import annotations

from typing import Any

import pytest

from tests import programs, tools
from tests.commands.test_ancestors_on_samples import ABSENT, plant
from tests.dlvscripts import delve


def asked(taken: programs.Core, goid: int) -> list[dict[str, Any]]:
    said = delve.Said(taken.truth, delve.on_core(taken, f"go-ancestors {goid} --json"))
    found: list[dict[str, Any]] = said.document()["chain"]
    return found


@pytest.fixture(scope="session")
def taken(go: str) -> programs.Core:
    return programs.core(programs.build("goroutines", go), f"gcore-{tools.gdbs()[-1]}")


def test_up_to_main(taken: programs.Core) -> None:
    goid = plant(taken.truth, "labels, from its creator")
    told, goids = taken.truth.goroutines, [goid]
    while told[goids[-1]].parent:
        goids.append(told[goids[-1]].parent)
    found = asked(taken, goid)
    assert [(each["goid"], each["alive"]) for each in found] == [(each, True) for each in goids]
    made = [(each["function"], each["file"], each["line"]) for each in found[:-1]]
    assert made == [(told[each].created_by, *told[each].created_at) for each in goids[:-1]]
    assert found[-1]["created_at"] is None


def test_one_that_has_ended(taken: programs.Core) -> None:
    goid = plant(taken.truth, "creator is gone")
    told = taken.truth.goroutines[goid]
    own, gone, *rest = asked(taken, goid)
    assert (own["function"], own["file"], own["line"]) == (told.created_by, *told.created_at)
    assert (gone["goid"], gone["alive"]) == (told.parent, False)
    if gone["known_by"] is None:
        assert gone["created_at"] == ABSENT and not rest
    else:
        assert gone["function"] == "main.plantShapes" and [each["goid"] for each in rest] == [taken.truth.facts["main"]]


def test_remembered_ones(go: str) -> None:
    program = programs.build("goroutines", go)
    taken = programs.core(program, f"gcore-{tools.gdbs()[-1]}", env={"GODEBUG": "tracebackancestors=10"})
    _, gone, *rest = asked(taken, plant(taken.truth, "creator is gone"))
    assert gone["function"] == "main.plantShapes"
    assert [each["goid"] for each in rest] == [taken.truth.facts["main"]]


@pytest.mark.parametrize("word", ["x", "999999"])
def test_what_is_wrong_is_one_line(ctxforest_core: programs.Core, word: str) -> None:
    (answer,) = delve.on_core(ctxforest_core, f"go-ancestors {word}")
    assert answer.startswith("go-ancestors: ") and answer.count("\n") == 1


def test_without_a_number_it_is_the_selected_one(ctxforest_core: programs.Core) -> None:
    """Which one that is at first is the thread's that the core was taken in: mostly none."""
    first, answer, _, own = delve.on_core(ctxforest_core, "goroutine", "go-ancestors", "goroutine 1", "go-ancestors")
    if "Goroutine " not in first:
        assert answer == "go-ancestors: which goroutine? go-ancestors N; go-goroutines lists them\n"
    assert own.startswith("goroutine 1 [")
