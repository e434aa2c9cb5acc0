"""A headless Delve as a host: what it refuses, and what its program keeps. Answers are compared in tests/commands/."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gdbext.errors import UnsupportedTarget
from gdbext.target import Target, delve, delverpc, identity
from gdbext.target.opening import open_core, open_delve
from tests import headless, hosts, programs, tools
from tests.waiting import HANG_SECONDS, stop, until

GO = "1.27.3"
STARTED = "one is started by: dlv … --headless --accept-multiclient --listen=ADDRESS"


def gdbext(*words: str) -> hosts.Said:
    """A whole command line."""
    command = [sys.executable, "-m", "gdbext", *words]
    env = hosts.environment(None)
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=HANG_SECONDS)
    return hosts.Said(done.stdout, done.stderr, done.returncode)


@pytest.fixture(scope="module")
def busy() -> Iterator[programs.Running]:
    """A program that never rests, and says what it did."""
    with programs.run(programs.build("churn", GO), "-stable", "20000") as running:
        yield running


@pytest.fixture
def holding(busy: programs.Running) -> Iterator[headless.Server]:
    """A Delve that holds it, stopped. Afterwards it goes on without one."""
    with headless.serving(headless.target(busy)) as server:
        yield server
    busy.until_it_did(contexts=1)


@pytest.fixture
def running(holding: headless.Server) -> Iterator[headless.Server]:
    """The same, once somebody has let it go on."""
    with holding.let_go():
        yield holding


@pytest.fixture(scope="module")
def on_core() -> Iterator[tuple[headless.Server, programs.Core]]:
    """A Delve that has a core."""
    taken = programs.core(programs.build("ctxforest", GO), f"gcore-{tools.gdbs()[-1]}")
    with headless.serving(headless.target(taken)) as server:
        yield server, taken


def ask(server: headless.Server, *words: str, exe: Path | None = None) -> hosts.Said:
    return gdbext("dlv", server.address, str(exe or programs.build("churn", GO).exe), *words)


def test_a_program_that_runs_is_refused(running: headless.Server) -> None:
    line = "the program is running; --halt, typed before the command, stops it while it is copied and lets it go on"
    assert ask(running, "go-doctor") == hosts.Said("", f"gdbext: {line}\n", 1)
    assert running.runs()


def test_halted_it_goes_on_afterwards(running: headless.Server, busy: programs.Running) -> None:
    began = time.monotonic_ns()
    said = ask(running, "--halt", "go-ctxtree", "--json")
    took, document = time.monotonic_ns() - began, hosts.find_document(said.out, "go-ctxtree")
    assert said.status == 0 and document and len(document["contexts"]) > 20_000
    stopped_ns = document["target"]["stopped_ns"]
    assert document["notes"][0] == f"the program was stopped for {stopped_ns / 1e9:.2f} s: all this is of that moment"
    # From asking Delve to stop it to hearing that it goes on: on a busy machine that is much longer than it stands.
    assert said.err == "" and 0 < stopped_ns < took
    assert running.runs()
    busy.until_it_did(contexts=1000)


def test_halted_in_vain_it_goes_on_too(running: headless.Server) -> None:
    other = programs.build("ctxforest", GO).exe
    said = ask(running, "--halt", "go-doctor", exe=other)
    assert said.status == 1 and said.err.startswith("gdbext: Delve's target is of another binary: ")
    assert said.err.endswith(f"; Delve runs {programs.build('churn', GO).exe}\n") and said.err.count("\n") == 1
    assert running.runs()


def test_what_stands_still_stays_so(holding: headless.Server) -> None:
    for words in (["go-doctor"], ["--halt", "go-doctor"]):
        said = ask(holding, *words)
        assert (said.status, said.err) == (0, "")
        assert not holding.runs()


@pytest.mark.parametrize(
    ("number", "stopped"),
    [(signal.SIGINT, True), (signal.SIGINT, False), (signal.SIGTERM, True), (signal.SIGHUP, True)],
)
def test_interrupted_or_ended_it_lets_it_go_on(
    running: headless.Server, busy: programs.Running, number: signal.Signals, stopped: bool
) -> None:
    """While it is stopped, and wherever the command is some time later."""
    exe = str(programs.build("churn", GO).exe)
    command = [sys.executable, "-m", "gdbext", "dlv", running.address, exe, "--halt", "go-ctxtree", "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=hosts.environment(None)
    ) as process:
        if stopped:
            until(lambda: process.poll() is not None or not running.runs(), "it is stopped")
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        _, said = process.communicate(timeout=HANG_SECONDS)
    assert "Traceback" not in said or not stopped  # Python itself may still be starting
    assert process.returncode in ((130, 0) if stopped else (130, 1, -signal.SIGINT))
    assert running.runs()
    busy.until_it_did(contexts=1)


def test_a_delve_that_says_no_more_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delve, "GOES_ON_SECONDS", 0.1)
    monkeypatch.setattr(delve, "state_now", lambda _: time.sleep(0.06))
    with pytest.raises(UnsupportedTarget, match="told to let the program go on, and it has not"):
        delve._wait_until_it_runs("localhost:1")


def test_let_go_by_another_client(holding: headless.Server) -> None:
    target = open_delve(holding.address, str(programs.build("churn", GO).exe), halt=False)
    try:
        with holding.let_go():
            with pytest.raises(UnsupportedTarget, match="another client of Delve let the program go on") as refused:
                target.memory.read(0x1000000, 8)
            assert refused.value.hint == "ask again"
    finally:
        target.close()
    assert holding.runs()


def test_let_go_and_stopped_again_by_another_client(holding: headless.Server, busy: programs.Running) -> None:
    target = open_delve(holding.address, str(busy.exe), halt=False)
    try:
        with holding.let_go():
            busy.until_it_did(contexts=1000)
            holding.ask("Command", name="halt")
        with pytest.raises(UnsupportedTarget, match="another client of Delve let the program go on"):
            target.let_go()
    finally:
        target.close()


def test_delve_is_killed_meanwhile(busy: programs.Running) -> None:
    with headless.serving(headless.target(busy)) as server:
        target = open_delve(server.address, str(busy.exe), halt=False)
        server.process.kill()
        server.process.wait()
        with pytest.raises(UnsupportedTarget, match=f"Delve at {server.address} has gone"):
            target.memory.read(0x1000000, 8)
        target.close()
    busy.until_it_did(contexts=1)


def test_delve_is_stopped_itself(busy: programs.Running, monkeypatch: pytest.MonkeyPatch) -> None:
    with headless.serving(headless.target(busy)) as server:
        target = open_delve(server.address, str(busy.exe), halt=False)
        stop(server.process.pid)
        monkeypatch.setattr(delverpc, "SILENT_SECONDS", 0.5)
        monkeypatch.setattr(delverpc, "QUIET_SECONDS", 0.1)
        with pytest.raises(UnsupportedTarget, match=r"has said nothing for \d s: it is stopped itself, or stuck"):
            target.memory.read(0x1000000, 8)
        target.close()
        server.process.send_signal(signal.SIGCONT)
        assert not server.runs()
    busy.until_it_did(contexts=1)


def test_a_delve_for_one_client_ends_with_it() -> None:
    taken = programs.core(programs.build("ctxforest", GO), f"gcore-{tools.gdbs()[-1]}")
    with headless.serving(headless.target(taken), options=()) as server:
        said = ask(server, "go-doctor", exe=taken.exe)
        assert said.status == 0
        assert (
            "note: this Delve takes one client and has ended with this one; --accept-multiclient keeps it" in said.out
        )
        assert server.process.wait(HANG_SECONDS) == 0


def registers(target: Target, names: set[str]) -> dict[int, dict[str, int]]:
    """Of each thread."""
    return {one.tid: {name: one.registers[name] for name in names} for one in target.threads()}


def test_the_same_memory_and_threads_as_the_core_itself(on_core: tuple[headless.Server, programs.Core]) -> None:
    server, taken = on_core
    ours, theirs = open_core(str(taken.exe), str(taken.path)), open_delve(server.address, str(taken.exe), halt=False)
    try:
        assert (theirs.identity.kind, theirs.identity.pid) == ("core", ours.identity.pid)
        general = set(ours.arch.general) - {"eflags"}
        assert registers(theirs, general) == registers(ours, general)
        assert [one.tid for one in theirs.threads() if one.selected] == [taken.truth.facts["pid"]]
        whole = ours.memory.whole()
        ranges = [(a, b) for a, b in zip(whole.starts.tolist(), whole.ends.tolist(), strict=True) if b < ours.arch.top]
        image = theirs.memory.image(ranges)
        for start, end in ranges:
            assert image.read(start, end - start) == ours.memory.read(start, end - start)
    finally:
        ours.close()
        theirs.close()


@pytest.mark.parametrize("flags", [["-buildmode=pie"], ["-buildmode=pie", "-ldflags=-s -w"]])
def test_where_it_was_loaded(flags: list[str]) -> None:
    """Delve does not say it."""
    with (
        programs.run(programs.build("memory", GO, flags)) as running,
        headless.serving(headless.target(running)) as server,
    ):
        target = open_delve(server.address, str(running.exe), halt=False)
        first = min(load.start for load in identity.constant_loads(target.binary.elf))
        maps = Path(f"/proc/{running.pid}/maps").read_text().splitlines()
        lowest = next(line for line in maps if line.endswith(str(running.exe)))
        assert target.bias == int(lowest.partition("-")[0], 16) - first != 0
        target.close()


def test_nobody_listens(tmp_path: Path) -> None:
    exe = str(programs.build("churn", GO).exe)
    for address, why in (
        (f"unix:{tmp_path}/none", "No such file or directory"),
        ("127.0.0.1:1", "Connection refused"),
        ("nonsense", "an address is host:port or unix:PATH"),
        ("127.0.0.1:99999", "an address is host:port or unix:PATH"),
    ):
        assert gdbext("dlv", address, exe, "go-doctor") == hosts.Said(
            "", f"gdbext: cannot connect to {address}: {why}; {STARTED}\n", 1
        )
