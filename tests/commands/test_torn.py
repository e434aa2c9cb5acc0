"""Programs met at awkward moments: inside a collection, inside an allocation, stopped by a signal.

A busy program is attached to, stopped where a breakpoint in the runtime says, asked everything, and let go.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import hosts, tools
from tests.programs import Running, build, run
from tests.waiting import stop

PLACES = (
    "runtime.gcDrain",  # marking
    "runtime.(*sweepLocked).sweep",
    "runtime.(*mheap).allocSpan",
    "runtime.gcMarkTermination",
    "runtime.sigreturn__sigaction",  # back from a signal handler: a request to yield came
)
COMMANDS = ("go-ctxtree", "go-goroutines", "go-ctxchain --all", "go-doctor", "go-stacks --all", "go-threads")


@pytest.fixture(scope="module")
def churn(go: str) -> Iterator[Running]:
    with run(build("churn", go), "-stable", "1000") as running:
        yield running


def ask_stopped_at(gdb: tools.Gdb, churn: Running, place: str) -> str:
    """What GDB printed: every command as JSON while the program stands at ``place``."""
    stop = ("handle SIGURG nostop noprint pass", f"tbreak {place}", "continue")
    asked = (f"{command} --json" for command in COMMANDS)
    said = hosts.batch(gdb, [*hosts.place(churn), *hosts.LOAD], *stop, *asked, "detach")
    return said.out + said.err


def tasks(running: Running) -> set[int]:
    """The kernel's list of threads: since the debugger left, there may be more."""
    return {int(name) for name in os.listdir(f"/proc/{running.pid}/task")}


@pytest.mark.parametrize("place", PLACES)
def test_every_command_answers(churn: Running, place: str) -> None:
    gdbs = tools.gdbs()
    gdb = gdbs[PLACES.index(place) % len(gdbs)]
    said = ask_stopped_at(gdb, churn, place)
    assert "emporary breakpoint 1, " in said, said[-3000:]
    assert "Traceback" not in said
    assert "internal error" not in said
    stable = {record["address"] for record in churn.truth.facts["contexts"]}
    tree = hosts.find_document(said, "go-ctxtree")
    assert tree is not None, said[-3000:]
    assert stable - {row["address"] for row in tree["contexts"]} == set()
    goroutines = hosts.find_document(said, "go-goroutines")
    assert goroutines is not None, said[-3000:]
    assert churn.truth.facts["main"] in {row["goid"] for row in goroutines["goroutines"]}
    stacks = hosts.find_document(said, "go-stacks")
    assert stacks is not None, said[-3000:]
    assert {row["goid"] for row in stacks["stacks"]} == {row["goid"] for row in goroutines["goroutines"]}
    cut = [(row["stops"], row["frames"]) for row in stacks["stacks"] if row["stops"]]
    assert cut == []  # a running goroutine's frames begin at its thread's registers
    threads = hosts.find_document(said, "go-threads")
    assert threads is not None and {row["tid"] for row in threads["threads"]} <= tasks(churn), said[-3000:]
    assert hosts.find_document(said, "go-doctor") is not None
    churn.until_it_did(collections=1)


def instructions(gdb: tools.Gdb, exe: Path, function: str) -> list[str]:
    """The addresses of those that are reached, up to the first call."""
    code = hosts.batch(gdb, [str(exe)], f"disassemble '{function}'").out.partition("\tcall")[0]
    found = re.findall(r"^ +(0x[0-9a-f]+) <(?!.*badmcall)", code, re.MULTILINE)
    assert len(found) > 8
    return found


@pytest.mark.parametrize("function", ["gogo", "runtime.mcall"])
def test_at_every_instruction_that_switches_stacks(gdb: tools.Gdb, churn: Running, function: str) -> None:
    """Whatever a goroutine's thread has done of it, its stack is whole: before it sets SP and behind that."""
    addresses = instructions(gdb, churn.exe, function)
    typed = [line for at in addresses for line in (f"tbreak *{at}", "continue", "go-stacks --all --json")]
    said = hosts.batch(gdb, [*hosts.place(churn), *hosts.LOAD], "handle SIGURG nostop noprint pass", *typed, "detach")
    for at, piece in zip(addresses, said.out.split("emporary breakpoint ")[2::2], strict=True):
        stacks = hosts.find_document(piece, "go-stacks")
        assert stacks is not None, piece
        assert [(at, row["stops"], row["frames"]) for row in stacks["stacks"] if row["stops"]] == []
        assert "gogo" not in {frame["function"] for row in stacks["stacks"] for frame in row["frames"]}


def test_stopped_by_a_signal(go: str) -> None:
    with run(build("churn", go)) as running:
        stop(running.pid)
        try:
            tree = hosts.ask(hosts.Host("live"), running, "go-ctxtree")
        finally:
            os.kill(running.pid, signal.SIGCONT)
        stable = {record["address"] for record in running.truth.facts["contexts"]}
        assert stable - {row["address"] for row in tree["contexts"]} == set()
        assert Path(f"/proc/{running.pid}").exists()
        assert running.beats()["elapsed_ns"] > 0
