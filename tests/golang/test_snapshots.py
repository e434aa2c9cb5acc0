"""python -m gdbext live PID: what the samples say of themselves, of one moment; and the program goes on as before."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gdbext.errors import UnsupportedTarget
from gdbext.golang import snapshots
from gdbext.target.resident import Room
from tests import hosts
from tests.programs import Running, build, run
from tests.waiting import HANG_SECONDS, states, stop, until

LIVE = [sys.executable, "-m", "gdbext", "live"]
WORST = ("-threads", "300", "-stable", "1000")
"""Beside contexts, goroutines and collections, as many as can be, threads that start and end."""

QUIET = ("-gc=false", "-contexts", "-1", "-goroutines", "-1", "-ballast", "50000000")


@pytest.fixture(scope="module")
def churn(go: str) -> Iterator[Running]:
    with run(build("churn", go), *WORST) as running:
        yield running


def start(pid: int, *words: str) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen([*LIVE, str(pid), *words], stdout=pipe, stderr=pipe, text=True, env=hosts.environment(None))


def ask(running: Running, *words: str) -> dict[str, Any]:
    out, err = start(running.pid, *words, "--json").communicate(timeout=HANG_SECONDS)
    assert err == ""
    found: dict[str, Any] = json.loads(out)
    return found


def goes_on(running: Running) -> None:
    """Untraced, running, and collecting garbage."""
    status = Path(f"/proc/{running.pid}/status").read_text()
    assert "\nTracerPid:\t0\n" in status and "\nState:\tT" not in status
    running.beats()
    running.until_it_did(collections=2, contexts=1, goroutines=1, threads=1)


def test_of_one_moment_however_much_happens(churn: Running) -> None:
    """Nothing is torn: no stack breaks off, no context's parent is missing, no span is left out."""
    told = {record["address"]: record["parent"] for record in churn.truth.facts["contexts"]}
    for _ in range(3):
        document = ask(churn, "go-ctxtree")
        rows = {row["address"]: row for row in document["contexts"]}
        assert told.keys() <= rows.keys()
        lost = [row for row in rows.values() if isinstance(row["parent"], str) and row["parent"] not in rows]
        assert [row for row in lost if row["parent_kind"] != "context.backgroundCtx"] == []
        assert not any("certain" in row for row in rows.values())
        stacks = ask(churn, "go-stacks", "--all")["stacks"]
        assert [row for row in stacks if row["status"] in ("waiting", "syscall") and row["stops"]] == []
    goes_on(churn)


def test_the_heap_adds_up_however_much_happens(churn: Running) -> None:
    for _ in range(3):
        notes = ask(churn, "go-histogram")["notes"]
        assert [note for note in notes if "left out" in note or "running" in note] == []
    goes_on(churn)


def test_running_goroutines_have_stacks(churn: Running) -> None:
    """What the kernel tells of registers only while a thread stands still."""
    threads = ask(churn, "go-threads")["threads"]
    assert churn.pid in {row["tid"] for row in threads}
    stacks = ask(churn, "go-stacks", "--all")["stacks"]
    assert not any("registers" in (row["stops"] or "") for row in stacks)


def test_it_stood_still_no_longer_than_is_said(go: str) -> None:
    """The longest gap between two beats of its heart is the stop, less what the heart could still beat while the other
    threads were being stopped."""
    with run(build("churn", go), *QUIET) as running:
        running.beats()
        document = ask(running, "go-goroutines")
        stopped_ns = document["target"]["stopped_ns"]
        assert 0 < stopped_ns // 2 <= running.beats()["longest_gap_ns"]
        assert document["notes"][0].startswith(f"process {running.pid} was stopped for {stopped_ns / 1e9:.2f} s")
        assert document["target"]["kind"] == "live"


