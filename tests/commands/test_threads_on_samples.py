"""go-threads and go-stacks --g0 against the kernel, GDB's own bt and what the samples say of themselves."""

from __future__ import annotations

import os
import re
from typing import Any

import pytest

from tests import hosts, tools
from tests.programs import Running, build, core, run
from tests.truth import Truth

DOING = {"go", "syscall", "c", "idle", "scheduler"}


def rows(host: hosts.Host, subject: hosts.Subject) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = hosts.ask(host, subject, "go-threads")["threads"]
    return found


def plant(truth: Truth, name: str) -> int:
    found: int = next(one["goid"] for one in truth.facts["plants"] if one["name"] == name)
    return found


def test_the_kernels_threads(host: hosts.Host, goroutines_subject: hosts.Subject) -> None:
    before = tasks(goroutines_subject)
    found = rows(host, goroutines_subject)
    after, tids = tasks(goroutines_subject), {row["tid"] for row in found}
    assert {row["doing"] for row in found} <= DOING
    if isinstance(goroutines_subject, Running):
        assert before & after <= tids <= before | after, "threads come and go"
    else:
        assert goroutines_subject.truth.facts["pid"] in {row["tid"] for row in found}
    machines = [row["m"] for row in found]
    assert len(machines) == len(set(machines)) and None not in machines


def tasks(subject: hosts.Subject) -> set[int]:
    """The kernel's list of a process's threads."""
    return set(map(int, os.listdir(f"/proc/{subject.pid}/task"))) if isinstance(subject, Running) else set()


def test_what_they_do(host: hosts.Host, goroutines_subject: hosts.Subject) -> None:
    truth = goroutines_subject.truth
    found = rows(host, goroutines_subject)
    in_calls = {row["goid"] for row in found if row["doing"] == "syscall"}
    assert in_calls == {plant(truth, "system call"), truth.reporter}  # which reads its standard input
    locked = {row["locked_goid"]: row["doing"] for row in found if row["locked_goid"]}
    assert locked == {plant(truth, "locked to a thread"): "idle"}
    assert [row["doing"] for row in found if row["in"] == "runtime.sysmon"] == ["scheduler"]
    assert [row["goid"] for row in found if row["doing"] in ("idle", "scheduler") and row["goid"]] == []


def test_the_same_threads_as_in_the_list_of_goroutines(host: hosts.Host, goroutines_subject: hosts.Subject) -> None:
    listed = hosts.ask(host, goroutines_subject, "go-goroutines")["goroutines"]
    threads = {row["goid"]: row["tid"] for row in rows(host, goroutines_subject) if row["goid"]}
    assert threads == {row["goid"]: row["thread"] for row in listed if row["thread"]}


def test_system_calls_by_the_kernels_word(goroutines_subject: hosts.Subject, host: hosts.Host) -> None:
    """A core has them in its registers, of a process that is not stopped the kernel tells; debuggers do not say."""
    found = {row["goid"]: row["syscall"] for row in rows(host, goroutines_subject) if row["doing"] == "syscall"}
    assert set(found.values()) == ({None} if host.dlv or (host.gdb and host.place == "live") else {"read"})


def test_in_c(host: hosts.Host, go: str) -> None:
    """Delve does not tell which file lies where."""
    with hosts.subject(host, build("goroutinescgo", go, env={"CGO_ENABLED": "1"})) as subject:
        found = rows(host, subject)
        truth = subject.truth
    file = None if host.dlv else "libc.so.6"
    assert [(row["goid"], row["in"]) for row in found if row["doing"] == "c"] == [(plant(truth, "in C"), file)]
    back = plant(truth, "called back from C")
    assert [(row["doing"], row["goid"]) for row in found if row["locked_goid"] == back] == [("idle", None)]


@pytest.mark.parametrize("maker", ["kernel", f"gcore-{tools.gdbs()[-1]}"])
def test_busy_loops(go: str, maker: str) -> None:
    """A crash interrupts them: their threads are in the scheduler or the signal handler, the goroutine runnable."""
    taken = core(build("goroutines", go), maker, "-busy")
    listed = hosts.ask(hosts.Host("core"), taken, "go-goroutines")["goroutines"]
    running = {row["goid"] for row in listed if row["status"] == "running"} & set(taken.truth.facts["busy"])
    found = rows(hosts.Host("core"), taken)
    assert {row["goid"] for row in found if row["doing"] == "go"} >= running
    assert {row["p"] for row in found if row["goid"] in running} <= {0, 1}
    assert maker == "kernel" or running


