"""Reading a program that never stands still: nothing stable is missed, and the program is never stopped."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gdbext.commands import Look, registry, run_line
from gdbext.session import Session
from gdbext.target.opening import open_pid
from tests import hosts
from tests.programs import Running, build, run

SCANS = 50 if os.environ.get("GDBEXT_ALL") == "1" else 5


@pytest.fixture(scope="module")
def churn(go: str) -> Iterator[Running]:
    with run(build("churn", go)) as running:
        yield running


def ask(running: Running, command: str, *words: str) -> dict[str, Any]:
    """One look, as a front end takes it, without its start."""
    sessions: list[Session] = []

    def look() -> Session:
        sessions.append(Session(open_pid(running.pid)))
        return sessions[0]

    try:
        text = "".join(run_line(registry()[command], [*words, "--json"], look, Look()))
    finally:
        for session in sessions:
            session.close()
    document: dict[str, Any] = json.loads(text)
    return document


def test_no_stable_context_is_missed(churn: Running) -> None:
    """And each is certain: it was there in two scans some collections apart."""
    stable = {record["address"]: (record["kind"], record["parent"]) for record in churn.truth.facts["contexts"]}
    for _ in range(SCANS):
        rows = {row["address"]: row for row in ask(churn, "go-ctxtree")["contexts"]}
        assert stable.keys() - rows.keys() == set()
        assert {address: (rows[address]["kind"], parent(rows[address])) for address in stable} == stable
        assert {(rows[address]["state"], rows[address]["certain"]) for address in stable} == {("live", True)}


def parent(row: dict[str, Any]) -> str:
    return "background" if row["parent_kind"] == "context.backgroundCtx" else str(row["parent"])


def test_goroutines_that_stay(churn: Running) -> None:
    for _ in range(SCANS):
        rows = {row["goid"]: row for row in ask(churn, "go-goroutines")["goroutines"]}
        main = rows[churn.truth.facts["main"]]
        assert (main["function"], main["status"]) == ("main.answer", "syscall")


STILL_RUNS = "GC assist marking"
"""So the runtime calls a goroutine that works on its thread's system stack and comes back at once (casGToWaiting)."""


def test_stacks_that_stay(churn: Running) -> None:
    """And of the others each is whole, or runs, or was on its way."""
    told = churn.truth.goroutines[churn.truth.facts["main"]]
    for _ in range(SCANS):
        rows = {row["goid"]: row for row in ask(churn, "go-stacks", "--all")["stacks"]}
        main = rows[told.goid]
        assert (main["stops"], main["frames"][-1]["function"]) == (None, "main.main")
        parked = [row for row in rows.values() if row["status"] in ("waiting", "syscall")]
        torn = [row for row in parked if row["stops"] and row["wait_reason"] != STILL_RUNS]
        assert torn == [], torn
        assert ask(churn, "go-stacks", "--all", "--group")["stacks"]


def test_threads_that_stay(churn: Running) -> None:
    for _ in range(SCANS):
        rows = ask(churn, "go-threads")["threads"]
        assert churn.pid in {row["tid"] for row in rows}
        assert [row["doing"] for row in rows if row["goid"] == churn.truth.facts["main"]] == ["syscall"]
        assert ask(churn, "go-stacks", "--g0")["stacks"]
        assert ask(churn, "go-ancestors", str(churn.truth.facts["main"]))["chain"][0]["alive"]


def test_it_is_never_stopped(churn: Running) -> None:
    status = Path(f"/proc/{churn.pid}/status")
    seen, done = set(), threading.Event()

    def watch() -> None:
        while not done.is_set():
            lines = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
            seen.add((lines["State"][0] in "tT", lines["TracerPid"]))
            time.sleep(0.0005)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        hosts.ask(hosts.Host("live"), churn, "go-ctxtree")
        hosts.ask(hosts.Host("live"), churn, "go-goroutines")
    finally:
        done.set()
        watcher.join()
    assert seen == {(False, "0")}