def test_the_runtimes_own_counters(go: str) -> None:
    with run(build("heap", go)) as running:
        document = ask(running, "go-histogram")
        assert [note for note in document["notes"][1:] if "counts" in note] == []
        total = document["total"]["bytes"] + document["unreachable"]["bytes"]
        told = running.truth.facts["memstats"]["HeapAlloc"]
        assert abs(total - told) < told / 10


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_our_end_at_any_moment(churn: Running, number: signal.Signals) -> None:
    """At each step while it is stopped, and before and after."""
    for moment in range(6):
        process = start(churn.pid, "go-ctxtree")
        if moment % 2:
            until(lambda process=process: process.poll() is not None or is_held(churn.pid), "it is stopped")
        else:
            until(lambda process=process: (process.poll() is not None) or has_begun(process.pid), "it has begun")
        process.send_signal(number)
        _, err = process.communicate(timeout=HANG_SECONDS)
        assert (process.returncode in (-number, 130, 0), err in ("", "gdbext: interrupted\n")) == (True, True), err
        until(lambda: "\nTracerPid:\t0\n" in Path(f"/proc/{churn.pid}/status").read_text(), "nobody traces it")
    goes_on(churn)


def is_held(pid: int) -> bool:
    """Whether its first thread is stopped by a tracer."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "t"


def has_begun(pid: int) -> bool:
    """Whether Python itself has started, and we have."""
    return "gdbext-control" in Path(f"/proc/{pid}/maps").read_text()


def test_one_that_is_stopped_stays_so(go: str) -> None:
    with run(build("churn", go)) as running:
        stop(running.pid)
        assert ask(running, "go-goroutines")["goroutines"]
        until(lambda: states(running.pid) == {"T"}, "it is stopped as before")
        os.kill(running.pid, signal.SIGCONT)
        running.beats()


def refused(pid: int) -> str:
    process = start(pid, "go-goroutines")
    out, err = process.communicate(timeout=HANG_SECONDS)
    assert (process.returncode, out) == (1, "")
    assert err.startswith("gdbext: ") and err.count("\n") == 1
    return err


def test_what_cannot_be_stopped(ctxforest_running: Running) -> None:
    assert "no process" in refused((1 << 22) - 1)
    assert "kernel thread" in refused(2) or os.path.exists("/proc/2/exe")
    with subprocess.Popen(["sleep", "1000"]) as process:
        assert "Go" in refused(process.pid)
        process.kill()
    threads = sorted(map(int, os.listdir(f"/proc/{ctxforest_running.pid}/task")))
    assert f"{threads[-1]} is a thread of process {threads[0]}; give {threads[0]}" in refused(threads[-1])


def test_one_that_a_debugger_has(gdb: Any, go: str) -> None:
    with run(build("churn", go)) as running:
        line = ["-nx", "-q", "-p", str(running.pid), "-ex", "echo READY\\n"]
        with subprocess.Popen([gdb.path, *line], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as debugger:
            assert debugger.stdout is not None
            while debugger.stdout.readline() != "READY\n":
                pass
            said = refused(running.pid)
            assert f"cannot stop process {running.pid}; process {debugger.pid} (gdb" in said
            debugger.communicate("detach\nquit\n", timeout=HANG_SECONDS)
        running.beats()


def test_a_copy_that_does_not_fit(ctxforest_running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "free_memory", lambda: 1 << 20)
    with pytest.raises(UnsupportedTarget, match=r"\d+ MiB of process \d+ are to be copied and 1 MiB are free here"):
        snapshots.snapshot(ctxforest_running.pid)


def test_one_that_grows_meanwhile(ctxforest_running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """More room is made for the next attempt, and there is an end of attempts."""
    sizes = []

    def small(pid: int, size: int) -> Room:
        sizes.append(size)
        return Room(4096)

    monkeypatch.setattr(snapshots, "room_for", small)
    with pytest.raises(UnsupportedTarget, match="grows faster than memory for a copy can be had"):
        snapshots.snapshot(ctxforest_running.pid)
    assert len(sizes) == snapshots.ATTEMPTS and sizes == sorted(sizes) and sizes[-1] > sizes[0]
    assert "\nTracerPid:\t0\n" in Path(f"/proc/{ctxforest_running.pid}/status").read_text()


def test_one_that_becomes_another_program(ctxforest_running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    births = iter(range(100))
    monkeypatch.setattr(snapshots.procfs, "incarnation", lambda pid: (next(births),))
    with pytest.raises(UnsupportedTarget, match=f"process {ctxforest_running.pid} has become another program"):
        snapshots.snapshot(ctxforest_running.pid)
