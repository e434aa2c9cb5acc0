"""Contexts that goroutines cancel once others have ended, and those below a program's own types: what is said of them,
and what becomes of them when the program goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from gdbext.analysis.leaks.verdicts import HELD, LOST, ORPHANED
from gdbext.session import Session
from gdbext.target.opening import open_core
from tests import hosts
from tests.programs import Running, build, core_of, run
from tests.truth import Truth

BY_GOROUTINES = ("job", "below a job", "after a job", "relayed", "called")
BY_THE_SERVER = ("request", "by itself", "by each other")
OWN = ("own", "own, a value between")
Said = dict[str, tuple[int, str, bool, bool]]


def said(running: Running, folder: Path) -> Said:
    """Of each address (verdict, the survivor's address, woken, several)."""
    session = Session(open_core(str(running.exe), str(core_of(running, folder / "core"))))
    try:
        assert session.leaks.doubts == []
        found, addresses = session.verdicts, [*map(hex, session.contexts.address.tolist()), ""]
        columns = found.verdict.tolist(), found.survivor.tolist(), found.woken.tolist(), found.several.tolist()
        rows = zip(*columns, strict=True)
        return {at: (row[0], addresses[row[1]], *row[2:]) for at, row in zip(addresses, rows, strict=False)}
    finally:
        session.close()


def named(truth: Truth, *names: str) -> list[str]:
    return [one["address"] for one in truth.facts["contexts"] if one["name"] in names]


def test_what_ends_them_ends_them(go: str, tmp_path: Path) -> None:
    with run(build("bridges", go)) as running:
        found, truth = said(running, tmp_path), running.truth
        server_gone = running.go_on()
        all_gone = server_gone.go_on()
    (server,), (other,) = named(truth, "server"), named(truth, "other")
    ended = set(server_gone.truth.facts["ended"])
    assert {*named(truth, "with several", *BY_THE_SERVER, *BY_GOROUTINES), server} == ended
    proved = {at for at, (verdict, *_) in found.items() if verdict in (LOST, ORPHANED)}
    assert {at for at in ended & proved if found[at][1] != server} == set(named(truth, "with several"))
    assert {found[at][1:] for at in named(truth, *BY_GOROUTINES)} == {(server, True, False)}
    assert {found[at][1:] for at in named(truth, *BY_THE_SERVER)} == {(server, False, False)}
    assert {found[at][1:] for at in named(truth, "with several")} == {(other, True, True)}
    assert {found[at][1:] for at in named(truth, "with other")} == {(other, False, False)}
    assert {found[at] for at in named(truth, "never")} == {(ORPHANED, "", False, False)}
    own = set(named(truth, *OWN))
    assert own == set(all_gone.truth.facts["ended"]) - ended
    assert {found[at][0] for at in own} == {HELD}


def test_lines_say_so(go: str) -> None:
    with hosts.subject(hosts.Host("core"), build("bridges", go)) as subject:
        lines = hosts.say(hosts.Host("core"), subject, "go-ctxtree", "--verdict").out.splitlines()
        job, truth = named(subject.truth, "job")[0], subject.truth
        chain = hosts.say(hosts.Host("core"), subject, "go-ctxchain", job, "--verdict").out
    (server,) = named(truth, "server")
    assert any("orphaned, what wakes can cancel them once others have ended" in line for line in lines)
    assert f"orphaned, what wakes can cancel it once {server} has ended" in chain


@pytest.mark.parametrize("command", ["go-ctxtree", "go-ctxleaks"])
def test_on_every_host(host: hosts.Host, go: str, command: str) -> None:
    with hosts.subject(host, build("bridges", go)) as subject:
        if host == hosts.Host("live"):
            return
        words = ("--verdict",) if command == "go-ctxtree" else ()
        document, truth = hosts.ask(host, subject, command, *words), subject.truth
    (server,), many = named(truth, "server"), truth.facts["many"]
    if command == "go-ctxleaks":
        assert document["woken"] == {"contexts": 6 * many, "several": many}
        assert document["ancestors"][0]["address"] == server
        return
    rows = {row["address"]: row for row in document["contexts"]}
    assert {rows[at]["ends_with"] for at in named(truth, *BY_GOROUTINES, *BY_THE_SERVER)} == {server}
    assert {rows[at]["woken"] for at in named(truth, *BY_GOROUTINES)} == {True}
    assert {rows[at]["woken_by_several"] for at in named(truth, "with several")} == {True}
    assert {rows[at]["ends_with"] for at in named(truth, "never", *OWN)} == {None}
    assert {rows[at]["holder"]["kind"] for at in named(truth, *OWN)} == {"users' type"}
