"""--verdict and go-ctxleaks on every host, against what the sample says of its contexts."""

from __future__ import annotations

from typing import Any

from tests import hosts
from tests.cancels import PROVED
from tests.programs import build
from tests.truth import Truth

MANY = 250
ARGS = ("-seed", "5", "-many", str(MANY))


def rows_of(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["address"]: row for row in document["contexts"]}


def planted(truth: Truth, **wanted: object) -> list[str]:
    """The addresses of the sample's contexts that have these members."""
    records = truth.facts["contexts"]
    return [one["address"] for one in records if all(one[key] == value for key, value in wanted.items())]


def test_on_every_host(host: hosts.Host, go: str) -> None:
    with hosts.subject(host, build("cancels", go), *ARGS) as subject:
        if host == hosts.Host("live"):
            said = hosts.say(host, subject, "go-ctxleaks")
            assert "the program runs: nothing can be proved of it" in said.err
            return
        rows = rows_of(hosts.ask(host, subject, "go-ctxtree", "--verdict"))
        leaks = hosts.ask(host, subject, "go-ctxleaks")
    held = planted(subject.truth, reachable=True, root=False)
    assert len(held) > MANY // 3
    assert {rows[address]["verdict"] for address in held} == {"held"}
    assert all(rows[address]["holder"]["kind"] for address in held)
    lost = planted(subject.truth, place="deferred, in select {}")
    assert {rows[address]["verdict"] for address in lost if address in rows} & set(PROVED)
    counted = {key: sum(row["verdict"] == key.replace("_", "-") for row in rows.values()) for key in leaks_of(leaks)}
    assert counted == leaks_of(leaks)
    # One goroutine runs: GDB 13 and Delve do not give all vector registers of every processor.
    assert [why for why in leaks["doubts"] if not why.startswith("vector registers")] == []
    assert leaks["proved"] == (not leaks["doubts"])


def leaks_of(document: dict[str, Any]) -> dict[str, int]:
    """How many contexts of each verdict."""
    return {key: document[key]["contexts"] for key in ("lost", "orphaned", "until_deadline", "held", "registered")}
