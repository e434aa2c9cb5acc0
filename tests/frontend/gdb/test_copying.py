"""--snapshot in GDB: the process was copied, runs on untraced, and the next commands answer from the copy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import hosts, tools
from tests.programs import Running, build, core, run

QUIET = ("-gc=false", "-contexts", "-1", "-goroutines", "-1", "-ballast", "50000000")
COPIED = re.compile(r"process (\d+) was copied in ([\d.]+) s and runs on, detached; ")
STRUCK = (
    "python import os, signal; from gdbext.target.procmem import ProcessMemory as P; "
    "copying = P._copy_batch; "
    "P._copy_batch = lambda *asked: (os.kill(os.getpid(), signal.SIGINT), copying(*asked))[1]"
)
"""Ctrl-C with each piece that is copied."""
WHOLE = "python P._copy_batch = copying"


@pytest.fixture(scope="module")
def churn(go: str) -> Iterator[Running]:
    with run(build("churn", go), "-stable", "1000", "-threads", "100") as running:
        yield running


def typed(gdb: tools.Gdb, subject: hosts.Subject, *lines: str) -> hosts.Said:
    return hosts.batch(gdb, [*hosts.place(subject), *hosts.LOAD], *lines)


def goes_on(running: Running) -> None:
    """Untraced, running, and collecting garbage."""
    status = Path(f"/proc/{running.pid}/status").read_text()
    assert "\nTracerPid:\t0\n" in status and "\nState:\tT" not in status
    running.beats()
    running.until_it_did(collections=2, contexts=1, goroutines=1)


def test_of_one_moment_and_it_runs_on(gdb: tools.Gdb, churn: Running) -> None:
    """However much happens: no context is torn, no thread's goroutine without a stack, the heap adds up."""
    asked = ("go-ctxtree --snapshot --json", "go-threads --json", "go-stacks --all --json", "go-histogram --json")
    said = typed(gdb, churn, *asked)
    tree, threads, stacks, histogram = (hosts.find_document(said.out, line.split()[0]) for line in asked)
    assert tree and threads and stacks and histogram, said.err
    for document in (tree, threads, stacks, histogram):
        found = COPIED.match(document["notes"][0])
        assert found and int(found[1]) == churn.pid
        assert document["notes"][0] == tree["notes"][0], "the copy is the first one's"
        assert document["target"]["kind"] == "live"
    rows = {row["address"]: row for row in tree["contexts"]}
    assert {record["address"] for record in churn.truth.facts["contexts"]} <= rows.keys()
    lost = [row for row in rows.values() if isinstance(row["parent"], str) and row["parent"] not in rows]
    assert [row for row in lost if row["parent_kind"] != "context.backgroundCtx"] == []
    assert churn.pid in {row["tid"] for row in threads["threads"]}
    assert [row for row in stacks["stacks"] if row["status"] in ("waiting", "syscall") and row["stops"]] == []
    assert [note for note in histogram["notes"] if "left out" in note or "running" in note] == []
    assert f"[Inferior 1 (process {churn.pid}) detached]\n" in said.err
    goes_on(churn)


def test_it_stood_still_as_long_as_copying_took(gdb: tools.Gdb, go: str) -> None:
    """And no shorter: the heart that beats is among what stands still."""
    with run(build("churn", go), *QUIET) as running:
        running.beats()
        said = typed(gdb, running, "go-histogram --snapshot --json")
        document = hosts.find_document(said.out, "go-histogram")
        assert document is not None and (found := COPIED.match(document["notes"][0]))
        assert running.beats()["longest_gap_ns"] >= float(found[2]) * 1e9 - 1e7


def test_frames_are_the_process_s_own(gdb: tools.Gdb, churn: Running) -> None:
    goid = churn.truth.facts["main"]
    said = typed(gdb, churn, "go-goroutines --snapshot --limit 1", f"go-goroutine {goid}", "go-goroutine")
    refused = f"only process {churn.pid} itself, and not this copy, has frames to select; type attach {churn.pid}, then"
    assert said.err.count(refused) == 2 and f"{refused} go-goroutine {goid}; " in said.err
    goes_on(churn)


def test_attached_again_it_is_the_process(gdb: tools.Gdb, churn: Running) -> None:
    """The copy is of a moment that is over."""
    said = typed(gdb, churn, "go-threads --snapshot", f"attach {churn.pid}", "go-threads --json", "detach")
    document = hosts.find_document(said.out, "go-threads")
    assert document is not None and not any(COPIED.match(note) for note in document["notes"])
    goes_on(churn)


def test_ctrl_c_while_it_is_copied(gdb: tools.Gdb, churn: Running) -> None:
    """Nothing was copied, and nothing was let go: the process is GDB's as before."""
    after = ("go-threads --json", "go-goroutines --snapshot --json")
    said = typed(gdb, churn, STRUCK, "go-goroutines --snapshot --json", WHOLE, *after)
    assert said.err.count("interrupted; nothing is lost") == 1
    threads, goroutines = (hosts.find_document(said.out, line.split()[0]) for line in after)
    assert threads is not None and not any(COPIED.match(note) for note in threads["notes"])
    assert goroutines is not None and COPIED.match(goroutines["notes"][0])
    goes_on(churn)


def test_of_a_core_it_is_refused(gdb: tools.Gdb, go: str) -> None:
    taken = core(build("ctxforest", go), f"gcore-{gdb}")
    said = typed(gdb, taken, "go-ctxtree --snapshot")
    assert said.err.splitlines()[-1] == (
        "--snapshot is for a process that GDB itself holds, not for a core; leave it out"
    )
    assert "go-ctxtree" not in said.out


def test_of_nothing_and_of_what_gdb_started(gdb: tools.Gdb, go: str) -> None:
    exe = str(build("ctxforest", go).exe)
    said = hosts.batch(gdb, [exe, *hosts.LOAD], "go-ctxtree --snapshot", "starti", "go-ctxtree --snapshot", "kill")
    refused = [line for line in said.err.splitlines() if line.startswith("--snapshot")]
    assert refused == [
        "--snapshot is for a process, and there is none here; type attach PID",
        "--snapshot detaches, and GDB started this program: it would be lost; leave it out",
    ]
