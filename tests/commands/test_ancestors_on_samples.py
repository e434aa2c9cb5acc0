"""go-ancestors against what runtime.Stack says of creators, in every host and on every Go."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest

from tests import hosts, tools
from tests.programs import build, run
from tests.truth import Truth

ABSENT = {"absent": "it has ended and nothing remembers it"}


def chain(host: hosts.Host, subject: hosts.Subject, goid: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = hosts.ask(host, subject, "go-ancestors", str(goid))["chain"]
    return found


def plant(truth: Truth, name: str) -> int:
    found: int = next(one["goid"] for one in truth.facts["plants"] if one["name"] == name)
    return found


def test_up_to_main(host: hosts.Host, goroutines_subject: hosts.Subject) -> None:
    truth = goroutines_subject.truth
    goid = plant(truth, "labels, from its creator")
    told, goids = truth.goroutines, [goid]
    while told[goids[-1]].parent:
        goids.append(told[goids[-1]].parent)
    assert len(goids) == 3 and goids[-1] == truth.facts["main"]
    found = chain(host, goroutines_subject, goid)
    assert [(each["goid"], each["alive"], each["known_by"]) for each in found] == [(g, True, "alive") for g in goids]
    made = [(each["function"], each["file"], each["line"]) for each in found[:-1]]
    assert made == [(told[each].created_by, *told[each].created_at) for each in goids[:-1]]
    assert [each["created_at"] for each in found] == [
        *({"function": function, "file": file, "line": line} for function, file, line in made),
        None,
    ]


def test_one_that_has_ended(host: hosts.Host, goroutines_subject: hosts.Subject) -> None:
    """Its record is still there, or was used again by a later goroutine: then nobody knows who made it."""
    truth = goroutines_subject.truth
    goid = plant(truth, "creator is gone")
    told = truth.goroutines[goid]
    own, gone, *rest = chain(host, goroutines_subject, goid)
    assert (own["function"], own["file"], own["line"]) == (told.created_by, *told.created_at)
    assert (gone["goid"], gone["alive"]) == (told.parent, False) and told.parent not in truth.goroutines
    if gone["known_by"] is None:
        assert gone["created_at"] == ABSENT and not rest
    else:
        assert gone["function"] == "main.plantShapes" and [each["goid"] for each in rest] == [truth.facts["main"]]


@pytest.mark.parametrize("debugged", [False, True])
def test_remembered_stacks(go: str, debugged: bool) -> None:
    """With GODEBUG=tracebackancestors; the runtime prints the same functions under [originating from goroutine N]."""
    with run(build("goroutines", go), env={"GODEBUG": "tracebackancestors=3"}) as running:
        truth, host = running.truth, hosts.Host("live", tools.gdbs()[-1]) if debugged else hosts.Host("live")
        told = originating(truth.facts["stack"])
        for name in ("labels, from its creator", "creator is gone", "once", "inlined"):
            goid = plant(truth, name)
            found = chain(host, running, goid)
            assert {each["goid"]: [one["function"] for one in each["stack"]] for each in found[1:]} == told[goid]
            for child, parent in pairwise(found):
                first = parent["stack"][0]
                assert [first[key] for key in ("file", "line")] == [child[key] for key in ("file", "line")]
            assert found[-1]["goid"] == truth.facts["main"]


def originating(text: str) -> dict[int, dict[int, list[str]]]:
    """By goid: the functions of each ancestor's stack."""
    found: dict[int, dict[int, list[str]]] = {}
    for block in text.split("\n\n"):
        head, *parts = re.split(r"^\[originating from goroutine (\d+)\]:\n", block, flags=re.MULTILINE)
        if match := re.match(r"goroutine (\d+) ", head):
            ancestors = zip(map(int, parts[::2]), parts[1::2], strict=True)
            found[int(match[1])] = {
                goid: [line.removesuffix("(...)") for line in stack.splitlines() if line.endswith("(...)")]
                for goid, stack in ancestors
            }
    return found
