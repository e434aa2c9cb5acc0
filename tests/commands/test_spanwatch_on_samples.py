"""go-spanwatch against what the sample spans counts itself while it is watched, and what is left of a watch that ends
in the midst."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gdbext.target import procfs
from tests import hosts, tools
from tests.programs import Running, build, run
from tests.waiting import HANG_SECONDS, until

FOREVER = "100000"


@pytest.fixture
def running(go: str) -> Iterator[Running]:
    with run(build("spans", go)) as found:
        yield found


def state(running: Running) -> dict[str, str]:
    return procfs.status(running.pid).fields


def goes_on(running: Running) -> bool:
    found = state(running)
    return found["TracerPid"] != "0" and found["State"][0] not in "tT"


def gdb_line(gdb: tools.Gdb, running: Running, *commands: str) -> list[str]:
    words = [word for command in commands for word in ("-ex", command)]
    return [gdb.path, *hosts.BEFORE, *hosts.place(running), *hosts.LOAD, *words]


def watched(
    line: list[str], env: dict[str, str], running: Running, meanwhile: Callable[[subprocess.Popen[bytes]], None]
) -> tuple[str, str]:
    """What a GDB says that does ``meanwhile`` when it has let the program go on."""
    pipe = subprocess.PIPE
    with subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, env=env) as process:
        until(lambda: state(running)["State"][0] in "tT" or process.poll() is not None, "GDB holds it")
        until(lambda: goes_on(running) or process.poll() is not None, "it goes on")
        meanwhile(process)
        out, err = process.communicate(timeout=HANG_SECONDS)
    return out.decode(), err.decode()


def in_gdb(gdb: tools.Gdb, running: Running, command: str, *more: str) -> tuple[dict[str, Any], dict[str, Any], str]:
    """(the answer, what the program counted meanwhile, what else GDB said) of a watch that Ctrl-C ends."""
    counted: list[dict[str, Any]] = []

    def meanwhile(process: subprocess.Popen[bytes]) -> None:
        counted.append(running.beats())
        process.send_signal(signal.SIGINT)

    line = gdb_line(gdb, running, f"{command} --json", *more)
    out, err = watched(line, hosts.environment(gdb), running, meanwhile)
    document = hosts.find_document(out, "go-spanwatch")
    assert document is not None, f"{out[-2000:]}\n{err[-2000:]}"
    return document, counted[0], out


def pages(document: dict[str, Any], heap: bool = True) -> int:
    return sum(row["bytes"] for row in document["classes"] if (row["class"] >= 0) == heap)


def check_counters(document: dict[str, Any], counted: dict[str, Any]) -> None:
    assert document["grown"] == {
        "Mallocs": counted["mallocs"],
        "Frees": 0,
        "TotalAlloc": counted["total_alloc"],
        "NumGC": counted["numgc"],
    }
    assert pages(document) == counted["heap_inuse"]


def test_samples_equal_the_runtimes_counters(gdb: tools.Gdb, running: Running) -> None:
    document, counted, out = in_gdb(
        gdb, running, f"go-spanwatch -t {FOREVER}", "go-goroutines --limit 1", "info threads"
    )
    check_counters(document, counted)
    assert document["ended_by"] == "Ctrl-C" and document["stops"] == 1 and document["stopped_ns"] > 0
    assert sum(row["spans"] for row in document["classes"] if row["class"] < 2) == counted["large"]
    assert "SIGINT" not in out and " goroutines\n" in out, "nothing but the answer; the next command answers"


def test_each_span_is_seen(gdb: tools.Gdb, running: Running) -> None:
    document, counted, out = in_gdb(gdb, running, f"go-spanwatch --break -t {FOREVER}", "info breakpoints")
    check_counters(document, counted)
    check_callers(document, counted)
    assert "No breakpoints" in out and document["ended_by"] == "Ctrl-C"


def check_callers(document: dict[str, Any], counted: dict[str, Any]) -> None:
    assert pages(document, heap=False) == counted["stack_inuse"]
    assert sum(row["spans"] for row in document["classes"] if row["class"] in (0, 1)) == counted["large"]
    every = sum(row["spans"] for row in document["classes"])
    assert sum(row["spans"] for row in document["callers"]) == every > 100
    by = {row["function"]: row for row in document["callers"]}
    assert set(by) == {"main.allocate", "main.chain"}
    assert by["main.chain"]["stack"] == ["main.chain", "main.allocate", "main.grown", "main.main"]
    assert by["main.chain"]["bytes"] >= 10_000 * 80
    assert sum(row["bytes"] for row in document["callers"]) == counted["heap_inuse"] + counted["stack_inuse"]


def test_nothing_is_left_of_a_killed_watch(gdb: tools.Gdb, running: Running) -> None:
    """Its own breakpoints would be: the next hit of one ends a Go program."""

    def kill(process: subprocess.Popen[bytes]) -> None:
        assert running.beats()["large"] == 25
        process.send_signal(signal.SIGKILL)

    watched(gdb_line(gdb, running, f"go-spanwatch --break -t {FOREVER}"), hosts.environment(gdb), running, kill)
    until(lambda: state(running)["TracerPid"] == "0", "nobody traces it")
    for _ in range(3):
        assert running.beats()["large"] == 25


def test_the_programs_end_ends_it(gdb: tools.Gdb, running: Running) -> None:
    def end(process: subprocess.Popen[bytes]) -> None:
        assert running.process.stdin is not None
        running.beats()
        running.process.stdin.close()
        running.process.wait(HANG_SECONDS)

    line = gdb_line(gdb, running, f"go-spanwatch --break -t {FOREVER} --json")
    out, _ = watched(line, hosts.environment(gdb), running, end)
    document = hosts.find_document(out, "go-spanwatch")
    assert document is not None, out + _
    assert document["ended_by"] == "the program has ended" and len(document["classes"]) > 3


def test_a_breakpoint_of_the_users_ends_it(gdb: tools.Gdb, running: Running) -> None:
    line = gdb_line(gdb, running, "break main.chain", "go-spanwatch -t 100000", "info breakpoints", "delete")
    out, _ = watched(line, hosts.environment(gdb), running, lambda process: running.say())
    assert "ended by: breakpoint 1" in out and "Breakpoint 1, main.chain" in out and "spans in use: +" in out
    assert "breakpoint already hit 1 time" in out


@pytest.mark.parametrize(
    ("set_up", "said"),
    [
        ("handle SIGINT nostop", "GDB would not stop the program at SIGINT, or hand it on; handle SIGINT stop nopass"),
        ("set scheduler-locking on", "only one thread would go on; set scheduler-locking replay"),
    ],
)
def test_what_gdb_was_told_otherwise_is_refused(gdb: tools.Gdb, running: Running, set_up: str, said: str) -> None:
    found = hosts.batch(gdb, [*hosts.place(running), *hosts.LOAD], set_up, "go-spanwatch -t 1", "detach", together=True)
    assert said in found.out and "the program goes on" not in found.out


def test_non_stop_is_refused(gdb: tools.Gdb, running: Running) -> None:
    where = ["-iex", "set non-stop on", *hosts.place(running), *hosts.LOAD]
    found = hosts.batch(gdb, where, "go-spanwatch -t 1", "detach", together=True)
    assert "not some (non-stop mode)" in found.out and f"python -m gdbext pid {running.pid} go-spanwatch" in found.out


@pytest.mark.parametrize("flags", [(), ("-ldflags=-w",), ("-ldflags=-s -w",)])
def test_without_debug_information(go: str, flags: tuple[str, ...]) -> None:
    with run(build("spans", go, flags)) as running:
        document, counted, _ = in_gdb(tools.gdbs()[-1], running, f"go-spanwatch --break -t {FOREVER}")
    check_counters(document, counted)
    check_callers(document, counted)


def test_a_process_that_nobody_stops(running: Running) -> None:
    answer = hosts.ask(hosts.Host("live"), running, "go-spanwatch", "-n", "2", "-t", "0.2")
    assert answer["stops"] == answer["stopped_ns"] == 0 and len(answer["intervals"]) == 2
    assert answer["target"]["kind"] == "running" and answer["classes"] == [] and answer["grown"]["Mallocs"] == 0


def test_the_next_spans_of_a_process(go: str) -> None:
    with run(build("churn", go)) as running:
        answer = hosts.ask(hosts.Host("live"), running, "go-spanwatch", "--break", "-n", "200")
        running.until_it_did(contexts=1000)
    assert sum(row["spans"] for row in answer["classes"]) == 200 == sum(row["spans"] for row in answer["callers"])
    assert answer["ended_by"] is None and answer["stops"] == 0
    functions = {row["function"].split(".")[0] for row in answer["callers"]}
    assert functions & {"context", "main"}


def test_what_stands_still_does_not_grow(running: Running) -> None:
    said = hosts.say_alone(hosts.Host("live", copied=True), running, "go-spanwatch")
    assert said.status == 2 and "what stands still does not grow" in said.err
