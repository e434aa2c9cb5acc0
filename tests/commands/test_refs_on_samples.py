"""go-refs over several levels in every host, against the parents that the sample says its contexts have."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from tests import hosts

UP = 4


def longest(subject: hosts.Subject) -> list[str]:
    """The contexts of the longest line of parents, the uppermost of ``UP`` steps first."""
    facts = {one["address"]: one["parent"] for one in subject.truth.facts["contexts"]}

    def line(at: str) -> list[str]:
        return [*line(facts[at]), at] if facts.get(at) in facts else [at]

    return max(map(line, facts), key=len)[-UP - 1 :]


def levels(found: dict[str, Any], target: str) -> dict[str, int]:
    """The level of each object, 0 for the one that was asked about."""
    known = {target: 0}
    for one in found["referrers"]:
        known.setdefault(one["base"], one["depth"])
    return known


def test_children_refer_to_parents(host: hosts.Host, ctxforest_subject: hosts.Subject) -> None:
    chain = longest(ctxforest_subject)
    assert len(chain) == UP + 1
    bases = [hosts.ask(host, ctxforest_subject, "go-object", one)["base"] for one in chain]
    found = hosts.ask(host, ctxforest_subject, "go-refs", chain[0], "--depth", str(UP), "--all")
    level = levels(found, bases[0])
    steps = {(one["base"], one["to"], one["depth"]) for one in found["referrers"]}
    for away, (parent, child) in enumerate(pairwise(bases)):
        assert level[parent] <= away
        assert (child, parent, level[parent] + 1) in steps
    assert all(one["depth"] == level[one["to"]] + 1 <= UP for one in (*found["referrers"], *found["roots"]))
    assert found["left_out"] == 0


def test_each_level_is_what_one_step_says(host: hosts.Host, ctxforest_subject: hosts.Subject) -> None:
    chain = longest(ctxforest_subject)
    found = hosts.ask(host, ctxforest_subject, "go-refs", chain[0], "--depth", "2", "--all")
    first = hosts.ask(host, ctxforest_subject, "go-refs", chain[0])
    for key in ("referrers", "roots"):
        assert [one for one in found[key] if one["depth"] == 1] == first[key]
    for base in {one["base"] for one in first["referrers"]} - {one["to"] for one in first["referrers"]}:
        again = hosts.ask(host, ctxforest_subject, "go-refs", base)
        for key in ("referrers", "roots"):
            assert [one for one in found[key] if one["to"] == base] == [{**one, "depth": 2} for one in again[key]]
    assert first["referrers"] and first["left_out"] == 0
