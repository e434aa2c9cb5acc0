"""--verdict and go-ctxleaks on every host, against what the sample says of its contexts."""

from __future__ import annotations

import re
from typing import Any

from tests import hosts, tools
from tests.cancels import PROVED
from tests.programs import build, core
from tests.truth import Truth

MANY = 250
TIMER = re.compile(r"a timer due (in|within) \d+m(\d+s)?, (context|main)\.[\w.()*]+")
ARGS = ("-seed", "5", "-many", str(MANY))


def rows_of(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["address"]: row for row in document["contexts"]}


def planted(truth: Truth, **wanted: object) -> list[str]:
    """The addresses of the sample's contexts that have these members."""
    records = truth.facts["contexts"]
    return [one["address"] for one in records if all(one[key] == value for key, value in wanted.items())]


def timers(truth: Truth, rows: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Who holds the contexts whose cancel functions only timers have."""
    found = planted(truth, place="timer nobody has", root=False)
    return [rows[address]["holder"] for address in found if rows[address]["verdict"] == "held"]


def test_on_every_host(host: hosts.Host, go: str) -> None:
    with hosts.subject(host, build("cancels", go), *ARGS) as subject:
        if host == hosts.Host("live"):
            said = hosts.say(host, subject, "go-ctxleaks")
            assert "the program runs: nothing can be proved of it" in said.err
            return
        rows = rows_of(hosts.ask(host, subject, "go-ctxtree", "--verdict"))
        leaks = hosts.ask(host, subject, "go-ctxleaks")
        timed = next(one["address"] for one in timers(subject.truth, rows) if TIMER.fullmatch(one["root"] or ""))
        (path,) = hosts.ask(host, subject, "go-gcroot", timed)["paths"]
    assert path["root"]["kind"] == "timer" and TIMER.fullmatch(path["root"]["name"])
    held = planted(subject.truth, reachable=True, root=False)
    assert len(held) > MANY // 3
    assert {rows[address]["verdict"] for address in held} == {"held"}
    assert all(rows[address]["holder"]["kind"] for address in held)
    by_timer = timers(subject.truth, rows)
    assert any(TIMER.fullmatch(one["root"] or "") for one in by_timer)
    assert not any("runtime.allp" in (one["root"] or "") for one in by_timer)
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


def test_what_is_there_by_the_thousand(go: str) -> None:
    """Held by a variable, cancelled and kept by another, waited for; what goroutines at work have is no pile."""
    taken = core(build("piles", go), f"gcore-{tools.gdbs()[-1]}")
    facts, found = taken.truth.facts, hosts.ask(hosts.Host("core"), taken, "go-ctxleaks")
    assert found["held"]["contexts"] == facts["held"] + facts["loaded"] + 1
    piles = {one["what"]: one for one in found["piles"]}
    assert len(piles) == len(found["piles"]) == 3
    assert {what: one["count"] for what, one in piles.items()} == {
        "held": facts["held"],
        "cancelled": facts["cancelled"],
        "waiting": facts["crowd"],
    }
    assert {what: one["holder"] for what, one in piles.items()} == {
        "held": "main.registry",
        "cancelled": "main.history",
        "waiting": "main.shutdown",
    }
    assert piles["cancelled"]["key"] == "main.key{}" and piles["waiting"]["example"] == facts["shared"]
    assert 0 <= piles["cancelled"]["bytes"] - facts["cancelled"] * (facts["value"] + 80) < facts["cancelled"] * 160
    assert piles["waiting"]["site"].startswith("main.main.func1 at ")
    assert "Suspicious, if not meant: 1,500 contexts that were cancelled" in found["sentence"]


def test_what_a_context_retains_is_what_its_object_does(go: str) -> None:
    """Where no goroutine waits for it and no timer would cancel it."""
    taken, host = core(build("piles", go), f"gcore-{tools.gdbs()[-1]}"), hosts.Host("core")
    rows = rows_of(hosts.ask(host, taken, "go-ctxtree", "--verdict"))
    piles = {one["what"]: one for one in hosts.ask(host, taken, "go-ctxleaks")["piles"]}
    for what in ("held", "cancelled"):
        address = piles[what]["example"]
        (one,) = hosts.ask(host, taken, "go-retained", address)["items"]
        assert rows[address]["retained_bytes"] == one["retained_bytes"]
        assert rows[address]["retained_bytes"] * piles[what]["count"] == piles[what]["bytes"]


def test_fewer_are_no_pile(go: str) -> None:
    taken = core(build("piles", go), f"gcore-{tools.gdbs()[-1]}", "-many", "900")
    assert hosts.ask(hosts.Host("core"), taken, "go-ctxleaks")["piles"] == []


def test_afterfuncs_keep_what_they_will_call(go: str) -> None:
    hooks = 1200
    taken = core(build("piles", go), f"gcore-{tools.gdbs()[-1]}", "-many", "9", "-hooks", str(hooks))
    found = hosts.ask(hosts.Host("core"), taken, "go-ctxleaks")
    loose = found["registered"]["unstoppable"]
    assert loose["contexts"] == hooks and loose["objects"] == 3 * hooks
    assert 0 < loose["bytes"] - hooks * taken.truth.facts["value"] < hooks * 256
    assert f"wait for contexts that live on: {loose['bytes']:,} bytes" in found["sentence"]