GDB_FRAME = re.compile(r"^#\d+\s+(?:0x[0-9a-f]+ in )?(.*?) \(", re.MULTILINE)


def test_scheduler_stacks_like_gdbs_own(go: str, gdb: tools.Gdb) -> None:
    """Threads that sit on their scheduler's stack; GDB's bt goes on where the stack was switched."""
    with run(build("goroutines", go)) as running:
        said = bt(gdb, running)
        document = hosts.ask(hosts.Host("live", gdb), running, "go-stacks", "--g0")
    compared = 0
    for row in document["stacks"]:
        ours = [frame["function"] for frame in row["frames"]]
        if row["doing"] in ("idle", "scheduler"):
            assert len(ours) > 4 and ours == said[row["thread"]][: len(ours)], ours
            compared += 1
    assert compared > 3
    assert all(row["stops"] is None for row in document["stacks"])


def bt(gdb: tools.Gdb, running: Running) -> dict[int, list[str]]:
    """The functions of each thread's frames by its id, as GDB prints them."""
    said = hosts.batch(gdb, hosts.place(running), "thread apply all bt").out
    parts = re.split(r"^Thread \d+ \(.*?(?:LWP|process) (\d+).*\):\n", said, flags=re.MULTILINE)
    return {int(tid): GDB_FRAME.findall(text) for tid, text in zip(parts[1::2], parts[2::2], strict=True)}


ONTO_G0 = ("runtime.mstart", "runtime.mcall", "runtime.morestack", "runtime.systemstack", "runtime.asmcgocall")
"""Where a stack of the scheduler begins: the thread's start, and what leaves a goroutine's stack for it."""


def test_without_registers_the_schedulers_stack_has_its_bottom(go: str) -> None:
    """And more than that where the kernel tells where a sleeping thread is."""
    with run(build("goroutines", go)) as running:
        document = hosts.ask(hosts.Host("live"), running, "go-stacks", "--g0")
        said = hosts.say(hosts.Host("live"), running, "go-stacks", "--g0").out
    for row in document["stacks"]:
        names = [frame["function"] for frame in row["frames"]]
        assert names[-1] in ONTO_G0 or row["stops"], row
        # what it does may change between the two looks
        assert re.search(rf"^thread {row['thread']}, m {row['m']}, g0 \[\w+\]:$", said, re.MULTILINE), row
    assert any("runtime.sysmon" in [f["function"] for f in row["frames"]] for row in document["stacks"])


def test_signal_stacks(go: str) -> None:
    """A crash runs its handler on the signal stack of every thread that runs Go."""
    taken = core(build("goroutines", go), "kernel")
    document = hosts.ask(hosts.Host("core"), taken, "go-stacks", "--g0")
    stacks = {(row["thread"], row["stack"]): [f["function"] for f in row["frames"]] for row in document["stacks"]}
    signals = [names for (_, which), names in stacks.items() if which == "gsignal"]
    assert signals and {names[-1] for names in signals} == {"runtime.sigtramp"}
    assert "runtime.dieFromSignal" in [name for names in signals for name in names]
    assert {tid for tid, which in stacks if which == "gsignal"} <= {tid for tid, which in stacks if which == "g0"}


def test_without_arguments_the_selected_threads_goroutine(go: str, gdb: tools.Gdb) -> None:
    """And one line where the thread runs none."""
    with run(build("goroutines", go)) as running:
        found = rows(hosts.Host("live"), running)
        busy = next(row for row in found if row["goid"] == plant(running.truth, "system call"))
        idle = next(row for row in found if row["doing"] == "idle")
        said = on_thread(gdb, running, busy["tid"], "go-stacks --json", "go-ancestors --json")
        stacks, ancestors = (hosts.find_document(said, name) for name in ("go-stacks", "go-ancestors"))
        refused = on_thread(gdb, running, idle["tid"], "go-stacks")
    assert stacks is not None and [row["goid"] for row in stacks["stacks"]] == [busy["goid"]]
    assert ancestors is not None and [row["goid"] for row in ancestors["chain"]] == [busy["goid"], 1]
    assert f"thread {idle['tid']} runs no goroutine; go-stacks N, go-stacks --all, or go-stacks --g0" in refused


def on_thread(gdb: tools.Gdb, running: Running, tid: int, *commands: str) -> str:
    """What commands say while that thread is selected."""
    switch = f"python next(t for t in gdb.selected_inferior().threads() if t.ptid[1] == {tid}).switch()"
    said = hosts.batch(gdb, [*hosts.place(running), *hosts.LOAD], switch, *commands)
    return said.out + said.err
